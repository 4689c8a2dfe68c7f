//! Marked secrets go through every call; neither the database nor the log may show them.

use std::{
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
};

use kith_accounts::operator;
use kith_api::accounts::v1::{ChangePasswordRequest, VerifyServiceKeyRequest};
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{Node, World};

const FIRST: &str = "canary-password-one";
const SECOND: &str = "canary-password-two";
const WRONG: &str = "canary-password-wrong";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Makes calls of every kind; gives all secrets that were handed in or out.
async fn exercise(node: &Node) -> Vec<String> {
    let first = node.try_register("canary", FIRST).await.unwrap();
    let second = node
        .refresh(&first.refresh_token, Some("attempt"))
        .await
        .unwrap();
    node.refresh(&first.refresh_token, Some("attempt"))
        .await
        .unwrap();
    node.login("canary", WRONG).await.unwrap_err();
    let other = node.login("canary", FIRST).await.unwrap();
    let change = ChangePasswordRequest {
        current_password: FIRST.to_owned(),
        new_password: SECOND.to_owned(),
    };
    node.person(&second).change_password(change).await.unwrap();
    let third = node.login("canary", SECOND).await.unwrap();
    let fourth = node.refresh(&third.refresh_token, None).await.unwrap();
    // Reuse, which is logged.
    node.refresh(&third.refresh_token, None).await.unwrap_err();
    let key =
        operator::create_service_key(&node.pool, &node.clock, "canary", &[kith_auth::Scope::All])
            .await
            .unwrap();
    let key = key.expose_secret().to_owned();
    for text in [key.clone(), format!("{}x", &key[..key.len() - 1])] {
        let request = VerifyServiceKeyRequest { key: text };
        let _ = node.gateway().verify_service_key(request).await;
    }
    let mut secrets = vec![FIRST.to_owned(), SECOND.to_owned(), WRONG.to_owned(), key];
    for session in [first, second, other, third, fourth] {
        secrets.extend([session.access_token, session.refresh_token]);
    }
    secrets
}

/// Every row of every table of the schema as text.
async fn dump(pool: &PgPool) -> String {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'accounts'")
            .fetch_all(pool)
            .await
            .unwrap();
    assert!(tables.len() >= 9, "{tables:?}");
    let mut text = String::new();
    for table in tables {
        let statement = format!("SELECT t::text FROM accounts.{table} AS t");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_all(pool)
            .await
            .unwrap();
        text.extend(rows);
    }
    text
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// One thread, so that the log of every task is caught.
#[tokio::test(flavor = "current_thread")]
async fn no_secret_is_stored_or_logged() {
    let world = World::new().await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let node = world.node().await;

    let secrets = exercise(&node).await;

    let stored = dump(&node.pool).await;
    assert!(
        stored.contains("canary"),
        "the dump shows what is no secret"
    );
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(
        logged.contains("refresh_token_reused"),
        "the reuse was logged"
    );
    for secret in secrets {
        for text in [&stored, &logged] {
            assert!(!text.contains(&secret), "{secret}");
            assert!(!text.contains(&hex(&secret)), "{secret}");
            // The telling part of a token: what follows its prefix and the id of its session.
            let tail = &secret[secret.len() - 16..];
            assert!(!text.contains(tail), "{secret}");
        }
    }
}
