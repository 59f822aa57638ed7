//! What to play: one dose, as plain data.

use std::net::SocketAddr;
use std::time::Duration;

use drip_model::{Origin, Template};

/// One dose of requests, all made from one template.
#[derive(Debug, Clone)]
pub struct Load<'a> {
    /// Scheme, and the name for `Host` and for TLS.
    pub origin: &'a Origin,
    /// Where to connect, resolved once and pinned by the caller.
    pub address: SocketAddr,
    /// The request.
    pub template: &'a Template,
    /// Randomness of the slots.
    pub seed: u64,
    /// Number of the first request of this dose.
    ///
    /// The numbers that a dose uses are `first`, `first + 1`, … without gaps: as many as its tally has
    /// answers and errors.
    pub first: u64,
    /// When it is over.
    pub until: Until,
    /// Connections that are used at the same time, 1 to [`crate::USERS_MAX`].
    pub users: u32,
    /// Requests per second over all users; `None` lets each user send as soon as it has its answer.
    pub rate: Option<f64>,
    /// Time for one request: connecting, head and body.
    pub request_time_max: Duration,
}

/// When a dose is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// After a number of requests.
    Requests {
        /// How many.
        count: u64,
        /// The time after which it is over all the same.
        time_max: Duration,
    },
    /// After a time.
    Elapsed(Duration),
}

impl Until {
    pub(crate) const fn count(self) -> u64 {
        match self {
            Self::Requests { count, .. } => count,
            Self::Elapsed(_) => u64::MAX,
        }
    }

    pub(crate) const fn time_max(self) -> Duration {
        match self {
            Self::Requests { time_max, .. } => time_max,
            Self::Elapsed(time) => time,
        }
    }
}
