//! The description of the socket's frames, AsyncAPI 3.0.

use serde_json::{Value, json};

/// The document.
pub(crate) fn document() -> Value {
    json!({"asyncapi": "3.0.0"})
}
