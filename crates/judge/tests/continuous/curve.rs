//! Curves without noise, and what the judge says of them.

use std::time::Duration;

use drip_judge::{Assessment, Identity, Policy, Reading, Terms, Watch};
use drip_model::{Growth, Signal};

pub(crate) const MB: f64 = 1e6;
/// Readings of a curve, and requests between two.
pub(crate) const READINGS: u64 = 500;
pub(crate) const APART: u64 = 200;
pub(crate) const REQUESTS: u64 = READINGS * APART;

/// Floors in the proportion in which a service is scaled.
pub(crate) fn terms(scale: f64) -> Terms {
    let policy = Policy {
        signal: Signal::Anon,
        allowance: 8.0 * MB * scale,
        cache: 96.0 * MB * scale,
        uncollected: None,
        noise_floor: 0.06 * MB * scale,
        alpha: 0.01,
        level: 0.99,
    };
    let early_cache = policy.cache;
    Terms {
        policy,
        entries: Some(30_000),
        early_cache,
        saturating: 128.0 * MB * scale,
        regrowth: 16.0 * MB * scale,
    }
}

/// Ten readings a second of one process.
pub(crate) fn curve(value: impl Fn(f64) -> f64) -> Vec<Reading> {
    let reading = |i: u64| Reading {
        at: Duration::from_millis(100 * i),
        process: Identity(1),
        requests: i * APART,
        value: value((i * APART) as f64) as u64,
    };
    (0..READINGS).map(reading).collect()
}

pub(crate) fn judge_by(readings: &[Reading], terms: Terms) -> Assessment {
    let mut watch = Watch::new(terms, REQUESTS);
    readings.iter().find_map(|reading| watch.push(*reading)).unwrap_or_else(|| watch.conclude())
}

pub(crate) fn judge(readings: &[Reading]) -> Assessment {
    judge_by(readings, terms(1.0))
}

#[track_caller]
pub(crate) fn check(readings: &[Reading], expected: fn(&Growth) -> bool) {
    let said = judge(readings).evidence;
    assert!(expected(&said.growth), "{said:?}");
}

pub(crate) fn grows(growth: &Growth) -> bool {
    *growth == Growth::Grows
}

pub(crate) fn is_calm(growth: &Growth) -> bool {
    matches!(growth, Growth::Flat | Growth::Bounded { .. })
}

pub(crate) fn is_open(growth: &Growth) -> bool {
    *growth == Growth::Undecided
}
