//! Many curves of a family, judged while they come.

use drip_judge::{Assessment, DOSES_MIN, Policy, Subject, Terms, Watch, assess};
use drip_model::{Evidence, Growth, Pattern, Runtime, Series, Signal};

use crate::dice::Dice;
use crate::doses;
use crate::load::{self, Curve, REQUESTS};

const MB: f64 = 1e6;

/// The thresholds that the prototype was tried with, and the bound in entries that it had not.
pub fn terms(lazy: bool) -> Terms {
    let policy = Policy {
        signal: Signal::Anon,
        allowance: 8.0 * MB,
        cache: 96.0 * MB,
        uncollected: lazy.then_some(256.0 * MB),
        noise_floor: 0.06 * MB,
        alpha: 0.01,
        level: 0.99,
    };
    let early_cache = policy.cache;
    Terms { policy, entries: Some(30_000), early_cache, saturating: 128.0 * MB, regrowth: early_cache }
}

/// The thresholds of live memory of a Node.js service that is asked for something new each time.
pub fn policy() -> Policy {
    Policy::of(&Subject {
        signal: Signal::LiveHeap,
        runtime: Runtime::Node,
        pattern: Pattern::UNIQUE_QUERY,
        base: 20.0 * MB,
        assume_cache: None,
        heap_limit: None,
        descriptor_limit: None,
    })
}

/// An answer, and after how many requests it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the judge said.
    pub evidence: Evidence,
    /// Requests sent by then.
    pub requests: f64,
    /// What was really kept of each.
    pub truth: f64,
}

impl Answer {
    /// Whether it says that memory grows.
    pub fn accuses(&self) -> bool {
        self.evidence.growth == Growth::Grows
    }

    /// Whether it says that memory does not grow.
    pub const fn acquits(&self) -> bool {
        matches!(self.evidence.growth, Growth::Flat | Growth::Bounded { .. })
    }

    /// Whether the interval holds what was kept of each request.
    pub fn covers(&self) -> bool {
        let interval = &self.evidence.per_request;
        interval.low <= self.truth && self.truth <= interval.high
    }
}

/// Judges readings as they come, up to all of them.
pub fn watch(curve: &Curve, terms: Terms) -> Answer {
    let mut watch = Watch::new(terms, REQUESTS as u64);
    let early =
        curve.readings.iter().find_map(|reading| Some((watch.push(*reading)?, reading.requests as f64)));
    let (Assessment { evidence, .. }, requests) = early.unwrap_or_else(|| (watch.conclude(), REQUESTS));
    Answer { evidence, requests, truth: curve.truth(requests) }
}

/// Judges doses as they come, with a look at each from the least number on.
pub fn peek(series: &Series, policy: &Policy, leak: f64) -> Answer {
    let first = DOSES_MIN + 1;
    let look = |count: usize| {
        let points = series.points[..count].to_vec();
        let seen = Series { points, ..Series::new(series.signal) };
        assess(&seen, policy, (count - first + 1) as u32)
    };
    let counts = first..=series.points.len();
    let decided = counts.map(look).find(|answer| answer.more.is_none());
    let evidence = decided.unwrap_or_else(|| look(series.points.len())).evidence;
    Answer { requests: evidence.requests as f64, evidence, truth: leak }
}

/// Judges curves number `from..to` of a family under load that keeps `leak` bytes of each request.
pub fn under_load(family: &load::Family, leak: f64, (from, to): (u64, u64), terms: Terms) -> Vec<Answer> {
    let dice = |number| Dice::new(seed(family.name, leak, number));
    (from..to).map(|number| watch(&family.draw(&mut dice(number), leak), terms)).collect()
}

/// Judges curves number `from..to` of a family read at rest that keeps `leak` bytes of each request.
pub fn at_rest(family: &doses::Family, leak: f64, (from, to): (u64, u64)) -> Vec<Answer> {
    let dice = |number| Dice::new(seed(family.name, leak, number));
    let policy = policy();
    (from..to).map(|number| peek(&family.draw(&mut dice(number), leak), &policy, leak)).collect()
}

/// Each curve has a seed of its own.
fn seed(name: &str, leak: f64, number: u64) -> u64 {
    let of_family =
        name.bytes().fold(leak as u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    number ^ of_family.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
