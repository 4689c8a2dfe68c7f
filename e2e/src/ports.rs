//! Ports for servers that are told their port before they start, or start again on it.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Below the ports that the system gives to whoever asks for any, and to the near end of connections: one that was merely free a moment ago is
/// somebody's connection by the time its server starts.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Locks of this process's ports, one file each.
static OURS: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port that nobody listens on, and that no other test gets before this process has ended.
pub fn free_port() -> u16 {
    let folder = std::env::temp_dir().join("kith-e2e-ports");
    fs::create_dir_all(&folder).unwrap();
    let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    let (port, lock) = PORTS
        .filter_map(|port| Some((port, reserve(&folder, port)?)))
        .find(|(port, _)| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a port is free");
    ours.push(lock);
    port
}

/// The lock of a port, if nobody has it; the system lets it go with its process.
fn reserve(folder: &Path, port: u16) -> Option<File> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(folder.join(port.to_string()))
        .unwrap();
    file.try_lock().is_ok().then_some(file)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice_though_nobody_listens_on_it() {
        let ports: HashSet<u16> = (0..100).map(|_| free_port()).collect();

        assert_eq!(ports.len(), 100);
        let ephemeral = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
        let first: u16 = ephemeral
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(ports.iter().all(|port| *port < first), "{ports:?}");
    }
}
