//! Readings at the door: in order, of bounded number, with what was wrong with them.

use std::time::Duration;

/// Readings that are kept; past twice as many, neighbours are merged.
const READINGS_MAX: usize = 1 << 16;

/// Which processes were read: another value as soon as one of them is another process (by number and start time).
///
/// A restart is known by this alone. A fall in memory is no restart: a collection halves the memory of a healthy
/// process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity(pub u64);

/// One reading under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Since the run began.
    pub at: Duration,
    /// Which processes were read.
    pub process: Identity,
    /// Requests completed so far.
    pub requests: u64,
    /// Bytes or things.
    pub value: u64,
}

/// What was wrong with the readings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flaws {
    /// Readings from before the one that was there; they are left out.
    pub backwards: u64,
    /// Readings at the moment of the one before: the clock stood still. They are left out.
    pub simultaneous: u64,
    /// Times that the count of requests fell; what was read before that is left out.
    pub counter_resets: u64,
}

/// Readings in the order of their time. However many are pushed, a bounded number is kept: of neighbours that are merged
/// the lowest stays, since it is the troughs that are judged.
#[derive(Debug, Clone, Default)]
pub struct Record {
    readings: Vec<Reading>,
    flaws: Flaws,
    last: Option<Reading>,
    /// Each kept reading stands for `2^halvings`.
    halvings: u32,
    /// The lowest of those that will be merged into the next one, and how many they are.
    group: Option<(Reading, u64)>,
}

impl Record {
    /// Adds a reading, unless it cannot be placed.
    pub fn push(&mut self, reading: Reading) {
        match self.last {
            Some(last) if reading.at < last.at => self.flaws.backwards += 1,
            Some(last) if reading.at == last.at => self.flaws.simultaneous += 1,
            Some(last) if reading.requests < last.requests => self.begin_anew(reading),
            _ => self.keep(reading),
        }
    }

    /// The readings that are kept.
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// What was wrong with them.
    pub const fn flaws(&self) -> Flaws {
        self.flaws
    }

    fn begin_anew(&mut self, reading: Reading) {
        let flaws = Flaws { counter_resets: self.flaws.counter_resets + 1, ..self.flaws };
        *self = Self { flaws, ..Self::default() };
        self.keep(reading);
    }

    fn keep(&mut self, reading: Reading) {
        self.last = Some(reading);
        let (lowest, count) = match self.group.take() {
            Some((lowest, count)) if lowest.process == reading.process => (lower(lowest, reading), count + 1),
            Some((lowest, _)) => {
                self.readings.push(lowest);
                (reading, 1)
            }
            None => (reading, 1),
        };
        if count < 1 << self.halvings {
            self.group = Some((lowest, count));
        } else {
            self.readings.push(lowest);
        }
        if self.readings.len() >= 2 * READINGS_MAX {
            self.halve();
        }
    }

    fn halve(&mut self) {
        let pairs = self.readings.chunks(2);
        self.readings =
            pairs.map(|pair| pair.iter().copied().reduce(lower).expect("chunks are not empty")).collect();
        self.halvings += 1;
    }
}

const fn lower(a: Reading, b: Reading) -> Reading {
    if b.value < a.value { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(second: u64, requests: u64, value: u64) -> Reading {
        Reading { at: Duration::from_secs(second), process: Identity(1), requests, value }
    }

    #[test]
    fn what_cannot_be_placed_is_counted_and_left_out() {
        let mut record = Record::default();
        for (second, requests) in [(1, 10), (2, 20), (1, 30), (2, 30), (3, 30)] {
            record.push(reading(second, requests, 5));
        }
        assert_eq!(record.readings().len(), 3);
        assert_eq!(record.flaws(), Flaws { backwards: 1, simultaneous: 1, counter_resets: 0 });
    }

    #[test]
    fn a_count_that_falls_begins_anew() {
        let mut record = Record::default();
        for (second, requests) in [(1, 10), (2, 20), (3, 4), (4, 8)] {
            record.push(reading(second, requests, 5));
        }
        assert_eq!(record.readings().iter().map(|r| r.requests).collect::<Vec<_>>(), [4, 8]);
        assert_eq!(record.flaws().counter_resets, 1);
    }

    #[test]
    fn a_flood_is_thinned_evenly_and_keeps_its_troughs() {
        let mut record = Record::default();
        for i in 0..1_000_000 {
            record.push(reading(i, i, if i % 1000 == 7 { 1 } else { 9 }));
        }
        let kept = record.readings();
        assert!(kept.len() < 2 * READINGS_MAX, "{}", kept.len());
        assert_eq!(kept.iter().filter(|reading| reading.value == 1).count(), 1000);
        let gaps: Vec<_> = kept.windows(2).map(|pair| pair[1].requests - pair[0].requests).collect();
        let apart = gaps.iter().max().unwrap();
        assert!(*apart <= 2 << record.halvings, "{apart}");
    }
}
