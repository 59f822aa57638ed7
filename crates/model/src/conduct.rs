//! How a client behaves on the wire while it asks.

use std::time::Duration;

/// What a client does with its connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Conduct {
    /// Sends the request, reads the answer, keeps the connection.
    #[default]
    Polite,
    /// Has a new connection for each request, and announces it.
    FreshConnection,
    /// Hangs up in the middle.
    HangUp(HangUp),
    /// Sends the request in small pieces.
    SlowWrite(Trickle),
    /// Reads the answer in small pieces, so that the service has to hold the rest.
    SlowRead(Trickle),
    /// Says after the request that nothing more will come, and reads the answer on the half-open connection.
    HalfOpen,
}

/// When a client hangs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUp {
    /// After so many bytes of its request, at the latest after all of them.
    Sent(usize),
    /// After so many bytes of the answer, unless it is whole by then.
    Received(usize),
}

/// A few bytes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trickle {
    /// How many.
    pub bytes: usize,
    /// The pause after them.
    pub every: Duration,
}

impl Conduct {
    /// Whether each request has a connection of its own.
    pub const fn is_single_use(self) -> bool {
        !matches!(self, Self::Polite | Self::SlowWrite(_) | Self::SlowRead(_))
    }
}
