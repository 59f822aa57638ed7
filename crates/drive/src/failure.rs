//! Why a request got no whole answer: which kind an error of the socket, of TLS or of HTTP is, and its words.
//! The words never contain a header's value.

use std::io::{self, ErrorKind as Io};
use std::time::Duration;

use drip_model::{ErrorKind, Shortage};
use rustix::io::Errno;

use crate::answer::Malformed;
use crate::load::Endpoint;

/// What the library finds wrong has a reason that is a code of HTTP/2, and no words.
const NOT_HTTP2: &str = "the answer is not HTTP/2, breaks its rules, or passes a bound on its head";

/// A request without a whole answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{words}")]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) words: String,
    /// What we lacked ourselves.
    pub(crate) shortage: Option<Shortage>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into(), shortage: None }
    }

    pub(crate) fn our_side(words: impl Into<String>) -> Self {
        Self::new(ErrorKind::OurSide, words)
    }

    pub(crate) fn timeout(time_max: Duration) -> Self {
        Self::new(ErrorKind::Timeout, format!("no answer within {} s", time_max.as_secs_f64()))
    }

    pub(crate) fn cut_short() -> Self {
        Self::new(ErrorKind::Timeout, "no answer before the run was stopped".to_owned())
    }

    pub(crate) fn of_connect(error: &io::Error, endpoint: &Endpoint) -> Self {
        let shortage = shortage(error);
        Self { shortage, ..Self::new(kind_of_connect(error), format!("connecting to {endpoint}: {error}")) }
    }

    pub(crate) fn of_handshake(error: &io::Error, endpoint: &Endpoint) -> Self {
        Self::new(ErrorKind::Tls, format!("TLS with {endpoint}: {error}"))
    }

    /// A connection that broke after `received` bytes of an answer.
    pub(crate) fn of_stream(error: &io::Error, received: usize) -> Self {
        Self::new(kind_of_stream(error), format!("{error} after {received} bytes of the answer"))
    }

    /// A stream or a connection of HTTP/2 that ended after `received` bytes of an answer.
    pub(crate) fn of_http2(error: &h2::Error, received: usize) -> Self {
        let reason = error.reason().map(|reason| format!("{reason:?}")).unwrap_or_default();
        match error.get_io() {
            // What the library makes of the end of a connection.
            Some(end) if end.kind() == Io::BrokenPipe => Self::closed(received),
            Some(io) => Self::of_stream(io, received),
            None if error.is_library() => Self::new(ErrorKind::BadAnswer, format!("{NOT_HTTP2} ({reason})")),
            None if error.is_remote() => {
                let what = if error.is_reset() { "stream reset" } else { "connection given up" };
                Self::new(
                    ErrorKind::Reset,
                    format!("{what} by the service ({reason}) after {received} bytes of the answer"),
                )
            }
            None => Self::our_side(error.to_string()),
        }
    }

    /// A connection that ended after `received` bytes of an answer.
    pub(crate) fn closed(received: usize) -> Self {
        Self::new(ErrorKind::Reset, format!("connection closed after {received} bytes of the answer"))
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::new(ErrorKind::BadAnswer, malformed.to_string())
    }
}

fn shortage(error: &io::Error) -> Option<Shortage> {
    match Errno::from_io_error(error)? {
        Errno::ADDRNOTAVAIL => Some(Shortage::Ports),
        Errno::MFILE | Errno::NFILE => Some(Shortage::Descriptors),
        _ => None,
    }
}

fn kind_of_connect(error: &io::Error) -> ErrorKind {
    match error.kind() {
        Io::ConnectionRefused | Io::HostUnreachable | Io::NetworkUnreachable => ErrorKind::Refused,
        Io::ConnectionReset | Io::ConnectionAborted => ErrorKind::Reset,
        Io::TimedOut => ErrorKind::Timeout,
        // A Unix socket whose queue is full refuses at once.
        Io::WouldBlock | Io::NotFound => ErrorKind::Refused,
        // No descriptor, no port, no memory, no permission: all of these are ours.
        _ => ErrorKind::OurSide,
    }
}

fn kind_of_stream(error: &io::Error) -> ErrorKind {
    match error.kind() {
        // Broken records, and an end without TLS's goodbye.
        Io::InvalidData | Io::UnexpectedEof => ErrorKind::Tls,
        Io::TimedOut => ErrorKind::Timeout,
        _ => ErrorKind::Reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: io::Error, expected: ErrorKind) {
        assert_eq!(kind_of_connect(&error), expected, "{error}");
    }

    #[test]
    fn what_we_lack_is_our_side_and_what_the_peer_does_is_not() {
        check(Errno::MFILE.into(), ErrorKind::OurSide);
        check(Errno::NFILE.into(), ErrorKind::OurSide);
        check(Errno::ADDRNOTAVAIL.into(), ErrorKind::OurSide);
        check(Io::ConnectionRefused.into(), ErrorKind::Refused);
        check(Io::NetworkUnreachable.into(), ErrorKind::Refused);
        check(Io::ConnectionReset.into(), ErrorKind::Reset);
        check(Io::TimedOut.into(), ErrorKind::Timeout);
    }

    #[test]
    fn what_we_lack_has_a_name() {
        let lacked = |errno: Errno| {
            let endpoint = Endpoint::Unix("/run/x".into());
            Failure::of_connect(&errno.into(), &endpoint).shortage
        };
        assert_eq!(lacked(Errno::ADDRNOTAVAIL), Some(Shortage::Ports));
        assert_eq!(lacked(Errno::MFILE), Some(Shortage::Descriptors));
        assert_eq!(lacked(Errno::CONNREFUSED), None);
    }
}
