//! The open sockets of this node, by person: who may still come, who must be told that their session ended, who must be
//! told that the node leaves.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use kith_ids::{SessionId, UserId};

use super::socket::Socket;

/// Sockets of one person on this node.
const PER_USER: usize = 20;

/// The open sockets. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    sockets: Mutex<HashMap<UserId, Vec<Arc<Socket>>>>,
    next_id: AtomicU64,
}

/// A socket while it is open; leaves the registry when dropped.
#[derive(Debug)]
pub(crate) struct Registered {
    registry: Registry,
    pub(crate) socket: Arc<Socket>,
}

impl Registry {
    /// Opens a socket; none when the person has as many as they may.
    pub(crate) fn open(&self, user_id: UserId, session_id: SessionId) -> Option<Registered> {
        let mut sockets = self.lock();
        let of_user = sockets.entry(user_id).or_default();
        if of_user.len() >= PER_USER {
            return None;
        }
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed) + 1;
        let socket = Arc::new(Socket::new(id, user_id, session_id));
        of_user.push(socket.clone());
        metrics::gauge!("kith_ws_sockets").increment(1);
        Some(Registered {
            registry: self.clone(),
            socket,
        })
    }

    /// A person's sockets.
    pub(crate) fn of_user(&self, user_id: UserId) -> Vec<Arc<Socket>> {
        self.lock().get(&user_id).cloned().unwrap_or_default()
    }

    /// All sockets.
    pub(crate) fn all(&self) -> Vec<Arc<Socket>> {
        self.lock().values().flatten().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Arc<Socket>>>> {
        self.0
            .sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut sockets = self.registry.lock();
        let user_id = self.socket.user_id;
        if let Some(of_user) = sockets.get_mut(&user_id) {
            of_user.retain(|socket| socket.id != self.socket.id);
            if of_user.is_empty() {
                sockets.remove(&user_id);
            }
        }
        metrics::gauge!("kith_ws_sockets").decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use kith_clock::Clock;

    use super::*;

    #[test]
    fn the_twenty_first_socket_of_a_person_is_refused_until_one_closes() {
        let (registry, clock) = (Registry::default(), Clock::system());
        let user = UserId::new(clock.new_id());
        let open = || registry.open(user, SessionId::new(clock.new_id()));
        let mut sockets: Vec<_> = (0..PER_USER).map(|_| open().unwrap()).collect();

        assert!(open().is_none());
        sockets.pop();

        assert!(open().is_some());
        assert_eq!(registry.of_user(user).len(), PER_USER - 1);
    }
}
