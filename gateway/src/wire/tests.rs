//! Shapes, as text.
