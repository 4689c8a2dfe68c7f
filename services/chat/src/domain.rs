//! Pure rules of chat: what a message, a room, a position may be.
