//! What a dose counted, and how the counts become a tally.

use std::time::Duration;

use drip_model::{LatencyCounts, Shortage, Tally, latency_class};
use hdrhistogram::Histogram;

use crate::answer::Reader;
use crate::failure::Failure;

/// Three digits tell a change of a tenth of a percent, and keep the histogram of a dose below 100 kilobytes.
const LATENCY_DIGITS: u8 = 3;

/// Share of a processor from which on we are what is measured.
const CPU_SHARE_MAX: f64 = 0.9;
/// A dose shorter than this is too short to tell.
const BUSY_LEAST: Duration = Duration::from_millis(500);
/// One request in a hundred may start so late by its schedule: a few scheduler ticks of a busy machine.
const LATENESS_MAX: Duration = Duration::from_millis(10);

/// Statuses have three digits.
const STATUSES: usize = 1000;

pub(crate) struct Record {
    tally: Tally,
    /// Count and first request of each status.
    statuses: Vec<(u64, u64)>,
    latencies_us: Histogram<u64>,
    /// How late requests started that a clock had due.
    lateness_us: Histogram<u64>,
}

impl Record {
    /// Latencies up to `latency_max` are told apart; longer ones count as that long.
    pub(crate) fn new(latency_max: Duration) -> Self {
        let statuses = vec![(0, 0); STATUSES];
        let (latencies_us, lateness_us) = (histogram(latency_max), histogram(latency_max));
        Self { tally: Tally::default(), statuses, latencies_us, lateness_us }
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

    /// A request started so long after it was due.
    pub(crate) fn late(&mut self, time: Duration) {
        self.lateness_us.saturating_record(micros(time));
    }

    pub(crate) fn error(&mut self, failure: Failure) {
        *self.tally.errors.entry(failure.kind).or_default() += 1;
        self.tally.first_error.get_or_insert_with(|| failure.words.clone());
        if let Some(shortage) = failure.shortage {
            *self.tally.lacked.entry(shortage).or_default() += 1;
        }
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

    /// Adds what another thread of the dose has recorded.
    pub(crate) fn add(&mut self, other: Self) {
        self.tally.add(&other.tally);
        for (seen, (count, first)) in self.statuses.iter_mut().zip(other.statuses) {
            if count > 0 {
                seen.1 = if seen.0 == 0 { first } else { seen.1.min(first) };
                seen.0 += count;
            }
        }
        self.latencies_us += other.latencies_us;
        self.lateness_us += other.lateness_us;
    }

    /// After a dose of this length, of which each thread took this much processor time.
    pub(crate) fn into_tally(mut self, busy: Duration, cpu: &[Duration]) -> Tally {
        let quantile = |of: &Histogram<u64>, q| Duration::from_micros(of.value_at_quantile(q));
        let late = quantile(&self.lateness_us, 0.99);
        let busiest = cpu.iter().max().copied().unwrap_or_default();
        if busy >= BUSY_LEAST && busiest.as_secs_f64() > CPU_SHARE_MAX * busy.as_secs_f64() {
            self.tally.lacked.insert(Shortage::Processor, 1);
        }
        if late > LATENESS_MAX {
            self.tally.lacked.insert(Shortage::Schedule, 1);
        }
        let seen = || (0_u16..).zip(&self.statuses).filter(|(_, seen)| seen.0 > 0);
        Tally {
            busy,
            cpu: cpu.iter().sum(),
            latency_p50: quantile(&self.latencies_us, 0.5),
            latency_p99: quantile(&self.latencies_us, 0.99),
            latencies: counts(&self.latencies_us),
            lateness_p999: quantile(&self.lateness_us, 0.999),
            statuses: seen().map(|(status, seen)| (status, seen.0)).collect(),
            first_by_status: seen().map(|(status, seen)| (status, seen.1)).collect(),
            ..self.tally
        }
    }
}

/// In the coarse classes that doses are compared by.
fn counts(latencies_us: &Histogram<u64>) -> LatencyCounts {
    let mut counts = LatencyCounts::default();
    for value in latencies_us.iter_recorded() {
        counts[latency_class(Duration::from_micros(value.value_iterated_to()))] += value.count_at_value();
    }
    counts
}

fn histogram(high: Duration) -> Histogram<u64> {
    Histogram::new_with_bounds(1, micros(high).max(2), LATENCY_DIGITS)
        .expect("a range from 1 to at least 2 with three digits is always valid")
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
        let tally = all.into_tally(Duration::from_secs(3), &[]);
        let near =
            |value: Duration, expected_ms: f64| (value.as_secs_f64() * 1e3 / expected_ms - 1.0).abs() < 0.002;
        assert!(near(tally.latency_p50, 50.0), "{:?}", tally.latency_p50);
        assert!(near(tally.latency_p99, 99.0), "{:?}", tally.latency_p99);
        assert_eq!((tally.completed, tally.busy), (100, Duration::from_secs(3)));
        let class = |ms| tally.latencies[latency_class(Duration::from_millis(ms))];
        assert_eq!((class(1), class(3), class(60), tally.latencies.iter().sum::<u64>()), (1, 3, 50, 100));
    }

    #[test]
    fn each_kind_of_error_keeps_its_first_words() {
        let mut record = Record::new(Duration::from_secs(1));
        for (kind, words) in [(ErrorKind::Reset, "a"), (ErrorKind::Tls, "b"), (ErrorKind::Reset, "c")] {
            record.error(Failure::new(kind, words));
        }
        let tally = record.into_tally(Duration::ZERO, &[]);
        assert_eq!(tally.errors, [(ErrorKind::Reset, 2), (ErrorKind::Tls, 1)].into());
        assert_eq!(tally.examples, [(ErrorKind::Reset, "a".into()), (ErrorKind::Tls, "b".into())].into());
        assert_eq!(tally.first_error.as_deref(), Some("a"));
    }

    #[test]
    fn our_own_limits_are_told() {
        let lacked = |late_ms: u64, busy_ms: u64, cpu_ms: u64| {
            let mut record = Record::new(Duration::from_secs(1));
            record.late(Duration::from_millis(late_ms));
            let tally = record.into_tally(Duration::from_millis(busy_ms), &[Duration::from_millis(cpu_ms)]);
            tally.lacked.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(lacked(1, 1000, 800), []);
        assert_eq!(lacked(1, 1000, 950), [Shortage::Processor]);
        assert_eq!(lacked(1, 100, 95), []);
        assert_eq!(lacked(50, 1000, 0), [Shortage::Schedule]);
    }

    #[test]
    fn a_latency_beyond_the_range_counts_as_the_longest() {
        let mut record = Record::new(Duration::from_secs(1));
        record.answer(0, &Reader::default(), Duration::from_secs(50));
        let p50 = record.into_tally(Duration::ZERO, &[]).latency_p50;
        assert!((Duration::from_secs(1)..Duration::from_millis(1100)).contains(&p50), "{p50:?}");
    }
}
