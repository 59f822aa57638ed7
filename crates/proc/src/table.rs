//! The kernel's tables of sockets. Each network namespace has its own, and they are long under load.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Bytes read of one table; a line of TCP has 150, so that is 400,000 sockets, more than all ports of one address.
/// Sockets beyond are not found.
const TABLE_BYTES_MAX: u64 = 64 << 20;
/// One line at most; longer ones are not of a socket.
const LINE_BYTES_MAX: u64 = 1024;

/// Where TCP sockets stand.
const TCP: [&str; 2] = ["tcp", "tcp6"];

/// The state of a TCP socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Established,
    CloseWait,
    Listen,
    /// Being opened or closed.
    Passing,
}

/// One line of a table of TCP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Socket<'a> {
    pub(crate) inode: u64,
    pub(crate) state: State,
    local: &'a str,
}

impl Socket<'_> {
    /// Its own address.
    pub(crate) fn local(&self) -> Option<SocketAddr> {
        let (ip, port) = self.local.split_once(':')?;
        Some(SocketAddr::new(address(ip)?, u16::from_str_radix(port, 16).ok()?))
    }
}

/// Which network namespace a process is in; processes with the same answer share their tables.
pub(crate) fn namespace(pid: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/ns/net")).ok()
}

/// Looks at every TCP socket in the namespace of a process that some process holds, until told to stop. Those that
/// nobody holds any more (`TIME_WAIT`) have no number and are passed over.
pub(crate) fn each_tcp(pid: u32, mut look: impl FnMut(&Socket<'_>) -> ControlFlow<()>) {
    for table in TCP {
        let seen = each_line(pid, table, |line| match tcp(line) {
            Some(socket) => look(&socket),
            None => ControlFlow::Continue(()),
        });
        if seen.is_break() {
            return;
        }
    }
}

/// Looks at the number of every Unix socket in the namespace of a process, until told to stop.
pub(crate) fn each_unix(pid: u32, mut look: impl FnMut(u64) -> ControlFlow<()>) {
    let _ = each_line(pid, "unix", |line| match line.split_ascii_whitespace().nth(6) {
        Some(inode) => inode.parse().map_or(ControlFlow::Continue(()), &mut look),
        None => ControlFlow::Continue(()),
    });
}

/// The listening Unix sockets of the network namespace that the process is in: number, and path as it was bound.
pub(crate) fn unix_listeners(pid: u32) -> Vec<(u64, PathBuf)> {
    let mut found = Vec::new();
    let _ = each_line(pid, "unix", |line| {
        found.extend(unix_listener(line));
        ControlFlow::Continue(())
    });
    found
}

/// `0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/app.sock`; the flag says that it listens.
fn unix_listener(line: &str) -> Option<(u64, PathBuf)> {
    let mut words = line.split_ascii_whitespace();
    words.nth(3).filter(|flags| *flags == "00010000")?;
    let inode = words.nth(2)?.parse().ok()?;
    words.next().map(|path| (inode, path.into()))
}

fn each_line(pid: u32, table: &str, mut look: impl FnMut(&str) -> ControlFlow<()>) -> ControlFlow<()> {
    let Ok(file) = File::open(format!("/proc/{pid}/net/{table}")) else { return ControlFlow::Continue(()) };
    let mut reader = BufReader::new(file.take(TABLE_BYTES_MAX));
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return ControlFlow::Continue(()),
            // The header and the names of Unix sockets need not be text; neither matters.
            Ok(_) => look(&String::from_utf8_lossy(&line))?,
        }
    }
}

/// `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 12345 …`
fn tcp(line: &str) -> Option<Socket<'_>> {
    let mut words = line.split_ascii_whitespace();
    let local = words.nth(1)?;
    let state = words.nth(1)?;
    let inode = words.nth(5)?.parse().ok()?;
    (inode != 0).then(|| Socket { inode, state: state_of(state), local })
}

/// The kernel's numbers.
fn state_of(number: &str) -> State {
    match number {
        "01" => State::Established,
        "08" => State::CloseWait,
        "0A" => State::Listen,
        _ => State::Passing,
    }
}

/// Words of 32 bits as the machine holds them, in hexadecimal: one for IPv4, four for IPv6.
fn address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    if text.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let words = [word(0)?, word(8)?, word(16)?, word(24)?];
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENING: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0 \
                             0 18934 1 0000000000000000 100 0 0 10 0";

    #[test]
    fn a_line_tells_number_state_and_address() {
        let socket = tcp(LISTENING).unwrap();
        assert_eq!((socket.inode, socket.state), (18934, State::Listen));
        if cfg!(target_endian = "little") {
            assert_eq!(socket.local(), Some("127.0.0.1:8080".parse().unwrap()));
        }
        assert_eq!(tcp(&LISTENING.replace(" 0A ", " 08 ")).unwrap().state, State::CloseWait);
        assert_eq!(tcp(&LISTENING.replace(" 0A ", " 05 ")).unwrap().state, State::Passing);
    }

    #[test]
    fn what_nobody_holds_and_what_is_no_socket_is_passed_over() {
        assert!(tcp(&LISTENING.replace("18934", "0")).is_none());
        assert!(
            tcp("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid")
                .is_none()
        );
        assert!(tcp("").is_none());
    }

    #[test]
    fn both_families_have_addresses() {
        if cfg!(target_endian = "little") {
            assert_eq!(address("0100007F"), Some(Ipv4Addr::LOCALHOST.into()));
            assert_eq!(address("00000000000000000000000001000000"), Some(Ipv6Addr::LOCALHOST.into()));
        }
        assert_eq!(address("00000000000000000000000000000000"), Some(Ipv6Addr::UNSPECIFIED.into()));
        assert_eq!(address("7F"), None);
    }
}
