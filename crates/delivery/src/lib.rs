//! The gateway's side of the two logs, without any IO: what is handed to which socket, what is missing and must be read, what
//! chat must be told to deliver. Everything here is driven from outside, with events and times as arguments; what is to be
//! done because of it comes out as [`Effects`]. The gateway runs it over gRPC and sockets, the simulation over a world that
//! fails in every way it can (`e2e/sim`). Knows neither a protocol nor a runtime.
#![warn(missing_docs)]

pub mod catch_up;
mod comparing;
mod effects;
mod entry;
mod filling;
mod following;
mod log;
mod logs;
mod map;
mod opening;
mod outgoing;
mod seats;
mod slot;
mod slots;
mod socket;
mod subscriptions;
mod telling;

pub use comparing::{Batch, Establishing, Heads, INTERVAL, Pulse};
pub use effects::{AnySlot, Effects, Wanted};
pub use entry::{Effect, Entry};
pub use filling::{Filling, Page};
pub use following::Following;
pub use log::Reading;
pub use logs::Logs;
pub use map::Map;
pub use opening::{Opening, Snapshot, Step};
pub use outgoing::{Lost, MAX_UNANSWERED, Outgoing, Sized};
pub use seats::RoomSeat;
pub use slot::{Key, RoomSlot, Slot, UserSlot};
pub use socket::Socket;
pub use subscriptions::{Request, Subscriptions};
pub use telling::{Told, in_telling_order};
