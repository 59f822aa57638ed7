//! Where processes listen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::{FDTarget, Process};

use crate::process::{name, open};

/// A TCP socket that waits for connections, and one process that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    /// The number of the socket.
    pub inode: u64,
    /// The process. Pre-fork servers hold one socket in several, and each is reported.
    pub pid: u32,
}

impl Listener {
    /// Where it can be reached from this machine: a socket bound to every address, by the loopback.
    pub fn reachable(&self) -> SocketAddr {
        let ip =
            if self.address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { self.address.ip() };
        SocketAddr::new(ip, self.address.port())
    }
}

/// Every socket on which one of these processes listens.
pub fn listeners(pids: &[u32]) -> Vec<Listener> {
    // The table belongs to a network namespace and is long under load, so it is read once for each.
    let mut tables: BTreeMap<Option<PathBuf>, Vec<TcpNetEntry>> = BTreeMap::new();
    let mut found = Vec::new();
    for pid in pids {
        let Ok(process) = open(*pid) else { continue };
        let held = socket_inodes(&process);
        if held.is_empty() {
            continue;
        }
        let namespace = std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
        let table = tables.entry(namespace).or_insert_with(|| listening(&process));
        let own = table.iter().filter(|entry| held.contains(&entry.inode));
        found.extend(own.map(|entry| Listener {
            address: entry.local_address,
            inode: entry.inode,
            pid: *pid,
        }));
    }
    found
}

/// Who on this machine listens on a port: number and name. `None` when nobody does, or when it may not be known.
pub fn listener_owner(port: u16) -> Option<(u32, String)> {
    let myself = Process::myself().ok()?;
    let on_port = listening(&myself).into_iter().filter(|entry| entry.local_address.port() == port);
    let wanted: BTreeSet<u64> = on_port.map(|entry| entry.inode).collect();
    if wanted.is_empty() {
        return None;
    }
    let holds = |process: &Process| !socket_inodes(process).is_disjoint(&wanted);
    let owner = procfs::process::all_processes().ok()?.flatten().find(holds)?;
    let pid = u32::try_from(owner.pid()).ok()?;
    Some((pid, name(pid)?))
}

/// The listening sockets of the network namespace that the process is in.
fn listening(process: &Process) -> Vec<TcpNetEntry> {
    let tables = [process.tcp().unwrap_or_default(), process.tcp6().unwrap_or_default()];
    tables.into_iter().flatten().filter(|entry| entry.state == TcpState::Listen).collect()
}

fn socket_inodes(process: &Process) -> BTreeSet<u64> {
    let Ok(descriptors) = process.fd() else { return BTreeSet::new() };
    let inode = |target: FDTarget| match target {
        FDTarget::Socket(inode) => Some(inode),
        _ => None,
    };
    descriptors.flatten().filter_map(|descriptor| inode(descriptor.target)).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::testing::Child;
    use crate::tree::with_descendants;

    fn listening_child(family: &str, host: &str, then: &str) -> (Child, SocketAddr) {
        let mut child = Child::python(&format!(
            "import os,socket,sys\ns=socket.socket(socket.{family})\ns.bind(('{host}',0))\ns.listen()\n\
             {then}\nprint(s.getsockname()[1],flush=True)\nsys.stdin.read()"
        ));
        let port = child.read_line().trim().parse().unwrap();
        let host = host.parse().unwrap();
        (child, SocketAddr::new(host, port))
    }

    fn check(family: &str, host: &str) {
        let (child, address) = listening_child(family, host, "");
        let found = listeners(&[child.pid()]);
        let found: Vec<_> = found.iter().map(|listener| (listener.address, listener.pid)).collect();
        assert_eq!(found, [(address, child.pid())]);
    }

    #[test]
    fn a_listening_child_is_found_with_its_address() {
        check("AF_INET", "127.0.0.1");
        check("AF_INET", "0.0.0.0");
        check("AF_INET6", "::1");
        check("AF_INET6", "::");
    }

    #[test]
    fn each_process_that_holds_a_pre_forked_socket_is_reported() {
        let fork = "if os.fork()==0: sys.stdin.read(); os._exit(0)";
        let (child, address) = listening_child("AF_INET", "127.0.0.1", fork);
        let found = listeners(&with_descendants(child.pid()));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|listener| listener.address == address));
        assert_eq!(found[0].inode, found[1].inode);
        assert_ne!(found[0].pid, found[1].pid);
        child.kill_tree();
    }

    #[test]
    fn a_socket_of_somebody_else_or_one_that_is_connected_is_no_listener() {
        let own = TcpListener::bind("127.0.0.1:0").unwrap();
        let _connected = std::net::TcpStream::connect(own.local_addr().unwrap()).unwrap();
        let mine = listeners(&[std::process::id()]);
        let on_port = mine.iter().filter(|listener| listener.address == own.local_addr().unwrap());
        assert_eq!(on_port.count(), 1);
        let (child, _) = listening_child("AF_INET", "127.0.0.1", "");
        assert!(
            listeners(&[child.pid()]).iter().all(|listener| listener.address != own.local_addr().unwrap())
        );
    }

    #[test]
    fn the_owner_of_a_port_is_named() {
        let (child, address) = listening_child("AF_INET", "127.0.0.1", "");
        let (pid, name) = listener_owner(address.port()).unwrap();
        assert_eq!(pid, child.pid());
        assert!(name.starts_with("python"), "{name}");
        drop(child);
        assert_eq!(listener_owner(address.port()), None);
    }
}
