//! What the very same Postgres stores under pgbench, in a scratch database beside Kith's, with the same settings and the same durability: a
//! transaction a message as applications write them, one statement a message, everything in one room, and 50 messages a statement.

use std::{fmt::Write as _, io::Write as _};

use tempfile::NamedTempFile;

use crate::{
    crowd,
    findings::{Bar, Kind, Plot, Row, Section, Table},
    numbers::{figure, median},
    postgres::Server,
    workloads::{Bench, say},
};

const DATABASE: &str = "kith_bench";
/// Far more rooms than clients, so that no client waits for another's row: the kindest case.
const ROOMS: u32 = 2_000;
const TABLES: &str = "
CREATE TABLE rooms (id int PRIMARY KEY, last_seq bigint NOT NULL) WITH (fillfactor = 70);
INSERT INTO rooms SELECT n, 0 FROM generate_series(1, 2000) n;
CREATE TABLE messages (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    room_id int NOT NULL,
    seq bigint NOT NULL,
    sender_id int NOT NULL,
    client_id text COLLATE \"C\" NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (room_id, seq)
);
CREATE UNIQUE INDEX messages_client_id ON messages (room_id, sender_id, client_id);
CREATE INDEX messages_id ON messages (id);
";
/// Four round trips a message.
const PLAIN: &str = "BEGIN;
UPDATE rooms SET last_seq = last_seq + 1 WHERE id = :room RETURNING last_seq \\gset
INSERT INTO messages (room_id, seq, sender_id, client_id, body) VALUES (:room, :last_seq, :sender, :number, :'body');
COMMIT;
";
/// One.
const ONE: &str = "WITH room AS (UPDATE rooms SET last_seq = last_seq + 1 WHERE id = :room RETURNING id, last_seq)
INSERT INTO messages (room_id, seq, sender_id, client_id, body) SELECT id, last_seq, :sender, :number, :'body' FROM room;
";
/// One for 50 messages, two in each of 25 rooms; always locked in the same order.
const BATCH: &str = "WITH held AS (SELECT id FROM rooms WHERE id BETWEEN :room AND :room + 24 ORDER BY id FOR NO KEY UPDATE),
moved AS (UPDATE rooms SET last_seq = last_seq + 2 FROM held WHERE rooms.id = held.id RETURNING rooms.id, last_seq - 2 AS before)
INSERT INTO messages (room_id, seq, sender_id, client_id, body)
SELECT id, before + n, :sender, :number || '-' || n, :'body' FROM moved, generate_series(1, 2) n;
";
/// One for 50 messages in one room.
const BATCH_HOT: &str = "WITH room AS (UPDATE rooms SET last_seq = last_seq + 50 WHERE id = :room RETURNING id, last_seq - 50 AS before)
INSERT INTO messages (room_id, seq, sender_id, client_id, body)
SELECT id, before + n, :sender, :number || '-' || n, :'body' FROM room, generate_series(1, 50) n;
";
const BATCH_ROWS: f64 = 50.0;

/// One way to store messages.
struct Form {
    id: &'static str,
    name: &'static str,
    statements: &'static str,
    /// Messages are spread over so many rooms.
    rooms: u32,
    rows: f64,
    clients: &'static [u32],
}

const FORMS: [Form; 5] = [
    Form {
        id: "plain",
        name: "BEGIN, UPDATE … RETURNING, INSERT, COMMIT",
        statements: PLAIN,
        rooms: ROOMS,
        rows: 1.0,
        clients: &[1, 8, 32],
    },
    Form {
        id: "one",
        name: "one statement",
        statements: ONE,
        rooms: ROOMS,
        rows: 1.0,
        clients: &[1, 8, 32],
    },
    Form {
        id: "hot",
        name: "one statement, all in one room",
        statements: ONE,
        rooms: 1,
        rows: 1.0,
        clients: &[32],
    },
    Form {
        id: "batch",
        name: "50 messages a statement, 25 rooms",
        statements: BATCH,
        rooms: ROOMS - 24,
        rows: BATCH_ROWS,
        clients: &[1, 2],
    },
    Form {
        id: "batch_hot",
        name: "50 messages a statement, one room",
        statements: BATCH_HOT,
        rooms: 1,
        rows: BATCH_ROWS,
        clients: &[1],
    },
];

/// Those that Kith is compared with run as often as its own loads.
const COMPARED: [&str; 2] = ["one.32", "hot.32"];

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let crowd = crowd::Crowd::gather(&bench.kith, 0).await?;
    let postgres = &crowd.postgres;
    postgres.sql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    postgres.sql(DATABASE, TABLES)?;
    let (mut rows, mut bars, mut table) = (Vec::new(), Vec::new(), Vec::new());
    for form in &FORMS {
        let script = form.script()?;
        for clients in form.clients {
            let id = format!("{}.{clients}", form.id);
            let rate = rate(bench, postgres, &script, (&id, *clients))? * form.rows;
            bench.findings.set(&format!("postgres.{id}"), rate);
            say(&format!(
                "{}, {clients} clients: {} messages/s",
                form.name,
                figure(rate)
            ));
            table.push(vec![
                form.name.to_owned(),
                clients.to_string(),
                figure(rate),
            ]);
            bars.push(Bar::of(
                format!("{}, {clients}", form.name),
                Kind::Limit,
                rate,
            ));
            if COMPARED.contains(&id.as_str()) {
                rows.push(Row::of(
                    format!("{}, {clients} clients", form.name),
                    rate,
                    "/s",
                ));
            }
        }
    }
    crowd.stop().await?;
    Ok(Section {
        title: "Limit: Postgres without Kith".to_owned(),
        about: "pgbench, prepared statements over the Unix socket, 200 bytes and three indexes, fsync and synchronous_commit on, on the same processors."
            .to_owned(),
        rows,
        tables: vec![Table {
            title: "Messages stored a second".to_owned(),
            head: ["form", "clients", "messages/s"].map(str::to_owned).to_vec(),
            rows: table,
        }],
        plots: vec![Plot::Bars {
            title: "Messages stored a second, by form and clients".to_owned(),
            unit: "messages/s".to_owned(),
            bars,
        }],
        ..Section::default()
    })
}

fn rate(
    bench: &Bench,
    postgres: &Server,
    script: &NamedTempFile,
    (id, clients): (&str, u32),
) -> anyhow::Result<f64> {
    let runs = if COMPARED.contains(&id) {
        bench.plan.runs
    } else {
        1
    };
    let seconds = (bench.plan.span.measured.as_secs() / 2).clamp(1, 30);
    let rates: anyhow::Result<Vec<f64>> = (0..runs)
        .map(|_| postgres.bench(DATABASE, script, clients, seconds))
        .collect();
    Ok(median(rates?))
}

impl Form {
    fn script(&self) -> anyhow::Result<NamedTempFile> {
        let mut text = String::new();
        writeln!(text, "\\set room random(1, {})", self.rooms)?;
        writeln!(text, "\\set sender random(1, 1000000)")?;
        writeln!(text, "\\set number random(1, 1000000000)")?;
        text.push_str(
            &self
                .statements
                .replace(":'body'", &format!("'{}'", ".".repeat(200))),
        );
        let mut file = NamedTempFile::new()?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    }
}
