//! One user of a dose: its connection, or its share of one, and the request that is under way on it.

use std::time::Instant;

use crate::answer::Reader;
use crate::http2::Stream;
use crate::line::Line;

/// What a user is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No request is under way; the connection may be kept.
    Resting,
    /// None is, and none starts for a while, since the last one failed.
    Pausing,
    Connecting,
    Asking,
}

#[derive(Debug)]
pub(super) struct User {
    pub(super) phase: Phase,
    pub(super) line: Option<Line>,
    /// Counts its connections, so that news of an earlier one are known as such.
    pub(super) lines: u32,
    /// The request under way, when it was due, and when it is given up.
    pub(super) n: u64,
    pub(super) is_control: bool,
    pub(super) due: Instant,
    pub(super) deadline: Instant,
    /// Bytes of it that are sent.
    pub(super) sent: usize,
    pub(super) is_sent: bool,
    /// Bytes of the answer that have come.
    pub(super) received: usize,
    pub(super) reader: Reader,
    /// Over HTTP/2: the connection that has the request, the last one that had one, and the request's own stream.
    pub(super) trunk: Option<usize>,
    pub(super) home: usize,
    pub(super) stream: Option<Stream>,
    /// The request was sent once more already, over HTTP/2.
    pub(super) is_resent: bool,
    /// A slow client does nothing before this.
    pub(super) not_before: Option<Instant>,
}

impl User {
    pub(super) fn new(now: Instant, keeps_heads: bool) -> Self {
        Self {
            phase: Phase::Resting,
            line: None,
            lines: 0,
            n: 0,
            is_control: false,
            due: now,
            deadline: now,
            sent: 0,
            is_sent: false,
            received: 0,
            reader: if keeps_heads { Reader::keeping_text() } else { Reader::default() },
            trunk: None,
            home: 0,
            stream: None,
            is_resent: false,
            not_before: None,
        }
    }

    pub(super) fn is_asking(&self) -> bool {
        matches!(self.phase, Phase::Connecting | Phase::Asking)
    }

    pub(super) fn hang_up(&mut self) {
        if let Some(line) = self.line.take() {
            line.close();
        }
    }
}

/// What the poll knows a connection by: its user or, over HTTP/2, its place, and which connection there it is.
pub(super) fn token(user: usize, lines: u32) -> u64 {
    user as u64 | u64::from(lines) << u32::BITS
}

/// The way back. There are fewer users than 32 bits can count.
pub(super) const fn untoken(token: u64) -> (usize, u32) {
    (token as u32 as usize, (token >> u32::BITS) as u32)
}
