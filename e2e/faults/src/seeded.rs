//! Bugs that are put in on purpose, to prove that the checker sees them. None is in the product: those of the append are
//! made in the database of one run, by changing its function; those of the gateway are made on the wire, by a proxy that
//! twists what the gateway says as a gateway with that bug would. A bug that nobody finds is a bug of the checker.

use sqlx::{Executor as _, PgConnection};

use crate::proxy::Lie;

/// A bug.
pub struct Bug {
    /// Its name on the command line.
    pub name: &'static str,
    /// What is wrong.
    pub title: &'static str,
    /// The fault under which it shows.
    pub fault: &'static str,
    /// Where it is made.
    pub(crate) place: Place,
}

/// Where a bug is made.
pub(crate) enum Place {
    /// Statements, run before anybody talks.
    Sql(&'static [&'static str]),
    /// Changes of the text of the append function, each of which must be found; and statements.
    Append(
        &'static [(&'static str, &'static str)],
        &'static [&'static str],
    ),
    /// What the gates do to what gateways say.
    Wire(Lie),
    /// Statements that are run in the middle, when people have talked.
    Midway(&'static [&'static str]),
}

/// All nine.
pub static BUGS: &[Bug] = &[
    Bug {
        name: "ack-before-commit",
        title: "a send is acknowledged before it is on disk",
        fault: "F8",
        place: Place::Sql(&[
            "ALTER SYSTEM SET synchronous_commit = off",
            "ALTER SYSTEM SET wal_writer_delay = '10s'",
            "ALTER SYSTEM SET wal_writer_flush_after = 0",
            "SELECT pg_reload_conf()",
        ]),
    },
    Bug {
        name: "bigserial-order",
        title: "places come from a sequence, not from the locked room",
        fault: "F29",
        place: Place::Append(
            &[
                ("FOR NO KEY UPDATE", ""),
                (
                    "j.last_seq + row_number() OVER (PARTITION BY j.room_id, j.outcome = 'accepted' ORDER BY j.item)",
                    "nextval(format('chat.%I', j.room_id))",
                ),
                ("SET last_seq = head.seq", "SET last_seq = greatest(r.last_seq, head.seq)"),
                ("    FROM numbered n;\nEND", "    FROM numbered n;\n    PERFORM pg_sleep(random() * 0.03);\nEND"),
            ],
            &[
                "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, last_seq FROM chat.chat_rooms LOOP
                     EXECUTE format('CREATE SEQUENCE chat.%I START %s', r.id, r.last_seq + 1); END LOOP; END $$",
            ],
        ),
    },
    Bug {
        name: "check-with-lock",
        title: "membership is judged in the statement that takes the lock",
        fault: "F29",
        place: Place::Append(
            &[
                ("FOR NO KEY UPDATE) l", ") l"),
                (
                    "LEFT JOIN chat.chat_rooms r ON r.id = i.room_id",
                    "LEFT JOIN (SELECT * FROM chat.chat_rooms WHERE id = ANY (p_room_ids) ORDER BY id FOR NO KEY UPDATE) r ON r.id = i.room_id",
                ),
            ],
            &[
                // A kick holds the room for a moment, so that sends come to wait for it.
                "CREATE FUNCTION chat.seeded_slow() RETURNS trigger LANGUAGE plpgsql AS $$
                     BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$",
                "CREATE TRIGGER seeded_slow AFTER UPDATE ON chat.chat_participants
                     FOR EACH ROW EXECUTE FUNCTION chat.seeded_slow()",
            ],
        ),
    },
    Bug {
        name: "lru-dedup",
        title: "repeats are recognised among the newest messages only",
        fault: "F21",
        place: Place::Append(
            &[(
                "i.client_id COLLATE \"C\"\n        LEFT JOIN",
                "i.client_id COLLATE \"C\" AND m.seq > r.last_seq - 3\n        LEFT JOIN",
            )],
            &["ALTER TABLE chat.chat_messages DROP CONSTRAINT chat_messages_client_id_key"],
        ),
    },
    Bug {
        name: "read-then-subscribe",
        title: "what comes between reading and subscribing is lost",
        fault: "F16",
        place: Place::Wire(Lie::LosesFirst),
    },
    Bug {
        name: "no-gap-check",
        title: "a gateway that lost a hint does not notice",
        fault: "F29",
        place: Place::Wire(Lie::LosesEvents),
    },
    Bug {
        name: "membership-cached",
        title: "who was removed goes on to hear",
        fault: "F29",
        place: Place::Wire(Lie::KeepsTelling),
    },
    Bug {
        name: "overflow-untold",
        title: "a full queue drops a stretch and does not say so",
        fault: "F29",
        place: Place::Wire(Lie::LosesStretches),
    },
    Bug {
        name: "epoch-ignored",
        title: "the log goes back, as by a restore, and nobody is told",
        fault: "F1",
        place: Place::Midway(&[
            "DELETE FROM chat.chat_messages m USING chat.chat_rooms r WHERE m.room_id = r.id AND m.seq > r.last_seq - 4",
            "DELETE FROM chat.room_events m USING chat.chat_rooms r WHERE m.room_id = r.id AND m.seq > r.last_seq - 4",
            "UPDATE chat.chat_rooms SET last_seq = last_seq - 4",
        ]),
    },
];

