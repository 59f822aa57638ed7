//! What was read, beside how much work was done by then.

use std::fmt;
use std::time::Duration;

/// What a number is a reading of. Better ones come first: the order is the order of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Live bytes after a forced collection.
    LiveHeap,
    /// Heap in use after the runtime's own last collection.
    HeapAfterGc,
    /// Anonymous memory of the process tree after a forced collection, with what was freed given back to the system.
    AnonAfterGc,
    /// Anonymous memory of the process tree, proportional shares, swap included.
    Anon,
    /// The cgroup's working set.
    Cgroup,
    /// Proportional set size.
    Pss,
    /// Resident set size.
    Rss,
    /// A platform's own figure.
    Platform,
    /// Open file descriptors.
    Descriptors,
    /// Sockets, of every state but listening.
    Sockets,
    /// Threads.
    Threads,
    /// Goroutines, as Go counts them.
    Goroutines,
    /// Child processes, zombies included.
    Children,
    /// No memory at all: latency, errors, sizes.
    Symptoms,
}

impl Signal {
    /// As documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LiveHeap => "live_heap",
            Self::HeapAfterGc => "heap_after_gc",
            Self::AnonAfterGc => "anon_after_gc",
            Self::Anon => "anon",
            Self::Cgroup => "cgroup",
            Self::Pss => "pss",
            Self::Rss => "rss",
            Self::Platform => "platform",
            Self::Descriptors => "descriptors",
            Self::Sockets => "sockets",
            Self::Threads => "threads",
            Self::Goroutines => "goroutines",
            Self::Children => "children",
            Self::Symptoms => "symptoms",
        }
    }

    /// Whether it is read after a collection that was forced, or by the collector's own account.
    pub const fn is_floor(self) -> bool {
        matches!(self, Self::LiveHeap | Self::HeapAfterGc | Self::AnonAfterGc)
    }

    /// Bytes or things.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Descriptors | Self::Sockets | Self::Threads | Self::Goroutines | Self::Children => {
                Unit::Count
            }
            _ => Unit::Bytes,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LiveHeap => "live heap after a forced collection",
            Self::HeapAfterGc => "heap after the last collection",
            Self::AnonAfterGc => "anonymous memory after a collection",
            Self::Anon => "anonymous memory of the process tree",
            Self::Cgroup => "working set of the cgroup",
            Self::Pss => "proportional set size",
            Self::Rss => "resident set size",
            Self::Platform => "the platform's memory figure",
            Self::Descriptors => "open file descriptors",
            Self::Sockets => "open sockets",
            Self::Threads => "threads",
            Self::Goroutines => "goroutines",
            Self::Children => "child processes",
            Self::Symptoms => "latency, errors and sizes",
        })
    }
}

/// What a signal counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Descriptors, threads, …
    Count,
}

/// What happened just before a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Nothing: the service was started and answers.
    Baseline,
    /// A dose of requests that only warms the service up; not judged.
    WarmUp,
    /// A dose of requests, then rest. Judged.
    Dose,
    /// As long as a dose, without a request. Judged as growth with time.
    Idle,
    /// A dose after the verdict was reached: fresh data, which took no part in it and must bear it out.
    Confirm,
    /// The same at a lower rate: growth with time shows more in it, growth with requests does not.
    Slow,
    /// A small dose while the lives of workers that are replaced are followed.
    Lives,
    /// Requests are in flight: taken by the sampler for the picture.
    Load,
}

impl Stage {
    /// As documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::WarmUp => "warm-up",
            Self::Dose => "dose",
            Self::Idle => "idle",
            Self::Confirm => "confirm",
            Self::Slow => "slow",
            Self::Lives => "lives",
            Self::Load => "load",
        }
    }
}

/// One number at one moment, beside how many requests were completed by then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Since the run began.
    pub at: Duration,
    /// Requests completed so far, warm-up included.
    pub requests: u64,
    /// Bytes or things, by the signal's unit.
    pub value: u64,
    /// What came just before.
    pub stage: Stage,
}

/// A reading that was missed. Never a zero in the series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Since the run began.
    pub at: Duration,
    /// Why.
    pub reason: String,
}

/// Readings of one signal, in the order in which they were taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What was read.
    pub signal: Signal,
    /// The readings.
    pub points: Vec<Point>,
    /// The missed ones.
    pub gaps: Vec<Gap>,
}

/// What was read at rest beside the signals: a part of the heap, or a count of things.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// As people know it: `array buffers`, `goroutines`, `sockets close-wait`.
    pub name: String,
    /// Bytes or things.
    pub unit: Unit,
    /// The readings.
    pub points: Vec<Point>,
}

impl Gauge {
    /// Growth per request over the judged part, from its first to its last reading; `None` without two of them.
    pub fn per_request(&self) -> Option<f64> {
        growth(&self.points)
    }
}

/// The last reading before the judged part, with which it begins.
pub fn begin(points: &[Point]) -> Option<&Point> {
    let first = points.iter().position(|point| point.stage == Stage::Dose).unwrap_or(points.len());
    points[..first].last()
}

fn growth(points: &[Point]) -> Option<f64> {
    let first = begin(points)?;
    let last = points.iter().rfind(|point| point.stage == Stage::Dose)?;
    let requests = last.requests.checked_sub(first.requests).filter(|requests| *requests > 0)?;
    Some((as_float(last.value) - as_float(first.value)) / as_float(requests))
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^53")]
const fn as_float(value: u64) -> f64 {
    value as f64
}

impl Series {
    /// An empty one.
    pub const fn new(signal: Signal) -> Self {
        Self { signal, points: Vec::new(), gaps: Vec::new() }
    }

    /// Growth per request over the judged part, from its first to its last reading; `None` without two of them.
    pub fn per_request(&self) -> Option<f64> {
        growth(&self.points)
    }
}
