//! What goes on without being asked: relays of the outbox, the poller of revocations, the reload of the keys, the tidying.

mod follow_revocations;
mod relay_outbox;
mod reload_keys;
mod tidy;

use std::sync::Arc;

use kith_client::Upstream;
use kith_runtime::Tasks;

use crate::{app::App, store::outbox::Target};

/// Starts them all; each goes on whatever happens, until the shutdown.
pub(crate) fn start(app: &Arc<App>, friends: &Upstream, chat: &Upstream, tasks: &Tasks) {
    for (name, target, sibling) in [
        ("accounts.relay_to_friends", Target::Friends, friends),
        ("accounts.relay_to_chat", Target::Chat, chat),
    ] {
        let (app, sibling) = (Arc::clone(app), sibling.clone());
        tasks.restarting(name, move || {
            relay_outbox::run(Arc::clone(&app), target, sibling.clone())
        });
    }
    let following = Arc::clone(app);
    tasks.restarting("accounts.follow_revocations", move || {
        follow_revocations::run(Arc::clone(&following))
    });
    let reloading = Arc::clone(app);
    tasks.restarting("accounts.reload_keys", move || {
        reload_keys::run(Arc::clone(&reloading))
    });
    let tidied = Arc::clone(app);
    tasks.restarting("accounts.tidy", move || tidy::run(Arc::clone(&tidied)));
}
