//! What the measurement of people needs before it begins: a node as anybody starts it.

use std::path::Path;

use kith_e2e::{Node, Settings};

/// Starts the binary on an empty data folder.
pub(crate) async fn node(kith: &Path) -> Node {
    Node::start_with(Settings::default().on_disk().with_binary(kith)).await
}

/// Starts the binary on a folder that stays, with whatever is in it already.
pub(crate) async fn node_in(kith: &Path, folder: &Path) -> Node {
    Node::start_with(Settings::default().in_folder(folder).with_binary(kith)).await
}
