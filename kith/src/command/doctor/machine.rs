//! Files, disk and ports of this machine.

use std::path::Path;

use rustix::process::{Resource, getrlimit};
use tokio::net::TcpListener;

use super::Finding;
use crate::config::{Config, Role};

/// Sockets and a few files; below it, busy nodes refuse connections.
const WANTED_FILES: u64 = 65_536;
/// Below it a node fills the disk within days; below the second one it should not be started at all.
const WANTED_DISK: u64 = 5 << 30;
const LEAST_DISK: u64 = 512 << 20;

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![files()];
    if config.is_embedded() {
        findings.extend(disk(&config.folder()));
    }
    if config.node.roles.contains(Role::Gateway) {
        findings.push(port(config.server.listen, "--listen").await);
    }
    findings.push(port(config.server.internal_listen, "--internal-listen").await);
    findings
}

fn files() -> Finding {
    // The node raises its own limit to the hard one.
    match getrlimit(Resource::Nofile).maximum {
        Some(limit) if limit < WANTED_FILES => Finding::better(
            format!("at most {limit} open files, so fewer sockets than that"),
            format!("ulimit -n {WANTED_FILES}   (systemd: LimitNOFILE={WANTED_FILES})"),
        ),
        Some(limit) => Finding::fine(format!("up to {limit} open files")),
        None => Finding::fine("any number of open files"),
    }
}

fn disk(folder: &Path) -> Option<Finding> {
    let existing = folder
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() {
        Path::new(".")
    } else {
        existing
    };
    let disk = rustix::fs::statvfs(existing).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let shown = format!("{} MiB free for {}", free >> 20, folder.display());
    Some(if free < LEAST_DISK {
        Finding::missing(shown, "make room, or choose another folder with --data")
    } else if free < WANTED_DISK {
        Finding::better(shown, "make room, or choose another folder with --data")
    } else {
        Finding::fine(shown)
    })
}

async fn port(address: std::net::SocketAddr, flag: &str) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::fine(format!("{address} is free ({flag})")),
        Err(error) => Finding::missing(
            format!("{address} cannot be listened on: {error}"),
            format!(
                "{flag} with another port, or end what uses it: ss -ltnp 'sport = :{}'",
                address.port()
            ),
        ),
    }
}
