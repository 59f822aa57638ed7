//! What one user counted, and how the counts of all users become one tally.

use std::time::Duration;

use drip_model::{ErrorKind, Tally};
use hdrhistogram::Histogram;

use crate::connection::Answered;

/// Two digits tell a median from a tail, and keep one histogram near ten kilobytes, of which there is one for
/// each user.
const LATENCY_DIGITS: u8 = 2;

pub(crate) struct Record {
    tally: Tally,
    latencies_us: Histogram<u32>,
}

impl Record {
    /// Latencies up to `latency_max` are told apart; longer ones count as that long.
    pub(crate) fn new(latency_max: Duration) -> Self {
        let high = micros(latency_max).max(2);
        let latencies_us = Histogram::new_with_bounds(1, high, LATENCY_DIGITS)
            .expect("a range from 1 to at least 2 with two digits is always valid");
        Self { tally: Tally::default(), latencies_us }
    }

    pub(crate) fn answer(&mut self, answered: &Answered, latency: Duration) {
        self.tally.completed += 1;
        if let Some(head) = &answered.head {
            *self.tally.statuses.entry(head.status.as_u16()).or_default() += 1;
        }
        self.tally.body_bytes += answered.body_bytes;
        self.tally.bodies_cut += u64::from(answered.cut);
        self.latencies_us.saturating_record(micros(latency));
    }

    pub(crate) fn error(&mut self, kind: ErrorKind) {
        *self.tally.errors.entry(kind).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        self.latencies_us.add(&other.latencies_us).expect("all users of a load have the same range");
    }

    pub(crate) fn into_tally(self, busy: Duration, first_error: Option<String>) -> Tally {
        let quantile = |q| Duration::from_micros(self.latencies_us.value_at_quantile(q));
        let (latency_p50, latency_p99) = (quantile(0.5), quantile(0.99));
        Tally { busy, first_error, latency_p50, latency_p99, ..self.tally }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_all_users_become_one_distribution() {
        let mut all = Record::new(Duration::from_secs(10));
        for latency_ms in 1..=100 {
            let mut user = Record::new(Duration::from_secs(10));
            user.answer(&Answered::default(), Duration::from_millis(latency_ms));
            all.add(&user);
        }
        let tally = all.into_tally(Duration::from_secs(3), None);
        let near =
            |value: Duration, expected_ms: f64| (value.as_secs_f64() * 1e3 / expected_ms - 1.0).abs() < 0.02;
        assert!(near(tally.latency_p50, 50.0), "{:?}", tally.latency_p50);
        assert!(near(tally.latency_p99, 99.0), "{:?}", tally.latency_p99);
        assert_eq!((tally.completed, tally.busy), (100, Duration::from_secs(3)));
    }

    #[test]
    fn a_latency_beyond_the_range_counts_as_the_longest() {
        let mut record = Record::new(Duration::from_secs(1));
        record.answer(&Answered::default(), Duration::from_secs(50));
        let p50 = record.into_tally(Duration::ZERO, None).latency_p50;
        assert!((Duration::from_secs(1)..Duration::from_millis(1100)).contains(&p50), "{p50:?}");
    }
}
