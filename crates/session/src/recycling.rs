//! Services that replace their workers: doses so small that each life of a worker spans several, and every process read on
//! its own.

use std::collections::BTreeMap;

use drip_judge::{Life, pooled};
use drip_model::{Growth, Point, Signal, Stage};
use drip_proc::Identity;

use crate::bench::Bench;
use crate::trial::Trial;

/// Doses that following lives may take.
const DOSES_MAX: usize = 120;
/// Lives at which they are judged together: the first are enough for an interval, the others narrow it.
const LOOKS: [usize; 4] = [8, 12, 18, 27];
/// Readings of a life that make it count.
const READINGS_MIN: u64 = 6;
/// Readings of a life beyond which larger doses would show as much, sooner.
const READINGS_MAX: u64 = 14;
/// The first dose, as a share of the unit.
const FIRST_SHARE: u64 = 8;
/// Nobody replaced in so many doses, and the doses are too small for the lives.
const PATIENCE_DOSES: usize = 6;

/// Readings of each process, beside the requests that the whole service had answered by then.
#[derive(Debug, Default)]
struct Lives {
    lives: BTreeMap<(u32, u64), Life>,
    /// Processes of each reading.
    living: Vec<usize>,
    /// Requests at the first reading and at the last.
    first_requests: u64,
    requests: u64,
}

impl Lives {
    /// Takes in a reading of all processes; whether somebody came since the one before.
    fn add(&mut self, each: &[(Identity, u64)], point: impl Fn(u64) -> Point) -> bool {
        let known = self.lives.len();
        self.requests = point(0).requests;
        if self.living.is_empty() {
            self.first_requests = self.requests;
        }
        for (process, bytes) in each {
            self.lives.entry((process.pid, process.start_ticks)).or_default().push(point(*bytes));
        }
        self.living.push(each.len());
        self.living.len() > 1 && self.lives.len() > known
    }

    /// How many come and go at a time: the usual number of processes, without those that are there in all readings. Only
    /// at the end is it known who stays.
    fn workers(&self) -> usize {
        let mut living = self.living.clone();
        living.sort_unstable();
        let usual = living.get(living.len() / 2).copied().unwrap_or(0);
        usual.saturating_sub(self.lives.values().filter(|life| life.len() == self.living.len()).count())
    }

    /// Requests that the service answered in the shortest life that was seen from its begin to its end.
    fn shortest(&self) -> Option<u64> {
        let spans =
            self.lives.values().filter_map(|life| Some((life.first()?.requests, life.last()?.requests)));
        let seen = spans.filter(|(begin, end)| *begin > self.first_requests && *end < self.requests);
        seen.map(|(begin, end)| end - begin).min()
    }

    /// Lives that began or ended while they were followed.
    fn whole(&self) -> Vec<Life> {
        let passing = self.lives.values().filter(|life| life.len() < self.living.len());
        passing.filter(|life| life.len() as u64 >= READINGS_MIN).cloned().collect()
    }
}

/// What is asked for between two readings, and what it showed.
struct Pace {
    unit: u64,
    least: u64,
    /// Doses in a row that nobody was replaced in.
    quiet: usize,
}

impl Pace {
    /// Smaller doses when lives are too short for their readings, larger ones when they outlast them; whether to begin
    /// again.
    fn adapt(&mut self, lives: &Lives, replaced: bool) -> bool {
        self.quiet = if replaced { 0 } else { self.quiet + 1 };
        let readings = lives.shortest().map(|requests| requests / self.unit);
        let too_short = readings.is_some_and(|readings| readings < READINGS_MIN) && lives.whole().is_empty();
        if too_short && self.unit > self.least {
            self.unit = (self.unit / 2).max(self.least);
            return true;
        }
        if readings.is_some_and(|readings| readings > READINGS_MAX) || self.quiet >= PATIENCE_DOSES {
            (self.unit, self.quiet) = (self.unit * 2, 0);
        }
        false
    }
}

impl Bench<'_> {
    /// Follows the lives of a service's workers and judges them together, until they show growth or are many.
    pub(crate) async fn follow_lives(&mut self, trial: &mut Trial<'_>) {
        let least = u64::from(self.settings().users) * 2;
        let mut pace = Pace { unit: (trial.first_unit / FIRST_SHARE).max(least), least, quiet: 0 };
        let (mut lives, mut looks) = (Lives::default(), LOOKS.into_iter().peekable());
        for _ in 0..DOSES_MAX {
            if self.halted() || self.time_left().is_zero() || looks.peek().is_none() {
                break;
            }
            self.counted_dose(trial, pace.unit, Stage::Lives, None).await;
            let (at, requests) = (self.last.at, trial.requests);
            let replaced =
                lives.add(&self.last.each, |value| Point { at, requests, value, stage: Stage::Lives });
            if pace.adapt(&lives, replaced) {
                lives = Lives::default();
            }
            let looked = looks.next_if(|look| lives.whole().len() >= *look).is_some();
            if looked && self.judge_lives(trial, &lives) {
                break;
            }
        }
        self.judge_lives(trial, &lives);
    }

    /// Whether the lives together show growth beyond what a cache may hold.
    fn judge_lives(&self, trial: &mut Trial<'_>, lives: &Lives) -> bool {
        let anon = trial.readings.series(Signal::Anon);
        let policy = anon.map(|anon| self.policy(trial, anon));
        trial.opinions.lives = policy.and_then(|policy| pooled(&lives.whole(), lives.workers(), &policy));
        trial.opinions.lives.as_ref().is_some_and(|opinion| opinion.evidence.growth == Growth::Grows)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A parent that stays and two workers, each of which is replaced after ten readings, not at the same time.
    #[test]
    fn a_worker_that_was_there_from_the_begin_is_none_that_stays() {
        let mut lives = Lives::default();
        for reading in 0..30_u64 {
            let each = [(1, 0), (10, reading / 10), (20, (reading + 5) / 10)];
            let each = each.map(|(pid, start_ticks)| (Identity { pid, start_ticks }, 1));
            let at = Duration::from_secs(reading);
            let point = |value| Point { at, requests: 10 * reading, value, stage: Stage::Lives };
            assert_eq!(lives.add(&each, point), reading > 0 && reading % 5 == 0, "{reading}");
        }
        assert_eq!((lives.workers(), lives.whole().len(), lives.shortest()), (2, 5, Some(90)));
    }
}
