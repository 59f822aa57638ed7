//! What a service shows of itself to somebody who cannot see its memory.

use std::time::Duration;

/// Two requests, one after the other on the same connection: the one under test, and a control that should do
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The longer of their latencies: a pause of the whole process hits either.
    pub latency: Duration,
    /// Whether the service was there for neither: no connection, or a gateway that found nobody behind it.
    pub down: bool,
}

/// A sign of exhaustion, or of a limit that is missing. What pauses and deaths are a sign of is possible, never proven.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Symptom {
    /// Every dose had larger answers than the one before it.
    GrowingAnswers {
        /// Mean size of an answer in the first dose, bytes.
        first: f64,
        /// In the last one.
        last: f64,
        /// Requests until its end.
        requests: u64,
    },
    /// So many requests were never answered with 429.
    NoRateLimit {
        /// How many.
        requests: u64,
        /// How many a second.
        per_second: f64,
    },
    /// The longest pauses become longer with the number of requests, as those of a collector do whose heap grows.
    LongerPauses {
        /// How many pauses were compared.
        pauses: usize,
        /// How likely so clear an order is, by chance alone.
        p: f64,
        /// They come at distances that grow by a quarter each time, and their length grows with them: CPython
        /// collects everything when what is new is a quarter of what it holds.
        like_a_collector: bool,
    },
    /// Towards its end the service stood still for so many times longer than before.
    Stalls {
        /// How many times.
        ratio: f64,
    },
    /// The service was gone and came back, each time after about as many requests.
    Deaths {
        /// How often.
        count: usize,
        /// After how many requests.
        every: u64,
    },
    /// The service was gone, and not back when the run ended.
    Gone {
        /// After how many requests.
        after: u64,
    },
}
