//! What a dose counted, and how the counts become a tally.

use std::time::Duration;

use drip_model::Tally;
use hdrhistogram::Histogram;

use crate::answer::Reader;
use crate::failure::Failure;

/// Three digits tell a change of a tenth of a percent, and keep the histogram of a dose below 100 kilobytes.
const LATENCY_DIGITS: u8 = 3;

/// Statuses have three digits.
const STATUSES: usize = 1000;

pub(crate) struct Record {
    tally: Tally,
    /// Count and first request of each status.
    statuses: Vec<(u64, u64)>,
    latencies_us: Histogram<u64>,
}

impl Record {
    /// Latencies up to `latency_max` are told apart; longer ones count as that long.
    pub(crate) fn new(latency_max: Duration) -> Self {
        let high = micros(latency_max).max(2);
        let latencies_us = Histogram::new_with_bounds(1, high, LATENCY_DIGITS)
            .expect("a range from 1 to at least 2 with three digits is always valid");
        Self { tally: Tally::default(), statuses: vec![(0, 0); STATUSES], latencies_us }
    }

    pub(crate) const fn completed(&self) -> u64 {
        self.tally.completed
    }

    /// The `n`-th request has its answer.
    pub(crate) fn answer(&mut self, n: u64, answer: &Reader, latency: Duration) {
        self.tally.completed += 1;
        if let Some(seen) = answer.head().and_then(|head| self.statuses.get_mut(usize::from(head.status))) {
            if seen.0 == 0 {
                seen.1 = n;
            }
            seen.0 += 1;
        }
        self.tally.body_bytes += answer.body_bytes();
        self.tally.bodies_cut += u64::from(answer.is_cut());
        self.latencies_us.saturating_record(micros(latency));
    }

    pub(crate) fn error(&mut self, failure: Failure) {
        *self.tally.errors.entry(failure.kind).or_default() += 1;
        self.tally.first_error.get_or_insert_with(|| failure.words.clone());
        self.tally.examples.entry(failure.kind).or_insert(failure.words);
    }

    /// We have hung up on the service.
    pub(crate) const fn hung_up(&mut self) {
        self.tally.hung_up += 1;
    }

    /// A request is sent once more, since its kept connection had ended.
    pub(crate) const fn resent(&mut self) {
        self.tally.resent += 1;
    }

    /// A connection said something that nobody had asked for.
    pub(crate) const fn unsolicited(&mut self) {
        self.tally.unsolicited += 1;
    }

    pub(crate) fn into_tally(self, busy: Duration) -> Tally {
        let quantile = |q| Duration::from_micros(self.latencies_us.value_at_quantile(q));
        let (latency_p50, latency_p99) = (quantile(0.5), quantile(0.99));
        let seen = || (0_u16..).zip(&self.statuses).filter(|(_, seen)| seen.0 > 0);
        let statuses = seen().map(|(status, seen)| (status, seen.0)).collect();
        let first_by_status = seen().map(|(status, seen)| (status, seen.1)).collect();
        Tally { busy, latency_p50, latency_p99, statuses, first_by_status, ..self.tally }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use drip_model::ErrorKind;

    use super::*;

    #[test]
    fn the_latencies_of_a_dose_become_one_distribution() {
        let mut all = Record::new(Duration::from_secs(10));
        for latency_ms in 1..=100 {
            all.answer(latency_ms, &Reader::default(), Duration::from_millis(latency_ms));
        }
        let tally = all.into_tally(Duration::from_secs(3));
        let near =
            |value: Duration, expected_ms: f64| (value.as_secs_f64() * 1e3 / expected_ms - 1.0).abs() < 0.002;
        assert!(near(tally.latency_p50, 50.0), "{:?}", tally.latency_p50);
        assert!(near(tally.latency_p99, 99.0), "{:?}", tally.latency_p99);
        assert_eq!((tally.completed, tally.busy), (100, Duration::from_secs(3)));
    }

    #[test]
    fn each_kind_of_error_keeps_its_first_words() {
        let mut record = Record::new(Duration::from_secs(1));
        for (kind, words) in [(ErrorKind::Reset, "a"), (ErrorKind::Tls, "b"), (ErrorKind::Reset, "c")] {
            record.error(Failure::new(kind, words));
        }
        let tally = record.into_tally(Duration::ZERO);
        assert_eq!(tally.errors, [(ErrorKind::Reset, 2), (ErrorKind::Tls, 1)].into());
        assert_eq!(tally.examples, [(ErrorKind::Reset, "a".into()), (ErrorKind::Tls, "b".into())].into());
        assert_eq!(tally.first_error.as_deref(), Some("a"));
    }

    #[test]
    fn a_latency_beyond_the_range_counts_as_the_longest() {
        let mut record = Record::new(Duration::from_secs(1));
        record.answer(0, &Reader::default(), Duration::from_secs(50));
        let p50 = record.into_tally(Duration::ZERO).latency_p50;
        assert!((Duration::from_secs(1)..Duration::from_millis(1100)).contains(&p50), "{p50:?}");
    }
}
