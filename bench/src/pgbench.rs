//! The ceiling of a design without batching: what the very same Postgres stores when every message is a transaction of
//! its own. It runs in a scratch database beside Kith's, with the same settings and the same durability.

use std::{io::Write as _, time::Duration};

use kith_e2e::Node;

use crate::postgres::Server;

const DATABASE: &str = "kith_bench";
const CLIENTS: [u32; 4] = [1, 8, 16, 32];
/// Far more rooms than clients, so that no client waits for another's row: the kindest case for the plain form.
const ROOMS: u32 = 2_000;

const TABLES: &str = "
CREATE TABLE rooms (id int PRIMARY KEY, last_seq bigint NOT NULL);
INSERT INTO rooms SELECT n, 0 FROM generate_series(1, 2000) n;
CREATE TABLE messages (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    room_id int NOT NULL,
    seq bigint NOT NULL,
    sender_id int NOT NULL,
    client_id text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (room_id, seq)
);
CREATE UNIQUE INDEX messages_client_id ON messages (room_id, sender_id, client_id);
CREATE UNIQUE INDEX messages_id ON messages (id);
";

/// One result.
pub(crate) struct Ceiling {
    /// Clients and their transactions per second.
    pub(crate) runs: Vec<(u32, f64)>,
}

impl Ceiling {
    /// The best client count and its rate.
    pub(crate) fn best(&self) -> (u32, f64) {
        let best = self
            .runs
            .iter()
            .max_by(|one, other| one.1.total_cmp(&other.1));
        best.copied().unwrap_or_default()
    }
}

/// Runs the plain form against the node's embedded Postgres; each client count gets a share of `duration`.
pub(crate) fn measure(node: &Node, duration: Duration) -> anyhow::Result<Ceiling> {
    let postgres = Server::of(node);
    postgres.sql("postgres", &format!("DROP DATABASE IF EXISTS {DATABASE}"))?;
    postgres.sql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    postgres.sql(DATABASE, TABLES)?;
    let script = script()?;
    let seconds = (duration.as_secs() / 2).clamp(2, 30);
    let runs = CLIENTS
        .into_iter()
        .map(|clients| {
            Ok((
                clients,
                postgres.bench(DATABASE, &script, clients, seconds)?,
            ))
        })
        .collect::<anyhow::Result<_>>()?;
    postgres.sql("postgres", &format!("DROP DATABASE {DATABASE}"))?;
    Ok(Ceiling { runs })
}

/// Four round trips a message, as an application writes them.
fn script() -> anyhow::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new()?;
    let body = ".".repeat(200);
    write!(
        file,
        "\\set room random(1, {ROOMS})\n\\set sender random(1, 1000000)\n\\set number random(1, 1000000000)\n\
         BEGIN;\n\
         UPDATE rooms SET last_seq = last_seq + 1 WHERE id = :room RETURNING last_seq \\gset\n\
         INSERT INTO messages (room_id, seq, sender_id, client_id, body) VALUES (:room, :last_seq, :sender, :number, '{body}');\n\
         COMMIT;\n"
    )?;
    Ok(file)
}
