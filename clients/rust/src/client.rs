//! A device that lives: it connects and comes back, resumes, repairs holes, sends what is said until that is acknowledged,
//! refreshes its token, and keeps in a [`Store`] what a crash must not take. All decisions are [`Device`]'s; here they are
//! carried out over a real socket and REST.
//!
//! [`Client`] says things, [`Updates`] tells what has happened, each thing once and in order. Who does not read the updates
//! stops the reading from the socket, and hears later what was missed.

mod calls;
mod driver;
mod login;
#[cfg(test)]
mod tests;
mod update;

use std::io;

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

pub use update::{End, Update};

use crate::{
    device::{Device, Saved},
    model::{MessageId, RoomId, Session, UserId},
    outbox::{Pending, fresh_client_id},
    rest::Api,
    socket::Link,
    store::{Store, Stored},
};
use driver::{Driver, Order, Told};
use login::Access;

/// Updates that wait to be read before the socket is not read any more.
const UNREAD: usize = 256;

/// The saying half. Cheap to clone; the device lives until the last clone is gone or [`Client::stop`] is called.
#[derive(Debug, Clone)]
pub struct Client {
    user: UserId,
    orders: mpsc::UnboundedSender<Order>,
    told: watch::Receiver<Told>,
}

/// The hearing half.
#[derive(Debug)]
pub struct Updates(mpsc::Receiver<Update>);

/// Why a device does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody has logged in on it: [`Client::sign_in`].
    #[error("nobody is logged in on this device")]
    NobodyLoggedIn,
    /// No server was named.
    #[error("there is no server to connect to")]
    NoServer,
    /// What it had kept cannot be read.
    #[error("what the device had kept cannot be read")]
    Storage(#[from] io::Error),
}

/// The device has ended: see [`Client::ended`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the device has ended")]
pub struct HasEnded;

impl Client {
    /// Starts a device on which somebody has just logged in. What somebody else left in the store is dropped. Usually there is
    /// one server; of several the next one is tried when one is lost.
    pub async fn sign_in(
        servers: &[Api],
        session: &Session,
        mut store: impl Store,
    ) -> Result<(Self, Updates), StartError> {
        let access = Access::fresh(session, Instant::now());
        let former = store.load().await?;
        let is_theirs = former
            .login
            .is_some_and(|former| former.user == access.login.user);
        let stored = Stored {
            login: Some(access.login.clone()),
            device: if is_theirs {
                former.device
            } else {
                Saved::default()
            },
        };
        store.save(&stored, &[]).await?;
        Self::start(servers, access, stored.device, store)
    }

    /// Starts a device that was switched off, or died, with what it had kept.
    pub async fn restore(
        servers: &[Api],
        mut store: impl Store,
    ) -> Result<(Self, Updates), StartError> {
        let stored = store.load().await?;
        let login = stored.login.ok_or(StartError::NobodyLoggedIn)?;
        Self::start(servers, Access::stored(login), stored.device, store)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the task ends with its client, which sees its end"
    )]
    fn start(
        servers: &[Api],
        access: Access,
        device: Saved,
        store: impl Store,
    ) -> Result<(Self, Updates), StartError> {
        let first = servers.first().ok_or(StartError::NoServer)?;
        let (orders, taken) = mpsc::unbounded_channel();
        let (updates, read) = mpsc::channel(UNREAD);
        let (telling, told) = watch::channel(Told {
            api: first.with_token(&access.login.access_token),
            link: None,
            end: None,
        });
        let user = access.login.user;
        let driver = Driver::new(servers.to_vec(), access, Device::restore(device), store);
        tokio::spawn(driver.run(taken, updates, telling));
        Ok((Self { user, orders, told }, Updates(read)))
    }

    /// Says something in a room; gives its `client_id` once it is stored. It goes out now, or when there is a connection, or
    /// after a crash and a [`Client::restore`], and arrives once: an [`Update::Sent`] or an [`Update::NotSent`] follows, or
    /// another device's eyes see it first and the [`Update::Event`] has the `client_id`.
    pub async fn say(&self, room: RoomId, text: impl Into<String>) -> Result<String, HasEnded> {
        self.put(room, text.into(), None).await
    }

    /// The same as an answer to a message.
    pub async fn reply(
        &self,
        room: RoomId,
        text: impl Into<String>,
        to: MessageId,
    ) -> Result<String, HasEnded> {
        self.put(room, text.into(), Some(to)).await
    }

    async fn put(
        &self,
        room_id: RoomId,
        text: String,
        reply_to: Option<MessageId>,
    ) -> Result<String, HasEnded> {
        let client_id = fresh_client_id();
        let pending = Pending {
            client_id: client_id.clone(),
            room_id,
            text,
            reply_to,
        };
        let (stored, is_stored) = oneshot::channel();
        self.orders
            .send(Order::Say(pending, stored))
            .map_err(|_| HasEnded)?;
        is_stored.await.map_err(|_| HasEnded)?;
        Ok(client_id)
    }

    /// Whose device it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The plain calls, with the access token of now.
    pub fn api(&self) -> Api {
        self.told.borrow().api.clone()
    }

    /// The live connection, for what is only worth saying while there is one: reading, typing, watching. None while there is
    /// none, or while what was missed is still on its way.
    pub fn link(&self) -> Option<Link> {
        self.told.borrow().link.clone()
    }

    /// Waits for a live connection.
    pub async fn live(&self) -> Result<Link, HasEnded> {
        let mut told = self.told.clone();
        let told = told
            .wait_for(|told| told.link.is_some() || told.end.is_some())
            .await
            .map_err(|_| HasEnded)?;
        told.link.clone().ok_or(HasEnded)
    }

    /// The system says that the network is back: does not wait any longer before connecting.
    pub fn hurry(&self) {
        // A device that has ended does not hurry.
        let _ = self.orders.send(Order::Hurry);
    }

    /// Ends the device in good order. What is not sent stays in the store.
    pub async fn stop(&self) {
        // It may have ended already.
        let _ = self.orders.send(Order::Stop);
        self.ended().await;
    }

    /// Waits for the end, and says why.
    pub async fn ended(&self) -> End {
        let mut told = self.told.clone();
        match told.wait_for(|told| told.end.is_some()).await {
            Ok(told) => told.end.clone().unwrap_or(End::Stopped),
            Err(_) => End::Stopped,
        }
    }
}

impl Updates {
    /// The next thing that has happened; `None` when the device has ended.
    pub async fn next(&mut self) -> Option<Update> {
        self.0.recv().await
    }
}
