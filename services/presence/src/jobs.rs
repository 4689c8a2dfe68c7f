//! The background loops of a presence node.

mod follow_visibility;
mod listen_to_bus;
mod reap_leases;
mod resolve_looks;
mod sweep_leases;
mod tick;

use kith_runtime::{Shutdown, Tasks};

use crate::app::App;

/// Starts them all; each goes on whatever happens to it.
pub(crate) fn start(app: &App, tasks: &Tasks) {
    spawn(app, tasks, "presence.listen_to_bus", listen_to_bus::run);
    spawn(app, tasks, "presence.sweep_leases", sweep_leases::run);
    spawn(app, tasks, "presence.reap_leases", reap_leases::run);
    spawn(
        app,
        tasks,
        "presence.follow_visibility",
        follow_visibility::run,
    );
    spawn(app, tasks, "presence.resolve_looks", resolve_looks::run);
    spawn(app, tasks, "presence.tick", tick::run);
}

fn spawn<F>(app: &App, tasks: &Tasks, name: &'static str, run: fn(App) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (app, shutdown): (App, Shutdown) = (app.clone(), tasks.shutdown().clone());
    tasks.restarting(name, move || {
        let (app, shutdown) = (app.clone(), shutdown.clone());
        async move {
            tokio::select! {
                () = run(app) => {}
                () = shutdown.signalled() => {}
            }
        }
    });
}
