//! Sockets over real connections, in front of a chat service that does what the test says.

mod delivery;
mod endings;
mod hello;
mod presence;
mod typing;
mod world;
