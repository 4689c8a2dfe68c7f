//! Tables of bad input.
