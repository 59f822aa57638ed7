//! Things other than memory that a service can leak: descriptors, sockets by state, threads, child processes.
//!
//! To be read at rest: what a service holds while it answers is not leaked.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::descriptor::{Descriptor, descriptors};
use crate::process::ProcError;
use crate::table::{State, each_tcp, each_unix, namespace};
use crate::tree::{Family, family};

/// What the processes of a service hold together.
///
/// Descriptors count in each process that has them, since the limit of open files is one of each process. Sockets
/// count once, by their number, however many processes hold them: what a worker accepts and keeps is one more, and
/// a child that inherits it adds none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open descriptors.
    pub descriptors: u64,
    /// Those of them that are files, directories and devices with a path.
    pub files: u64,
    /// Those that are files which were deleted since, and memory that looks like one (`memfd`).
    pub deleted: u64,
    /// Those that are ends of pipes; a pipe has two.
    pub pipes: u64,
    /// Those that are events, timers, epoll sets and the like (anonymous inodes).
    pub anonymous: u64,
    /// Sockets.
    pub sockets: Sockets,
    /// Threads.
    pub threads: u64,
    /// Living processes beside the first: all that were asked about, and their children.
    pub children: u64,
    /// Children that ended and were not waited for.
    pub zombies: u64,
    /// Processes whose descriptors may not be read; they are missing in all of the above but threads, children
    /// and zombies.
    pub unread: u64,
}

/// Sockets by state. One that nobody holds any more (`TIME_WAIT`) belongs to no process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sockets {
    /// TCP, connected at both ends.
    pub established: u64,
    /// TCP; the other end has closed, the service has not.
    pub close_wait: u64,
    /// TCP, waiting for connections.
    pub listen: u64,
    /// TCP, being opened or closed (`SYN_SENT`, `FIN_WAIT2`, …).
    pub passing: u64,
    /// Unix sockets.
    pub unix: u64,
    /// All others: UDP, netlink, and TCP that was reset or never connected.
    pub other: u64,
}

impl Counts {
    /// Every figure with a stable name, in a stable order.
    pub const fn named(&self) -> [(&'static str, u64); 14] {
        [
            ("descriptors", self.descriptors),
            ("files", self.files),
            ("deleted files", self.deleted),
            ("pipes", self.pipes),
            ("anonymous inodes", self.anonymous),
            ("sockets established", self.sockets.established),
            ("sockets close-wait", self.sockets.close_wait),
            ("sockets listen", self.sockets.listen),
            ("sockets passing", self.sockets.passing),
            ("sockets unix", self.sockets.unix),
            ("sockets other", self.sockets.other),
            ("threads", self.threads),
            ("child processes", self.children),
            ("zombies", self.zombies),
        ]
    }

    fn add(&mut self, descriptor: Descriptor) {
        self.descriptors += 1;
        match descriptor {
            Descriptor::File => self.files += 1,
            Descriptor::Deleted => self.deleted += 1,
            Descriptor::Pipe => self.pipes += 1,
            Descriptor::Anonymous => self.anonymous += 1,
            // Counted by state, and each one once.
            Descriptor::Socket(_) => {}
        }
    }
}

impl Sockets {
    /// Of every state.
    pub const fn total(&self) -> u64 {
        self.established + self.close_wait + self.listen + self.passing + self.unix + self.other
    }

