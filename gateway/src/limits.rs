//! Rate limits of this node: per user, per address, for log-ins, messages and looks for people. REST and sockets draw on the same ones.
//! They bound cost, not rights; everything passes when they are turned off.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use kith_error::{Failure, Reason};
use kith_ids::UserId;
use kith_runtime::Tasks;

/// How often keys that are full again are forgotten.
const SWEEP: Duration = Duration::from_mins(1);

/// The limits of a node. Cheap to clone; clones share the counts.
#[derive(Clone)]
pub(crate) struct Limits(Option<Arc<Keyed>>);

struct Keyed {
    user_requests: DefaultKeyedRateLimiter<UserId>,
    address_requests: DefaultKeyedRateLimiter<IpAddr>,
    address_auth: DefaultKeyedRateLimiter<IpAddr>,
    user_messages: DefaultKeyedRateLimiter<UserId>,
    user_lookups: DefaultKeyedRateLimiter<UserId>,
    address_sockets: DefaultKeyedRateLimiter<IpAddr>,
    frames_per_socket: u32,
}

impl Limits {
    pub(crate) fn new(config: &kith_config::Limits) -> Self {
        Self(config.enabled.then(|| {
            Arc::new(Keyed {
                user_requests: RateLimiter::keyed(per_minute(config.requests_per_user)),
                address_requests: RateLimiter::keyed(per_minute(config.requests_per_address)),
                address_auth: RateLimiter::keyed(per_minute(config.auth_per_address)),
                user_messages: RateLimiter::keyed(per_minute(config.messages_per_user)),
                user_lookups: RateLimiter::keyed(per_minute(config.lookups_per_user)),
                address_sockets: RateLimiter::keyed(per_minute(config.sockets_per_address)),
                frames_per_socket: config.frames_per_socket,
            })
        }))
    }

    /// Forgets idle keys from time to time, until the shutdown.
    pub(crate) fn start(&self, tasks: &Tasks) {
        let Some(keyed) = self.0.clone() else { return };
        let shutdown = tasks.shutdown().clone();
        tasks.spawn("gateway.limits", async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(SWEEP) => keyed.sweep(),
                    () = shutdown.signalled() => return,
                }
            }
        });
    }

    /// One REST call of a user.
    pub(crate) fn request(&self, user: UserId) -> Result<(), Failure> {
        self.check(&user, |keyed| &keyed.user_requests)
    }

    /// One REST call from an address.
    pub(crate) fn request_from(&self, address: IpAddr) -> Result<(), Failure> {
        self.check(&of_network(address), |keyed| &keyed.address_requests)
    }

    /// One registration, log-in or refresh from an address.
    pub(crate) fn auth_from(&self, address: IpAddr) -> Result<(), Failure> {
        self.check(&of_network(address), |keyed| &keyed.address_auth)
    }

    /// One message of a user, over whatever way.
    pub(crate) fn message(&self, user: UserId) -> Result<(), Failure> {
        self.check(&user, |keyed| &keyed.user_messages)
    }

    /// One look for people by name, so that nobody reads off who is here.
    pub(crate) fn lookup(&self, user: UserId) -> Result<(), Failure> {
        self.check(&user, |keyed| &keyed.user_lookups)
    }

    /// One new socket from an address.
    pub(crate) fn socket_from(&self, address: IpAddr) -> Result<(), Failure> {
        self.check(&of_network(address), |keyed| &keyed.address_sockets)
    }

    /// Frames that one socket may send in a minute; none: as many as it likes.
    pub(crate) fn frames_per_socket(&self) -> Option<u32> {
        self.0.as_ref().map(|keyed| keyed.frames_per_socket)
    }

    fn check<K: Hash + Eq + Clone>(
        &self,
        key: &K,
        limiter: impl Fn(&Keyed) -> &DefaultKeyedRateLimiter<K>,
    ) -> Result<(), Failure> {
        let Some(keyed) = &self.0 else { return Ok(()) };
        limiter(keyed).check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Failure::new(Reason::RateLimited, "too many requests; slow down")
                .with_retry_after(wait.max(Duration::from_millis(1)))
        })
    }
}

impl Keyed {
    fn sweep(&self) {
        self.user_requests.retain_recent();
        self.address_requests.retain_recent();
        self.address_auth.retain_recent();
        self.user_messages.retain_recent();
        self.user_lookups.retain_recent();
        self.address_sockets.retain_recent();
    }
}

/// So many a minute, all at once if they come that way.
fn per_minute(count: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
}

/// One IPv6 customer has a /64 at least, so all of it counts as one address.
fn of_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(enabled: bool) -> kith_config::Limits {
        kith_config::Limits {
            enabled,
            requests_per_user: 2,
            requests_per_address: 2,
            auth_per_address: 2,
            messages_per_user: 2,
            lookups_per_user: 2,
            frames_per_socket: 2,
            sockets_per_address: 2,
        }
    }

    #[test]
    fn the_third_of_two_is_refused_and_told_when_to_come_back() {
        let limits = Limits::new(&config(true));
        let address = |text: &str| text.parse::<IpAddr>().unwrap();

        assert!(limits.auth_from(address("2001:db8::1")).is_ok());
        assert!(limits.auth_from(address("2001:db8::2")).is_ok());

        let failure = limits.auth_from(address("2001:db8::3")).unwrap_err();
        assert_eq!(failure.reason, Reason::RateLimited);
        assert!(failure.retry_after.unwrap() <= Duration::from_secs(30));
        assert!(limits.auth_from(address("2001:db8:0:1::3")).is_ok());
    }

    #[test]
    fn everything_passes_when_they_are_off() {
        let limits = Limits::new(&config(false));

        for _ in 0..100 {
            assert!(
                limits
                    .request_from(IpAddr::V4([10, 0, 0, 1].into()))
                    .is_ok()
            );
        }
        assert_eq!(limits.frames_per_socket(), None);
    }
}