/// The bug of a name.
pub fn find(name: &str) -> Option<&'static Bug> {
    BUGS.iter().find(|bug| bug.name == name)
}

impl Bug {
    /// Puts it into the database of a run.
    pub(crate) async fn put_in(&self, db: &mut PgConnection) {
        let statements = match &self.place {
            Place::Sql(statements) => statements,
            Place::Append(changes, statements) => {
                let read = "SELECT pg_get_functiondef('chat.append_messages'::regproc)";
                let mut text: String = sqlx::query_scalar(read).fetch_one(&mut *db).await.unwrap();
                for (old, new) in *changes {
                    assert!(
                        text.contains(old),
                        "the append has changed, {} must too: {old}",
                        self.name
                    );
                    text = text.replace(old, new);
                }
                run(db, &text).await;
                statements
            }
            Place::Wire(_) | Place::Midway(_) => return,
        };
        for statement in *statements {
            run(db, statement).await;
        }
    }

    /// What it does when people have talked.
    pub(crate) async fn strike(&self, db: &mut PgConnection) {
        if let Place::Midway(statements) = &self.place {
            run(db, "BEGIN").await;
            // Nobody appends in between: a place that is taken twice would end the run early, not show the bug.
            run(db, "SELECT FROM chat.chat_rooms ORDER BY id FOR UPDATE").await;
            for statement in *statements {
                run(db, statement).await;
            }
            run(db, "COMMIT").await;
        }
    }

    /// What the gates are to do.
    pub(crate) fn lie(&self) -> Option<Lie> {
        match self.place {
            Place::Wire(lie) => Some(lie),
            _ => None,
        }
    }
}

async fn run(db: &mut PgConnection, statement: &str) {
    db.execute(sqlx::AssertSqlSafe(statement.to_owned()))
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

impl std::fmt::Debug for Bug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use kith_e2e::{Node, Postgres, Settings};
    use sqlx::Connection as _;

    use super::*;

    #[tokio::test]
    async fn every_bug_can_still_be_put_in() {
        let postgres = Postgres::start().await;
        let settings = Settings::default().with_postgres(&postgres.url());
        let _node = Node::start_with(settings).await;
        let mut db = PgConnection::connect(&postgres.url()).await.unwrap();

        for bug in BUGS {
            let is_append = matches!(bug.place, Place::Append(..));
            // Each changes the function as it is delivered.
            if is_append {
                run(&mut db, "BEGIN").await;
            }
            bug.put_in(&mut db).await;
            bug.strike(&mut db).await;
            if is_append {
                run(&mut db, "ROLLBACK").await;
            }
            assert!(crate::faults::find(bug.fault).is_some(), "{}", bug.name);
        }
        assert_eq!(BUGS.len(), 9);
    }
}
