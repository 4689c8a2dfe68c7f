//! Layers, one by one.
