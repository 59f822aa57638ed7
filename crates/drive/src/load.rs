//! What to play: one dose, as plain data.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use drip_model::{Conduct, Origin, Protocol, Template};

use crate::arrivals::Arrivals;
use crate::proxy::Proxy;
use crate::trust::Trust;

/// One dose of requests, all made from one template.
#[derive(Debug, Clone)]
pub struct Load<'a> {
    /// Scheme, and the name for `Host` and for TLS.
    pub origin: &'a Origin,
    /// Where to connect, resolved once and pinned by the caller.
    pub endpoint: Endpoint,
    /// The request.
    pub template: &'a Template,
    /// Randomness of the slots, and of random arrivals.
    pub seed: u64,
    /// Number of the first request of this dose.
    ///
    /// The numbers that a dose uses are `first`, `first + 1`, … without gaps: as many as [`drip_model::Tally::sent`]
    /// tells.
    pub first: u64,
    /// When it is over.
    pub until: Until,
    /// Requests that are under way at the same time, 1 to [`crate::USERS_MAX`].
    pub users: u32,
    /// Threads that send them, 1 to [`crate::THREADS_MAX`]: the users are shared out to them.
    pub threads: u32,
    /// What makes a request start.
    pub model: Model,
    /// How each user behaves on the wire.
    pub conduct: Conduct,
    /// Which HTTP is spoken.
    pub protocol: Protocol,
    /// Whom TLS believes.
    pub trust: &'a Trust,
    /// Time for one request: connecting, head and body.
    pub request_time_max: Duration,
}

/// Where connections go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Address and port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
    /// A proxy, which goes on to the origin: in a tunnel under TLS, else by the whole URL in each request.
    Proxy(Proxy),
}

impl Endpoint {
    /// The proxy on the way, if there is one.
    pub(crate) const fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Proxy(proxy) => Some(proxy),
            Self::Tcp(_) | Self::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
            Self::Proxy(proxy) => write!(f, "the proxy at {}", proxy.address),
        }
    }
}

/// What makes a request start.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// The answer to the one before: each user sends as soon as it has its answer.
    Closed,
    /// The clock, whatever the service does. A request that finds all users busy starts late, and its latency counts
    /// from when it was due.
    Open(Arrivals),
    /// Nothing does.
    Idle,
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
