//! Tokens and their ends.
