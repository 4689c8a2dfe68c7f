//! What to do when the server, or the network, ends a connection. One table.

/// What a device does after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Connect again after a [`Backoff`](crate::backoff::Backoff).
    Reconnect,
    /// Get a fresh access token, then connect again; the login is over when there can be none.
    RefreshThenReconnect,
    /// The token is worth nothing, perhaps only to this server: the same while there can be a fresh one, or stop.
    RefreshOrStop,
    /// Do not connect again by itself: a person has to do something.
    Stop,
}

/// The access token has expired.
pub const TOKEN_EXPIRED: u16 = 4002;
/// The device does not read what it is sent.
pub const SLOW: u16 = 4003;
/// Too many frames, again and again.
pub const RATE_LIMITED: u16 = 4004;
/// Three bad frames.
pub const BAD_FRAME: u16 = 4500;
/// The token does not hold.
pub const AUTH_FAILED: u16 = 4501;
/// The session has ended.
pub const REVOKED: u16 = 4502;
/// The account was disabled.
pub const ACCOUNT_DISABLED: u16 = 4503;
/// More sockets than a user may have.
pub const TOO_MANY_DEVICES: u16 = 4504;

impl Action {
    /// The answer for a close code; `None` is a connection that broke without one.
    pub fn for_close(code: Option<u16>) -> Self {
        match code {
            Some(TOKEN_EXPIRED) => Self::RefreshThenReconnect,
            Some(AUTH_FAILED) => Self::RefreshOrStop,
            Some(4500..=4999) => Self::Stop,
            _ => Self::Reconnect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_contract_has_its_action() {
        use Action::{Reconnect, RefreshOrStop, RefreshThenReconnect, Stop};
        let table = [
            (None, Reconnect),
            (Some(1001), Reconnect),
            (Some(1006), Reconnect),
            (Some(4000), Reconnect),
            (Some(4001), Reconnect),
            (Some(4002), RefreshThenReconnect),
            (Some(4003), Reconnect),
            (Some(4004), Reconnect),
            (Some(4500), Stop),
            (Some(4501), RefreshOrStop),
            (Some(4502), Stop),
            (Some(4503), Stop),
            (Some(4504), Stop),
            (Some(4999), Stop),
        ];

        for (code, action) in table {
            assert_eq!(Action::for_close(code), action, "{code:?}");
        }
    }
}