    const fn add(&mut self, state: State) {
        match state {
            State::Established => self.established += 1,
            State::CloseWait => self.close_wait += 1,
            State::Listen => self.listen += 1,
            State::Passing => self.passing += 1,
        }
    }
}

/// The sockets that are held in one network namespace, and a process in it, by which its tables are read.
#[derive(Debug)]
struct Held {
    pid: u32,
    inodes: BTreeSet<u64>,
}

/// Counts what these processes hold. One that ended meanwhile holds nothing.
///
/// # Errors
/// When all of them are gone, or none may be read.
pub fn counts(pids: &[u32]) -> Result<Counts, ProcError> {
    let Family { living, threads, zombies } = family(pids);
    let mut counts = Counts { threads, zombies, children: living.saturating_sub(1), ..Counts::default() };
    let mut held: BTreeMap<Option<PathBuf>, Held> = BTreeMap::new();
    let (mut read, mut failure) = (false, None);
    for pid in pids {
        match descriptors(*pid) {
            Ok(found) => {
                read = true;
                hold(&mut counts, &mut held, *pid, found);
            }
            Err(error) => {
                counts.unread += u64::from(!matches!(error, ProcError::Gone { .. }));
                failure = failure.or(Some(error));
            }
        }
    }
    match failure {
        Some(failure) if !read => return Err(failure),
        _ => {}
    }
    counts.sockets = sockets(held.into_values());
    Ok(counts)
}

fn hold(counts: &mut Counts, held: &mut BTreeMap<Option<PathBuf>, Held>, pid: u32, found: Vec<Descriptor>) {
    let mut inodes = BTreeSet::new();
    for descriptor in found {
        counts.add(descriptor);
        if let Descriptor::Socket(inode) = descriptor {
            inodes.insert(inode);
        }
    }
    if !inodes.is_empty() {
        let own = || Held { pid, inodes: BTreeSet::new() };
        held.entry(namespace(pid)).or_insert_with(own).inodes.append(&mut inodes);
    }
}

fn sockets(held: impl Iterator<Item = Held>) -> Sockets {
    let mut sockets = Sockets::default();
    for Held { pid, mut inodes } in held {
        // The short table first: when everything is found, the long ones need not be read to their end.
        each_unix(pid, |inode| {
            sockets.unix += u64::from(inodes.remove(&inode));
            until_empty(&inodes)
        });
        if !inodes.is_empty() {
            each_tcp(pid, |socket| {
                if inodes.remove(&socket.inode) {
                    sockets.add(socket.state);
                }
                until_empty(&inodes)
            });
        }
        sockets.other += inodes.len() as u64;
    }
    sockets
}

fn until_empty(inodes: &BTreeSet<u64>) -> ControlFlow<()> {
    if inodes.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use super::*;
    use crate::testing::{Child, eventually};
    use crate::tree::with_descendants;

    /// "Requests" of each test.
    const REQUESTS: u64 = 7;

    /// A service that leaks what it is told by lines, one each.
    const LEAKY: &str = "
import os,select,socket,sys,tempfile,threading
kept=[]
listener=socket.socket(); listener.bind(('127.0.0.1',0)); listener.listen()
def peer():
    client=socket.create_connection(listener.getsockname()); accepted=listener.accept()[0]
    return client,accepted
def close_wait():
    client,accepted=peer(); client.close(); accepted.recv(1); kept.append(accepted)
def reset():
    client,accepted=peer(); accepted.send(b'x'); client.recv(1,socket.MSG_PEEK); client.close()
    select.select([accepted],[],[])
    kept.append(accepted)
def half_closed():
    client,accepted=peer(); accepted.shutdown(socket.SHUT_WR); client.recv(1); kept.append((client,accepted))
def deleted():
    handle,path=tempfile.mkstemp(); os.unlink(path)
def thread():
    threading.Thread(target=threading.Event().wait,daemon=True).start()
def zombie():
    pid=os.fork()
    if pid==0: os._exit(0)
    os.waitid(os.P_PID,pid,os.WEXITED|os.WNOWAIT)
def child():
    r,w=os.pipe()
    if os.fork()==0:
        os.write(w,b'x'); sys.stdin.close(); threading.Event().wait()
    os.read(r,1); os.close(r); os.close(w)
leaks=dict(file=lambda:kept.append(open('/dev/null')),deleted=deleted,pipe=os.pipe,thread=thread,zombie=zombie,
  child=child,event=lambda:kept.append(select.epoll()),close_wait=close_wait,reset=reset,half_closed=half_closed,
  established=lambda:kept.append(peer()),unix=lambda:kept.append(socket.socketpair()),
  udp=lambda:kept.append(socket.socket(type=socket.SOCK_DGRAM)),nothing=lambda:peer()[0].close())
print('ready',flush=True)
for line in sys.stdin:
    leaks[line.strip()](); print('done',flush=True)
";

    /// What grew for each request, by name.
    fn leak(what: &str) -> Vec<(&'static str, u64)> {
        let mut child = Child::python(LEAKY);
        child.wait_for_line("ready");
        let mut input = child.0.stdin.take().unwrap();
        let before = counts(&[child.pid()]).unwrap();
        for _ in 0..REQUESTS {
            writeln!(input, "{what}").unwrap();
            child.wait_for_line("done");
        }
        let after = counts(&[child.pid()]).unwrap();
        child.kill_tree();
        let pairs = before.named().into_iter().zip(after.named());
        let growth = pairs.map(|((name, before), (_, after))| (name, after.checked_sub(before).unwrap()));
        growth
            .filter(|(_, growth)| *growth > 0)
            .map(|(name, growth)| {
                assert_eq!(growth % REQUESTS, 0, "{name} grew by {growth} in {REQUESTS} requests for {what}");
                (name, growth / REQUESTS)
            })
            .collect()
    }

    #[test]
    fn one_leaked_thing_per_request_is_one_more_per_request() {
        let check = |what: &str, expected: &[(&str, u64)]| assert_eq!(leak(what), expected, "{what}");
        check("nothing", &[]);
        check("file", &[("descriptors", 1), ("files", 1)]);
        check("deleted", &[("descriptors", 1), ("deleted files", 1)]);
        check("pipe", &[("descriptors", 2), ("pipes", 2)]);
        check("event", &[("descriptors", 1), ("anonymous inodes", 1)]);
        check("close_wait", &[("descriptors", 1), ("sockets close-wait", 1)]);
        check("reset", &[("descriptors", 1), ("sockets other", 1)]);
        check("half_closed", &[("descriptors", 2), ("sockets close-wait", 1), ("sockets passing", 1)]);
        check("established", &[("descriptors", 2), ("sockets established", 2)]);
        check("unix", &[("descriptors", 2), ("sockets unix", 2)]);
        check("udp", &[("descriptors", 1), ("sockets other", 1)]);
        check("thread", &[("threads", 1)]);
        check("zombie", &[("zombies", 1)]);
        check("child", &[("child processes", 1)]);
    }

    /// Two workers that share a listening socket and answer each connection with a byte, but never close one.
    const PRE_FORK: &str = "
import os,socket,sys
listener=socket.socket(); listener.bind(('127.0.0.1',0)); listener.listen(64)
for _ in range(2):
    if os.fork()==0:
        kept=[]
        while True:
            accepted=listener.accept()[0]; kept.append(accepted); accepted.send(b'x')
print(listener.getsockname()[1],flush=True)
sys.stdin.read()
";

    fn connect(address: SocketAddr) -> TcpStream {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.read_exact(&mut [0]).unwrap();
        connection
    }

    #[test]
    fn a_connection_leaked_by_any_worker_is_one_more_and_the_shared_listener_is_one() {
        let mut child = Child::python(PRE_FORK);
        let address = SocketAddr::from(([127, 0, 0, 1], child.read_line().trim().parse().unwrap()));
        let pids = with_descendants(child.pid());
        let read = || counts(&pids).unwrap();
        let before = read();
        assert_eq!((before.children, before.threads, before.sockets.listen), (2, 3, 1), "{before:?}");
        let open: Vec<TcpStream> = (0..REQUESTS).map(|_| connect(address)).collect();
        let during = read();
        assert_eq!(during.sockets.established, REQUESTS);
        assert_eq!(during.descriptors, before.descriptors + REQUESTS);
        drop(open);
        eventually("the workers' ends wait for being closed", || read().sockets.close_wait == REQUESTS);
        assert_eq!(read().sockets, Sockets { close_wait: REQUESTS, ..before.sockets });
        child.kill_tree();
    }

    #[test]
    fn a_socket_that_a_child_inherits_is_still_one() {
        let mut child = Child::python(
            "import os,socket,sys\nheld=[socket.socketpair() for _ in range(5)]\n\
             if os.fork()==0: sys.stdin.read(); os._exit(0)\nprint('ready',flush=True)\nsys.stdin.read()",
        );
        child.wait_for_line("ready");
        let counts = counts(&with_descendants(child.pid())).unwrap();
        assert_eq!(counts.sockets.unix, 10, "{counts:?}");
        assert!(counts.descriptors >= 20, "{counts:?}");
        child.kill_tree();
    }

    #[test]
    fn sockets_of_another_network_namespace_are_found_in_its_own_tables() {
        let script = "import ctypes,socket,sys\n\
            if ctypes.CDLL(None).unshare(0x50000000): ctypes.CDLL(None).unshare(0x40000000)\n\
            s=socket.socket(); s.bind(('0.0.0.0',0)); s.listen()\nprint('ready',flush=True)\nsys.stdin.read()";
        let mut child = Child::python(script);
        child.wait_for_line("ready");
        // Where namespaces are forbidden it listens in ours, and is found all the same.
        let found = counts(&[child.pid(), std::process::id()]).unwrap();
        let own = counts(&[child.pid()]).unwrap();
        assert_eq!(own.sockets, Sockets { listen: 1, ..Sockets::default() });
        assert!(found.sockets.listen >= 1, "{found:?}");
    }

    #[test]
    fn who_is_gone_is_an_error_unless_others_live() {
        assert!(matches!(counts(&[u32::MAX]), Err(ProcError::Gone { pid: u32::MAX })));
        let alone = counts(&[std::process::id()]).unwrap();
        assert!(alone.descriptors >= 3 && alone.threads >= 1 && alone.unread == 0, "{alone:?}");
        assert!(counts(&[std::process::id(), u32::MAX]).is_ok());
    }

    #[test]
    fn names_are_those_of_one_table() {
        let names: BTreeSet<&str> = Counts::default().named().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), Counts::default().named().len());
    }
}
