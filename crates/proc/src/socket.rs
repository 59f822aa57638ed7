//! Where processes listen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::descriptor::socket_inodes;
use crate::process::name;
use crate::table::{State, each_tcp, namespace, unix_listeners};

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
    let mut tables: BTreeMap<Option<PathBuf>, Vec<(u64, SocketAddr)>> = BTreeMap::new();
    let mut found = Vec::new();
    for pid in pids {
        let held: BTreeSet<u64> = socket_inodes(*pid).collect();
        if held.is_empty() {
            continue;
        }
        let table = tables.entry(namespace(*pid)).or_insert_with(|| listening(*pid));
        let own = table.iter().filter(|(inode, _)| held.contains(inode));
        found.extend(own.map(|(inode, address)| Listener { address: *address, inode: *inode, pid: *pid }));
    }
    found
}

/// Which of these processes listen on a Unix socket. A path that was bound relative to a folder of the process counts
/// if it ends the same.
pub fn unix_owners(pids: &[u32], path: &Path) -> Vec<u32> {
    let is_it = |(inode, bound): (u64, PathBuf)| path.ends_with(&bound).then_some(inode);
    let owns = |pid: &u32| {
        let sockets: BTreeSet<u64> = unix_listeners(*pid).into_iter().filter_map(is_it).collect();
        !sockets.is_empty() && socket_inodes(*pid).any(|inode| sockets.contains(&inode))
    };
    pids.iter().copied().filter(owns).collect()
}

/// Who on this machine listens on a port: number and name. `None` when nobody does, or when it may not be known.
pub fn listener_owner(port: u16) -> Option<(u32, String)> {
    let on_port = listening(std::process::id()).into_iter().filter(|(_, address)| address.port() == port);
    let wanted: BTreeSet<u64> = on_port.map(|(inode, _)| inode).collect();
    if wanted.is_empty() {
        return None;
    }
    let mut processes = procfs::process::all_processes().ok()?.flatten();
    let owner = processes.find_map(|process| {
        let pid = u32::try_from(process.pid()).ok()?;
        socket_inodes(pid).any(|inode| wanted.contains(&inode)).then_some(pid)
    })?;
    Some((owner, name(owner)?))
}

/// The listening sockets of the network namespace that the process is in, by number.
fn listening(pid: u32) -> Vec<(u64, SocketAddr)> {
    let mut found = Vec::new();
    each_tcp(pid, |socket| {
        if socket.state == State::Listen {
            found.extend(socket.local().map(|address| (socket.inode, address)));
        }
        ControlFlow::Continue(())
    });
    found
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
    fn the_owners_of_a_unix_socket_are_those_that_listen_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.sock");
        let me = std::process::id();
        assert_eq!(unix_owners(&[me], &path), []);
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let _connected = std::os::unix::net::UnixStream::connect(&path).unwrap();
        let (child, _) = listening_child("AF_INET", "127.0.0.1", "");
        assert_eq!(unix_owners(&[me, child.pid()], &path), [me]);
        assert_eq!(unix_owners(&[me], &folder.path().join("other.sock")), []);
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
