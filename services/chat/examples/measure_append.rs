//! Measures the two forms of the append against each other on the Postgres that `DATABASE_URL` names: the function, which
//! is one round trip, and the same statements one by one in a transaction. Prints rows a second.
//!
//! `cargo run --release -p kith-chat --example measure_append`
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool that prints a table, or stops"
)]

use std::time::{Duration, Instant};

use futures::future::join_all;
use kith_clock::Clock;
use kith_testkit::TestDatabase;
use sqlx::{Acquire as _, PgConnection, PgPool, postgres::PgArguments, query::Query};
use uuid::Uuid;

const FUNCTION: &str = include_str!("../migrations/20261122090100_create_append_messages.sql");
const CALL: &str =
    "SELECT * FROM chat.append_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const ROOMS: usize = 1_000;
const MEMBERS: usize = 10;
const RUN: Duration = Duration::from_secs(3);

/// The arrays of a call.
struct Batch {
    rooms: Vec<Uuid>,
    senders: Vec<Uuid>,
    client_ids: Vec<String>,
    hashes: Vec<Vec<u8>>,
    ids: Vec<Uuid>,
    texts: Vec<String>,
}

/// Rooms with their members.
type World = Vec<(Uuid, Vec<Uuid>)>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let database = TestDatabase::new("chat", &kith_chat::MIGRATOR).await;
    let clock = Clock::system();
    let world = populate(&database.pool, &clock).await;
    let plain = plain_statement();
    println!("rows a call  connections  function rows/s  statements rows/s");
    for rows in [1, 10, 50, 200] {
        for connections in [1, 2] {
            let function = measure(&database.pool, &clock, &world, (rows, connections, None)).await;
            let statements = measure(
                &database.pool,
                &clock,
                &world,
                (rows, connections, Some(&plain)),
            )
            .await;
            println!("{rows:>11}  {connections:>11}  {function:>15}  {statements:>17}");
        }
    }
}

async fn populate(pool: &PgPool, clock: &Clock) -> World {
    let world: World = (0..ROOMS)
        .map(|_| {
            (
                clock.new_id(),
                (0..MEMBERS).map(|_| clock.new_id()).collect(),
            )
        })
        .collect();
    for (room, members) in &world {
        sqlx::query(
            "WITH room AS (
                 INSERT INTO chat.chat_rooms (id, kind, created_by, last_seq, participant_count, created_at, updated_at)
                 VALUES ($1, 'group', $1, 1, 10, now(), now()))
             INSERT INTO chat.chat_participants (room_id, user_id, joined_seq, role, joined_at)
             SELECT $1, member, 1, 'member', now() FROM unnest($2) AS member",
        )
        .bind(room)
        .bind(members)
        .execute(pool)
        .await
        .unwrap();
    }
    sqlx::query("ANALYZE").execute(pool).await.unwrap();
    world
}

/// The function's judging statement, with its names as parameters.
fn plain_statement() -> String {
    let (_, rest) = FUNCTION
        .split_once("RETURN QUERY")
        .expect("the judging statement");
    let (statement, _) = rest.split_once(";\nEND").expect("its end");
    let names = [
        "p_room_ids",
        "p_sender_ids",
        "p_client_ids",
        "p_body_hashes",
        "p_ids",
        "p_texts",
        "p_mention_ids",
        "p_reply_ids",
        "p_reply_seqs",
        "p_reply_sender_ids",
        "p_reply_excerpts",
        "p_reply_missing",
        "p_times",
    ];
    let mut statement = statement
        .replace("v_locked", "$14")
        .replace("v_at", "clock_timestamp()");
    for (number, name) in names.iter().enumerate().rev() {
        statement = statement.replace(name, &format!("${}", number + 1));
    }
    statement
}

async fn measure(
    pool: &PgPool,
    clock: &Clock,
    world: &World,
    (rows, connections, plain): (usize, usize, Option<&str>),
) -> u64 {
    let started = Instant::now();
    let lanes = (0..connections).map(|_| async {
        let mut connection = pool.acquire().await.unwrap();
        let mut done = 0_u64;
        while started.elapsed() < RUN {
            let batch = batch(world, clock, rows);
            match plain {
                None => {
                    let call = bind(sqlx::query(CALL), &batch);
                    call.fetch_all(&mut *connection).await.unwrap();
                }
                Some(statement) => by_statements(&mut connection, statement, &batch).await,
            }
            done += rows as u64;
        }
        done
    });
    let done: u64 = join_all(lanes).await.into_iter().sum();
    done * 1_000 / u64::try_from(started.elapsed().as_millis()).unwrap()
}

async fn by_statements(connection: &mut PgConnection, statement: &str, batch: &Batch) {
    let mut tx = connection.begin().await.unwrap();
    sqlx::query("SELECT id FROM chat.chat_rooms WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(&batch.rooms)
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    bind(sqlx::query(sqlx::AssertSqlSafe(statement)), batch)
        .bind(&batch.rooms)
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn bind<'q>(
    query: Query<'q, sqlx::Postgres, PgArguments>,
    batch: &'q Batch,
) -> Query<'q, sqlx::Postgres, PgArguments> {
    let count = batch.rooms.len();
    query
        .bind(&batch.rooms)
        .bind(&batch.senders)
        .bind(&batch.client_ids)
        .bind(&batch.hashes)
        .bind(&batch.ids)
        .bind(&batch.texts)
        .bind(vec![None::<String>; count])
        .bind(vec![None::<Uuid>; count])
        .bind(vec![None::<i64>; count])
        .bind(vec![None::<Uuid>; count])
        .bind(vec![None::<String>; count])
        .bind(vec![false; count])
        .bind(vec![None::<chrono::DateTime<chrono::Utc>>; count])
}

fn batch(world: &World, clock: &Clock, rows: usize) -> Batch {
    let ids: Vec<Uuid> = (0..rows).map(|_| clock.new_id()).collect();
    // The random part of an id chooses room and member.
    let random = |id: &Uuid, at: usize| {
        usize::from(u16::from_be_bytes([
            id.as_bytes()[at],
            id.as_bytes()[at + 1],
        ]))
    };
    let chosen: Vec<&(Uuid, Vec<Uuid>)> = ids
        .iter()
        .map(|id| &world[random(id, 12) % ROOMS])
        .collect();
    Batch {
        rooms: chosen.iter().map(|(room, _)| *room).collect(),
        senders: chosen
            .iter()
            .zip(&ids)
            .map(|((_, members), id)| members[random(id, 14) % MEMBERS])
            .collect(),
        client_ids: ids.iter().map(Uuid::to_string).collect(),
        hashes: ids.iter().map(|id| id.as_bytes().to_vec()).collect(),
        texts: vec!["x".repeat(200); rows],
        ids,
    }
}
