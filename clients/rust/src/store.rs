//! Where a device keeps what must survive a crash: who is logged in on it, where it stands, and what it has not got rid of.
//! [`MemoryStore`] is for tests and for bots that may forget; [`FileStore`] keeps one small file; an app with a database
//! implements [`Store`] over it and writes what it is to show in the same transaction.

mod file;
mod memory;
#[cfg(test)]
mod tests;

use std::{fmt, future::Future, io};

use serde::{Deserialize, Serialize};

pub use file::FileStore;
pub use memory::MemoryStore;

use crate::{
    client::Update,
    device::Saved,
    model::{Session, UserId},
};

/// All that a device has to have after it was switched off, or died.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Who is logged in; none before the first time.
    pub login: Option<Login>,
    /// Where the device stands, and what is not acknowledged.
    pub device: Saved,
}

/// What lets the device in. Does not print its tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Whose session it is.
    pub user: UserId,
    /// Short-lived.
    pub access_token: String,
    /// Buys the next access token, once. Without one the device stops when the access token has expired.
    pub refresh_token: Option<String>,
    /// A refresh that is under way: asked again under the same name, it gets the same answer.
    pub attempt: Option<String>,
}

/// A place to keep [`Stored`] in.
pub trait Store: Send + 'static {
    /// What was saved last; the default when nothing was.
    fn load(&mut self) -> impl Future<Output = io::Result<Stored>> + Send;

    /// Keeps where the device stands now. `news` is what has happened since the last time and what the app is shown only
    /// after this: stored in one transaction with the rest, no crash skips or repeats any of it.
    fn save(
        &mut self,
        stored: &Stored,
        news: &[Update],
    ) -> impl Future<Output = io::Result<()>> + Send;
}

impl Login {
    /// Of a session that was just begun or refreshed.
    pub fn of(session: &Session) -> Self {
        Self {
            user: session.user.user.id,
            access_token: session.access_token.clone(),
            refresh_token: session.refresh_token.clone(),
            attempt: None,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
