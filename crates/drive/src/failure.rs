//! Why a request got no whole answer: which kind an error of the socket, of TLS or of HTTP is, and its words.
//! The words never contain a header's value.

use std::error::Error as _;
use std::io::{self, ErrorKind as Io};
use std::net::SocketAddr;
use std::time::Duration;

use drip_model::ErrorKind;
use tokio_rustls::rustls;

use crate::bounds::{HEAD_BYTES_MAX, HEADERS_MAX};

/// A request without a whole answer.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) words: String,
    /// The connection ended before any byte of the answer came.
    pub(crate) unanswered: bool,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into(), unanswered: false }
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

    pub(crate) fn of_connect(error: &io::Error, address: SocketAddr) -> Self {
        Self::new(kind_of_connect(error), format!("connecting to {address}: {error}"))
    }

    pub(crate) fn of_handshake(error: &io::Error, address: SocketAddr) -> Self {
        Self::new(ErrorKind::Tls, format!("TLS with {address}: {error}"))
    }

    /// An exchange that failed after `received` bytes of its answer.
    pub(crate) fn of_exchange(error: &hyper::Error, received: u64) -> Self {
        if error.is_parse_too_large() {
            return Self::new(ErrorKind::BadAnswer, too_large(received));
        }
        if error.is_parse() {
            return Self::new(ErrorKind::BadAnswer, format!("the answer is not HTTP: {error}"));
        }
        let kind = io_cause(error).map_or(ErrorKind::Reset, kind_of_stream);
        Self { kind, words: words_of(error), unanswered: kind == ErrorKind::Reset && received == 0 }
    }
}

/// The parser has one error for both bounds; bytes tell which one it was.
fn too_large(received: u64) -> String {
    if received >= HEAD_BYTES_MAX as u64 {
        format!("answer head over {} KiB", HEAD_BYTES_MAX / 1024)
    } else {
        format!("answer head with more than {HEADERS_MAX} headers")
    }
}

fn kind_of_connect(error: &io::Error) -> ErrorKind {
    match error.kind() {
        Io::ConnectionRefused | Io::HostUnreachable | Io::NetworkUnreachable => ErrorKind::Refused,
        Io::ConnectionReset | Io::ConnectionAborted => ErrorKind::Reset,
        Io::TimedOut => ErrorKind::Timeout,
        // No descriptor, no port, no memory, no permission: all of these are ours.
        _ => ErrorKind::OurSide,
    }
}

fn kind_of_stream(error: &io::Error) -> ErrorKind {
    if error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()) {
        return ErrorKind::Tls;
    }
    match error.kind() {
        // Malformed chunks are reported as input errors.
        Io::InvalidInput | Io::InvalidData => ErrorKind::BadAnswer,
        Io::TimedOut => ErrorKind::Timeout,
        _ => ErrorKind::Reset,
    }
}

fn io_cause(error: &hyper::Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref() {
            return Some(io);
        }
        cause = inner.source();
    }
    None
}

fn words_of(error: &hyper::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
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
        const ENFILE: i32 = 23;
        const EMFILE: i32 = 24;
        check(io::Error::from_raw_os_error(EMFILE), ErrorKind::OurSide);
        check(io::Error::from_raw_os_error(ENFILE), ErrorKind::OurSide);
        check(Io::AddrNotAvailable.into(), ErrorKind::OurSide);
        check(Io::ConnectionRefused.into(), ErrorKind::Refused);
        check(Io::NetworkUnreachable.into(), ErrorKind::Refused);
        check(Io::ConnectionReset.into(), ErrorKind::Reset);
        check(Io::TimedOut.into(), ErrorKind::Timeout);
    }

    #[test]
    fn an_oversized_head_is_told_by_the_bound_that_it_passed() {
        assert_eq!(too_large(65_536), "answer head over 64 KiB");
        assert_eq!(too_large(9_000), "answer head with more than 256 headers");
    }
}
