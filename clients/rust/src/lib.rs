//! The device side of Kith: what a phone, a desktop or a bot needs to talk to a Kith server, in the order in which
//! one meets it.
//!
//! 1. [`rest::Api`] makes the plain calls: sign up, log in, befriend, open a room.
//! 2. [`socket::Connection`] is the live connection: say hello, send and read, receive frames.
//! 3. [`sync::Cursors`] decides, without any IO, which frame to apply, which to drop and when to fetch a hole.
//! 4. [`outbox::Outbox`] keeps what the person typed until the server has acknowledged it, exactly once.
//! 5. [`device::Device`] is all of this in one: told what happened, it says what to do.
//! 6. [`backoff::Backoff`] and [`close::Action`] say when, and whether, to connect again.
//! 7. [`client::Client`] runs a device over a real connection and keeps in a [`store::Store`] what must survive a crash.
//!
//! Most programs need only the last one and the plain calls. The crate draws no conclusions about a user interface. Fields that
//! it does not know are ignored, as the contract asks of every client.
#![warn(missing_docs)]

pub mod backoff;
pub mod client;
pub mod close;
pub mod device;
pub mod model;
pub mod outbox;
pub mod rest;
pub mod socket;
pub mod store;
pub mod sync;
