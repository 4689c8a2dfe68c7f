//! A bot that answers what it is told, and the whole life of a device in one file: log in, connect, resume, apply,
//! fetch holes, send through the outbox, back off, refresh, stop.
//!
//! `cargo run -p kith-sdk --example echo -- http://127.0.0.1:8080 USERNAME PASSWORD`

use std::time::Duration;

use kith_sdk::{
    backoff::Backoff,
    close::Action,
    model::{Event, ServerFrame, Session, UserEvent, UserEventBody},
    outbox::Outbox,
    rest::{Api, Credentials, MessagePost, Refresh, Window},
    socket::{Closed, ConnectError, Connection, Hello, Link, SocketError, Upgrade},
    sync::{Cursors, Standing, Verdict},
};

/// What a device keeps. A real one keeps the cursors and the outbox on disk, and stores what it applied in the same
/// transaction as the cursor.
struct Bot {
    api: Api,
    session: Session,
    cursors: Cursors,
    outbox: Outbox,
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let [base, username, password] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "see the usage")?;
    let api = Api::new(&base)?;
    let session = api
        .login(&Credentials {
            username,
            password,
            device_name: Some("echo".to_owned()),
        })
        .await?;
    let mut bot = Bot {
        api,
        session,
        cursors: Cursors::default(),
        outbox: Outbox::default(),
    };
    bot.live().await
}

impl Bot {
    /// Connects again and again, as the close codes say.
    async fn live(&mut self) -> Result<(), Failure> {
        let mut backoff = Backoff::default();
        loop {
            let closed = match self.connect().await {
                Ok(connection) => {
                    backoff.reset();
                    self.follow(connection).await?
                }
                Err(ConnectError::Refused { closed, .. } | ConnectError::Closed(closed)) => closed,
                Err(_) => Closed {
                    code: None,
                    reason: "no connection".to_owned(),
                },
            };
            // Whether the sends under way arrived is not known: they go out again, under the same client_id.
            self.outbox.disconnect();
            match Action::for_close(closed.code) {
                Action::Stop => return Err(format!("stopped: {closed:?}").into()),
                Action::RefreshThenReconnect => self.refresh().await?,
                Action::Reconnect => {}
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }

    async fn connect(&self) -> Result<Connection, ConnectError> {
        let hello = Hello::with_token(&self.session.access_token).resuming(self.cursors.resume());
        Connection::open(&self.api.socket_url(), Upgrade::default(), &hello).await
    }

    async fn refresh(&mut self) -> Result<(), Failure> {
        let refresh = Refresh {
            refresh_token: self
                .session
                .refresh_token
                .clone()
                .ok_or("no refresh token")?,
            attempt_id: None,
        };
        self.session = self.api.refresh(&refresh).await?;
        Ok(())
    }

    /// Applies frames until the connection ends.
    async fn follow(&mut self, mut connection: Connection) -> Result<Closed, Failure> {
        let resumed = self.cursors.resume().is_some();
        if self.cursors.ready(&connection.ready, resumed) == Standing::Fresh {
            // A bot has no history to show: it starts at the heads. An app loads its room list here.
            for (&room, &head) in &connection.ready.rooms {
                self.cursors.track(room, head);
            }
        }
        self.flush(&connection.link).await?;
        while let Some(frame) = connection.frames.next().await {
            match frame {
                ServerFrame::Event(event) => self.hear(&connection.link, event).await?,
                ServerFrame::User(event) => self.hear_about_me(&event),
                ServerFrame::Heads(heads) => self.catch_up(&connection.link, &heads.rooms).await?,
                ServerFrame::Behind(behind) => {
                    self.catch_up(&connection.link, &behind.rooms).await?;
                }
                ServerFrame::Resumed(resumed) => self.cursors.resumed(&resumed),
                ServerFrame::Err(err) if err.code == "cursor_invalid" => {
                    self.cursors
                        .start(connection.ready.epoch, connection.ready.useq);
                }
                ServerFrame::Drain(drain) => {
                    tokio::time::sleep(Duration::from_millis(drain.resume_after_ms)).await;
                    connection.link.close();
                }
                _ => {}
            }
            self.flush(&connection.link).await?;
        }
        Ok(connection.frames.closed().await)
    }

    async fn hear(&mut self, link: &Link, event: Event) -> Result<(), Failure> {
        match self.cursors.event(&event) {
            Verdict::Apply => self.apply(&event),
            Verdict::Missing { after } => self.fetch(link, event.room_id, after).await?,
            Verdict::Repeated => {}
            Verdict::Unknown => {
                let history = self.api.with_token(&self.session.access_token);
                let history = history
                    .messages(event.room_id, Window::Newest, Some(1))
                    .await?;
                self.cursors.track(event.room_id, history.last_seq);
            }
        }
        Ok(())
    }

    fn hear_about_me(&mut self, event: &UserEvent) {
        if self.cursors.user_event(event.useq) != Verdict::Apply {
            return;
        }
        match event.body() {
            UserEventBody::RoomAdded(room) => self.cursors.room_added(room.id, room.joined_seq),
            UserEventBody::RoomRemoved(removed) => self
                .cursors
                .room_removed(removed.room_id, removed.leave_seq),
            _ => {}
        }
    }

    /// What the bot is for.
    fn apply(&mut self, event: &Event) {
        let Some(message) = event.message() else {
            return;
        };
        if message.sender_id == self.session.user.user.id {
            self.outbox.settle(&message);
        } else if let Some(text) = &message.text {
            self.outbox.push(
                message.room_id,
                format!("You said: {text}"),
                Some(message.id),
            );
        }
    }

    async fn catch_up(
        &mut self,
        link: &Link,
        heads: &std::collections::HashMap<uuid::Uuid, u64>,
    ) -> Result<(), Failure> {
        for (room, after) in self.cursors.behind(heads) {
            self.fetch(link, room, after).await?;
        }
        Ok(())
    }

    async fn fetch(
        &mut self,
        link: &Link,
        room: uuid::Uuid,
        mut after: u64,
    ) -> Result<(), Failure> {
        loop {
            let page = link.fetch(room, after, None).await?;
            self.cursors.fetched(room, page.from_seq);
            for event in &page.events {
                if self.cursors.event(event) == Verdict::Apply {
                    self.apply(event);
                }
            }
            match page.events.last() {
                Some(last) if last.seq < page.last_seq => after = last.seq,
                _ => return Ok(()),
            }
        }
    }

    /// Sends what is due, and takes in what comes of it.
    async fn flush(&mut self, link: &Link) -> Result<(), Failure> {
        for pending in self.outbox.take_due() {
            let post = MessagePost {
                client_id: pending.client_id,
                text: pending.text,
                reply_to: pending.reply_to,
            };
            match link.send(pending.room_id, &post).await {
                Ok(sent) => drop(self.outbox.settle(&sent.message)),
                // Its end is noticed by whoever reads the frames.
                Err(SocketError::Closed(_)) => return Ok(()),
                Err(error) => drop(self.outbox.refuse(&post.client_id, error.is_retryable())),
            }
        }
        Ok(())
    }
}
