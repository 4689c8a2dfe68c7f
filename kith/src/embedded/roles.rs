//! The database's roles: an administrator for the node itself, and one for each service that owns its schema and has no
//! rights on the others'.

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use super::handle::DATABASE;
use super::{Access, Error};

/// The role that made the database; the node uses it for its own schema only.
pub const ADMIN: &str = "kith";
/// The services that own a schema.
pub const SERVICES: [&str; 4] = ["accounts", "friends", "chat", "presence"];

/// The role of a service.
pub fn role_of(service: &str) -> String {
    format!("kith_{service}")
}

/// Makes the database, the schemas and the roles that are missing. Every name here is a constant of ours.
pub(super) async fn ensure(access: &Access) -> Result<(), Error> {
    let mut server = access
        .options_of_database(ADMIN, "postgres")
        .connect()
        .await?;
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut server)
            .await?;
    if !known {
        server
            .execute(AssertSqlSafe(format!("CREATE DATABASE {DATABASE}")))
            .await?;
    }
    server.close().await?;

    let mut database = access.options(ADMIN).connect().await?;
    database
        .execute(AssertSqlSafe(format!(
            "REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC"
        )))
        .await?;
    for service in SERVICES {
        ensure_service(&mut database, service).await?;
    }
    database.close().await?;
    Ok(())
}

async fn ensure_service(database: &mut PgConnection, service: &str) -> Result<(), Error> {
    let role = role_of(service);
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(&role)
        .fetch_one(&mut *database)
        .await?;
    let create = if known {
        String::new()
    } else {
        format!("CREATE ROLE {role} LOGIN;")
    };
    // CREATE lets a service's migrations say CREATE SCHEMA IF NOT EXISTS and make extensions; it opens no other schema.
    let statements = format!(
        "{create}
         GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {DATABASE} TO {role};
         CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {role};"
    );
    database.execute(AssertSqlSafe(statements)).await?;
    Ok(())
}
