//! The extension that the search needs: made by whoever may, and asked for in clear words otherwise.

use kith_friends::MIGRATOR;
use kith_testkit::TestDatabase;

/// A database as an administrator hands it over: the schema is there and belongs to the role, the extension is not there.
async fn handed_over() -> (TestDatabase, String, String) {
    let database = TestDatabase::new("friends", &MIGRATOR).await;
    let name: String = sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    let role = format!("role_of_{name}");
    run(
        &database,
        &format!(
            "DROP SCHEMA friends CASCADE; DROP EXTENSION pg_trgm; CREATE ROLE {role} LOGIN;
             CREATE SCHEMA friends AUTHORIZATION {role}"
        ),
    )
    .await;
    let url = database.url.replacen("postgres@", &format!("{role}@"), 1);
    (database, role, url)
}

async fn run(database: &TestDatabase, statements: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
        .execute(&database.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_role_that_may_not_make_the_extension_is_told_what_it_lacks() {
    let (database, role, url) = handed_over().await;

    let refused = kith_postgres::migrate(&url, "friends", &MIGRATOR).await;

    let refused = format!("{:?}", refused.unwrap_err());
    assert!(refused.contains("GRANT CREATE ON DATABASE"), "{refused}");
    assert!(refused.contains(&role), "{refused}");
    run(
        &database,
        &format!("DROP OWNED BY {role}; DROP ROLE {role}"),
    )
    .await;
}

#[tokio::test]
async fn an_extension_that_an_administrator_made_anywhere_is_used() {
    let (database, role, url) = handed_over().await;
    run(
        &database,
        &format!(
            "CREATE SCHEMA tools; CREATE EXTENSION pg_trgm SCHEMA tools; GRANT USAGE ON SCHEMA tools TO {role}"
        ),
    )
    .await;

    kith_postgres::migrate(&url, "friends", &MIGRATOR)
        .await
        .unwrap();

    run(
        &database,
        &format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"),
    )
    .await;
}
