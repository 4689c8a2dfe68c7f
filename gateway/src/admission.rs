//! How much this node works on at once: one count over all REST calls and the questions of all sockets, one over the sends of all
//! sockets, and a pace for new sockets. What is above is refused at once and told when to come again: a queue would only make every
//! answer late. The less something matters, the earlier it is refused; open sockets are never closed for it.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use http::Method;
use kith_error::Failure;

use crate::config::Config;

/// When to come again: by then what is in work has been answered, or has run into its deadline.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Sends of all sockets that wait for chat: a few seconds of what one node can do.
const SENDS: usize = 32_768;

/// How much something matters while there is too much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Without it somebody is out of the conversation: refreshed tokens, resumes, sends.
    Vital,
    /// Everything else that people read and change.
    Ordinary,
    /// Looks for people: the dearest questions.
    Search,
    /// Who is here.
    Presence,
}

/// What the node works on.
#[derive(Debug)]
pub(crate) struct Admission {
    in_work: Arc<AtomicUsize>,
    most: usize,
    sends: Arc<AtomicUsize>,
    sockets: DefaultDirectRateLimiter,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted(Arc<AtomicUsize>);

impl Admission {
    pub(crate) fn new(config: &Config) -> Self {
        let pace = NonZeroU32::new(config.sockets_per_second).unwrap_or(NonZeroU32::MIN);
        Self {
            in_work: Arc::default(),
            most: config.max_requests,
            sends: Arc::default(),
            sockets: RateLimiter::direct(Quota::per_second(pace)),
        }
    }

    /// A place for a call or a question.
    pub(crate) fn admit(&self, priority: Priority) -> Result<Admitted, Failure> {
        take(&self.in_work, priority.share_of(self.most)).ok_or_else(|| refused(priority.word()))
    }

    /// Whether there would be one, for what takes none.
    pub(crate) fn has_room(&self, priority: Priority) -> Result<(), Failure> {
        self.admit(priority).map(drop)
    }

    /// A place for a send.
    pub(crate) fn admit_send(&self) -> Result<Admitted, Failure> {
        take(&self.sends, SENDS).ok_or_else(|| refused("send"))
    }

    /// A new socket. Devices that lost their node come all at once; each costs a handshake and a resume.
    pub(crate) fn admit_socket(&self) -> Result<(), Failure> {
        self.sockets.check().map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Failure {
                retry_after: Some(wait.max(Duration::from_secs(1))),
                ..refused("socket")
            }
        })
    }
}

impl Priority {
    /// Of a REST call; none for what asks no service.
    pub(crate) fn of_route(method: &Method, route: &str) -> Option<Self> {
        let is_post = method == Method::POST;
        match route {
            "/api/v1/ws" | "/api/v1/meta" => None,
            "/api/v1/auth/refresh" | "/api/v1/chat/sync" => Some(Self::Vital),
            "/api/v1/chat/messages/{id}" if is_post => Some(Self::Vital),
            "/api/v1/users/search"
            | "/api/v1/friends/suggestions"
            | "/api/v1/friends/contacts/match" => Some(Self::Search),
            _ => route.starts_with("/api/v1/").then_some(Self::Ordinary),
        }
    }

    /// Up to how much in work there is still a place.
    fn share_of(self, most: usize) -> usize {
        match self {
            Self::Vital => most,
            Self::Ordinary => most * 3 / 4,
            Self::Search => most / 2,
            Self::Presence => most / 4,
        }
        .max(1)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Vital => "vital",
            Self::Ordinary => "ordinary",
            Self::Search => "search",
            Self::Presence => "presence",
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn take(count: &Arc<AtomicUsize>, most: usize) -> Option<Admitted> {
    let fits = |taken: usize| (taken < most).then_some(taken + 1);
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
        .ok()
        .map(|_| Admitted(count.clone()))
}

fn refused(what: &'static str) -> Failure {
    metrics::counter!("kith_shed_total", "what" => what).increment(1);
    Failure::unavailable(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use kith_error::Reason;

    use super::*;
    use crate::router::ROUTES;

    fn admission(most: usize) -> Admission {
        Admission::new(&Config {
            max_requests: most,
            sockets_per_second: 2,
            ..Config::for_test()
        })
    }

    #[test]
    fn what_matters_less_is_refused_earlier_and_everything_passes_again_afterwards() {
        let admission = admission(8);
        let admit = |priority| admission.admit(priority);
        let by_priority = [
            (Priority::Presence, 2),
            (Priority::Search, 2),
            (Priority::Ordinary, 2),
            (Priority::Vital, 2),
        ];

        let mut taken = Vec::new();
        for (priority, places) in by_priority {
            taken.extend((0..places).map(|_| admit(priority).unwrap()));
            let failure = admit(priority).unwrap_err();
            assert_eq!(failure.reason, Reason::Unavailable);
            assert_eq!(failure.retry_after, Some(RETRY_AFTER));
        }
        drop(taken);

        assert!(admission.has_room(Priority::Presence).is_ok());
    }

    #[test]
    fn new_sockets_come_at_a_pace() {
        let admission = admission(1);

        assert!(admission.admit_socket().is_ok());
        assert!(admission.admit_socket().is_ok());
        let failure = admission.admit_socket().unwrap_err();

        assert_eq!(failure.reason, Reason::Unavailable);
        assert!(failure.retry_after >= Some(Duration::from_secs(1)));
    }

    #[test]
    fn every_call_has_its_priority_and_nodes_ask_for_health_at_any_time() {
        let of = |method: &str, path: &str| {
            let path = path.strip_suffix('/').unwrap_or(path);
            Priority::of_route(&method.to_uppercase().parse().unwrap(), path)
        };
        let named = |priority| {
            let routes = ROUTES.iter();
            routes
                .filter(|route| of(route.method, route.path) == Some(priority))
                .count()
        };

        assert_eq!(named(Priority::Vital), 3);
        assert_eq!(named(Priority::Search), 3);
        assert_eq!(
            of("get", "/api/v1/chat/messages/{id}"),
            Some(Priority::Ordinary)
        );
        for path in [
            "/healthz",
            "/readyz",
            "/api/v1/meta",
            "/.well-known/jwks.json",
        ] {
            assert_eq!(of("get", path), None, "{path}");
        }
    }
}
