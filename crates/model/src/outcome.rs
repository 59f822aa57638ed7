//! What a signal did, and what that means for a vector.

use std::fmt;

use crate::series::{Signal, Unit};

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Best value.
    pub estimate: f64,
    /// Upper end.
    pub high: f64,
    /// Confidence level, e.g. 0.99.
    pub level: f64,
}

/// A threshold that a verdict used, printed with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Stable name: `allowance`, `cache`, …
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// What it counts; `None` for a plain number.
    pub unit: Option<Unit>,
    /// What it is for, in a sentence fragment.
    pub why: &'static str,
}

/// What one signal did over the judged part of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Growth {
    /// It grew with each request, beyond what a cache may hold, and did not stop.
    Grows,
    /// It grew and the growth stopped.
    Bounded {
        /// Where it stopped, bytes or things above the baseline of the judged part.
        plateau: f64,
    },
    /// What growth there may be is below what matters.
    Flat,
    /// The data decide neither.
    Undecided,
}

/// All that the judge says of one signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Which signal.
    pub signal: Signal,
    /// What it did.
    pub growth: Growth,
    /// Growth per request, bytes or things.
    pub per_request: Interval,
    /// The smallest growth per request that would have been seen.
    pub smallest_detectable: f64,
    /// Requests in the judged part.
    pub requests: u64,
    /// Every threshold used.
    pub thresholds: Vec<Threshold>,
    /// What keeps it from being sure.
    pub doubts: Vec<Doubt>,
}

/// Why a verdict is not sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DoubtKind {
    /// The growth seen is still within what a cache may hold.
    CacheMayBeFilling,
    /// Too few readings, or readings too noisy, for any answer.
    NotEnoughData,
    /// No request succeeded.
    NoSuccess,
    /// Part of the requests failed.
    ManyErrors,
    /// No memory source: symptoms alone.
    MemoryNotSeen,
    /// Two signals say different things.
    SignalsDisagree,
    /// A tracing collector may not have run yet.
    GarbageNotCollected,
    /// A process of the service was replaced in the run.
    ProcessReplaced,
    /// Some readings were missed.
    ReadingMissed,
    /// The better signal could not be had, and why.
    FloorNotAvailable,
    /// The run was interrupted.
    Interrupted,
    /// Time or requests ran out.
    BudgetSpent,
    /// The run was stopped to protect the machine.
    MemoryGuard,
    /// The service asked us to slow down.
    RateLimited,
    /// Growth with requests and growth with time could not be told apart.
    TimeOrRequests,
    /// The process that was read does not own the service's socket.
    NotTheService,
    /// Growth that fresh doses did not show again.
    NotConfirmed,
    /// Descriptors, sockets, threads or the like grow, and a pool that fills would look the same.
    PoolMayBeFilling,
    /// We lacked something ourselves: ports, descriptors, time.
    LoadLimited,
    /// It was asked together with others, and whose growth it was could not be told.
    NotToldApart,
    /// The request may store what it sends, and stored data is meant to stay.
    StoredData,
}

impl DoubtKind {
    /// As documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CacheMayBeFilling => "cache-may-be-filling",
            Self::NotEnoughData => "not-enough-data",
            Self::NoSuccess => "no-success",
            Self::ManyErrors => "many-errors",
            Self::MemoryNotSeen => "memory-not-seen",
            Self::SignalsDisagree => "signals-disagree",
            Self::GarbageNotCollected => "garbage-not-collected",
            Self::ProcessReplaced => "process-replaced",
            Self::ReadingMissed => "reading-missed",
            Self::FloorNotAvailable => "floor-not-available",
            Self::Interrupted => "interrupted",
            Self::BudgetSpent => "budget-spent",
            Self::MemoryGuard => "memory-guard",
            Self::RateLimited => "rate-limited",
            Self::TimeOrRequests => "time-or-requests",
            Self::NotTheService => "not-the-service",
            Self::NotConfirmed => "not-confirmed",
            Self::PoolMayBeFilling => "pool-may-be-filling",
            Self::LoadLimited => "load-limited",
            Self::NotToldApart => "not-told-apart",
            Self::StoredData => "stored-data",
        }
    }
}

/// A reason for not being sure, in words, with what would resolve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Which kind.
    pub kind: DoubtKind,
    /// A sentence for a person.
    pub message: String,
}

impl Doubt {
    /// A doubt.
    pub fn new(kind: DoubtKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With a status.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It is gone and nobody saw how.
    Unseen,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unseen => f.write_str("an unknown status"),
        }
    }
}

/// The death of a service under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    /// How it ended.
    pub exit: Exit,
    /// Requests until then.
    pub after_requests: u64,
    /// What proves that memory ran out, where something does; `None` leaves the cause open.
    pub out_of_memory: Option<String>,
}

/// Time until a limit, and requests where these are what fills it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToLimit {
    /// The limit, in this unit.
    pub amount: u64,
    /// Bytes, or things.
    pub unit: Unit,
    /// Which limit that is, in words.
    pub limit: String,
    /// Seconds until it is reached, at the estimate.
    pub seconds: f64,
    /// At the upper and the lower end of the interval; `None` where the lower end never reaches it.
    pub seconds_range: (f64, Option<f64>),
    /// The same in requests; `None` where memory grows without any.
    pub by_requests: Option<ByRequests>,
}

/// Requests until a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct ByRequests {
    /// At the estimate.
    pub requests: f64,
    /// At the upper and the lower end of the interval; `None` where the lower end never reaches it.
    pub range: (f64, Option<f64>),
    /// The rate that time is reckoned at.
    pub rate_per_second: f64,
}

/// The seven verdicts, worst first. Their order is the order of badness.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The service died or was killed.
    Crashed(Crash),
    /// Memory grows with each request and did not stop.
    Leaking,
    /// Memory grows only with new keys from the client.
    Unbounded {
        /// Which part of the request is the key.
        key: String,
    },
    /// Memory grows without requests.
    GrowingWithTime {
        /// Bytes per hour.
        per_hour: Interval,
    },
    /// The data decide neither.
    Unclear,
    /// It grew, and the growth stopped.
    Settling {
        /// Where it stopped, above the baseline of the judged part.
        plateau: f64,
    },
    /// Growth is below what matters.
    Steady,
}

impl Verdict {
    /// As documents have it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Crashed(_) => "crashed",
            Self::Leaking => "leaking",
            Self::Unbounded { .. } => "unbounded",
            Self::GrowingWithTime { .. } => "growing-with-time",
            Self::Unclear => "unclear",
            Self::Settling { .. } => "settling",
            Self::Steady => "steady",
        }
    }

    /// All names, worst first.
    pub const NAMES: [&'static str; 7] =
        ["crashed", "leaking", "unbounded", "growing-with-time", "unclear", "settling", "steady"];

    /// Position in the order of badness; 0 is the worst.
    pub fn badness_rank(&self) -> usize {
        Self::NAMES.iter().position(|name| *name == self.name()).unwrap_or(Self::NAMES.len())
    }

    /// Whether it fails a build by itself.
    pub const fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Crashed(_) | Self::Leaking | Self::Unbounded { .. } | Self::GrowingWithTime { .. }
        )
    }
}
