//! What a load needs before it begins: a node, people, rooms.

use std::path::Path;

use futures::{StreamExt as _, stream};
use kith_e2e::{Group, Node, Person, Settings, group};

/// Passwords are hashed at sign-up, which keeps both processors busy; more at once would only queue.
const AT_ONCE: usize = 4;

/// Starts the binary on an empty data folder.
pub(crate) async fn node(kith: &Path) -> Node {
    Node::start_with(Settings::default().on_disk().with_binary(kith)).await
}

/// Starts the binary on a folder that stays, with whatever is in it already.
pub(crate) async fn node_in(kith: &Path, folder: &Path) -> Node {
    Node::start_with(Settings::default().in_folder(folder).with_binary(kith)).await
}

/// Makes `count` groups of `size` people each. Names begin with `prefix`, which must be new to the node.
pub(crate) async fn groups(node: &Node, prefix: &str, count: usize, size: usize) -> Vec<Group> {
    let names = (0..count * size).map(|n| format!("{prefix}{n}"));
    let people: Vec<Person> = stream::iter(names)
        .map(|name| async move { Person::sign_up(node, &name).await })
        .buffered(AT_ONCE)
        .collect()
        .await;
    // One after the other: a group of ten already makes nine calls at once.
    let mut groups = Vec::with_capacity(count);
    for people in people.chunks(size) {
        groups.push(group(prefix, people).await);
    }
    groups
}
