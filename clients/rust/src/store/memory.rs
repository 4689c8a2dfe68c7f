//! A store that lasts as long as the process.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Store, Stored};
use crate::client::Update;

/// Keeps everything in memory. Clones share it, so that a test can switch a device off and on again.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Stored>>);

impl MemoryStore {
    /// What is in it.
    pub fn stored(&self) -> Stored {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Store for MemoryStore {
    async fn load(&mut self) -> io::Result<Stored> {
        Ok(self.stored())
    }

    async fn save(&mut self, stored: &Stored, _: &[Update]) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(stored);
        Ok(())
    }
}
