//! Amounts of a signal in words: bytes, file descriptors, threads.

use crate::document::{Evidence, Growth, Interval, Signal, Vector};
use crate::quantity;

/// `439 bytes`, `0.98 file descriptors`.
pub(crate) fn of(signal: Signal, value: f64) -> String {
    let noun = match signal {
        Signal::Descriptors => "file descriptor",
        Signal::Sockets => "socket",
        Signal::Threads => "thread",
        Signal::Goroutines => "goroutine",
        Signal::Children => "child process",
        _ => return quantity::bytes(value),
    };
    match quantity::number(value, 3).as_str() {
        "1" => format!("1 {noun}"),
        number if noun.ends_with('s') => format!("{number} {noun}es"),
        number => format!("{number} {noun}s"),
    }
}

/// `421 to 457 bytes`, `980 bytes to 1.1 KB`: the unit once where it is the same.
pub(crate) fn range(signal: Signal, low: f64, high: f64) -> String {
    let (low, high) = (of(signal, low), of(signal, high));
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, low_unit)), Some((_, unit))) if low_unit == unit => format!("{number} to {high}"),
        _ => format!("{low} to {high}"),
    }
}

/// `439 bytes per request (99% interval: 421 to 457 bytes)`.
pub(super) fn per(signal: Signal, interval: &Interval, what: &str) -> String {
    format!(
        "{} per {what} ({}% interval: {})",
        of(signal, interval.estimate),
        quantity::number(interval.level * 100.0, 4),
        range(signal, interval.low, interval.high)
    )
}

/// What can be said of a signal, whether the verdict rests on it or not.
pub(super) struct Said<'a> {
    pub(super) signal: Signal,
    pub(super) growth: Growth,
    pub(super) per_request: Option<&'a Interval>,
    pub(super) plateau: Option<f64>,
}

impl<'a> Said<'a> {
    pub(super) const fn further(evidence: &'a Evidence) -> Self {
        Self {
            signal: evidence.signal,
            growth: evidence.growth,
            per_request: evidence.per_request.as_ref(),
            plateau: evidence.plateau,
        }
    }

    /// `None` where the verdict rests on no signal.
    pub(super) fn main(vector: &'a Vector) -> Option<Self> {
        Some(Self {
            signal: vector.signal?,
            growth: vector.growth?,
            per_request: vector.per_request.as_ref(),
            plateau: vector.plateau,
        })
    }

    /// `grows by 439 bytes per request (…)`, `did not grow: …`.
    pub(super) fn in_words(&self) -> String {
        let by = self.per_request.map(|interval| per(self.signal, interval, "request"));
        let by = by.unwrap_or_else(|| "an unknown amount".to_owned());
        match (self.growth, self.plateau) {
            (Growth::Grows, _) => format!("grows by {by} and did not stop"),
            (Growth::Bounded, Some(plateau)) => {
                format!("grew by {} after the warm-up, then stopped", of(self.signal, plateau))
            }
            (Growth::Bounded, None) => "grew and stopped".to_owned(),
            (Growth::Flat, _) => format!("no growth that matters: {by}"),
            (Growth::Undecided, _) => format!("not decided: {by}"),
        }
    }
}
