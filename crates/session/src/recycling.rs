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
/// Readings of a life beyond which larger doses would show as much, sooner. More than twice the fewest, so that doses
/// that were doubled are not halved again.
const READINGS_MAX: u64 = 14;
/// The first dose, as a share of the unit.
const FIRST_SHARE: u64 = 8;
/// Nobody replaced in so many doses, and the doses are too small for the lives.
const PATIENCE_DOSES: u64 = READINGS_MAX;

/// Readings of each process, beside the requests that the whole service had answered by then.
#[derive(Debug, Default)]
struct Lives {
    lives: BTreeMap<(u32, u64), Life>,
    /// Processes of each reading.
    living: Vec<usize>,
    /// Requests at the latest reading.
    requests: u64,
}

impl Lives {
    /// Takes in a reading of all processes; whether somebody came since the one before.
    fn add(&mut self, each: &[(Identity, u64)], point: impl Fn(u64) -> Point) -> bool {
        let known = self.lives.len();
        self.requests = point(0).requests;
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

    /// Requests that the service answered in the usual life of those that were seen from their begin, after so many
    /// requests, to their end.
    fn usual_span(&self, after: u64) -> Option<u64> {
        let spans =
            self.lives.values().filter_map(|life| Some((life.first()?.requests, life.last()?.requests)));
        let seen = spans.filter(|(begin, end)| *begin > after && *end < self.requests);
        let mut seen: Vec<u64> = seen.map(|(begin, end)| end - begin).collect();
        seen.sort_unstable();
        seen.get(seen.len() / 2).copied()
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
    /// Requests when it was last changed.
    since: u64,
    /// Doses in a row that nobody was replaced in.
    quiet: u64,
}

impl Pace {
    /// Smaller doses when lives are too short for their readings, larger ones when they outlast them.
    fn adapt(&mut self, lives: &Lives, replaced: bool) {
        self.quiet = if replaced { 0 } else { self.quiet + 1 };
        let readings = lives.usual_span(self.since).map(|requests| requests / self.unit + 1);
        if readings.is_some_and(|readings| readings <= READINGS_MIN) {
            self.change((self.unit / 2).max(self.least), lives);
        } else if readings.is_some_and(|readings| readings > READINGS_MAX) || self.quiet > PATIENCE_DOSES {
            self.change(self.unit * 2, lives);
        }
    }

    fn change(&mut self, unit: u64, lives: &Lives) {
        (self.unit, self.since, self.quiet) = (unit, lives.requests, 0);
    }
}

impl Bench<'_> {
    /// Follows the lives of a service's workers and judges them together, until they show growth or are many.
    pub(crate) async fn follow_lives(&mut self, trial: &mut Trial<'_>) {
        let least = u64::from(self.settings().users) * 2;
        let unit = (trial.first_unit / FIRST_SHARE).max(least);
        let mut pace = Pace { unit, least, since: trial.requests, quiet: 0 };
        let (mut lives, mut looks) = (Lives::default(), LOOKS.into_iter().peekable());
        self.read_lives(trial, &mut lives);
        for _ in 0..DOSES_MAX {
            if self.halted() || self.time_left().is_zero() || looks.peek().is_none() {
                break;
            }
            self.counted_dose(trial, pace.unit, Stage::Lives, None).await;
            let replaced = self.read_lives(trial, &mut lives);
            pace.adapt(&lives, replaced);
            let looked = looks.next_if(|look| lives.whole().len() >= *look).is_some();
            if looked && self.judge_lives(trial, &lives) {
                break;
            }
        }
        self.judge_lives(trial, &lives);
    }

    /// Takes in what was read last; whether somebody came since the reading before.
    fn read_lives(&self, trial: &Trial<'_>, lives: &mut Lives) -> bool {
        let (at, requests) = (self.last.at, trial.requests);
        lives.add(&self.last.each, |value| Point { at, requests, value, stage: Stage::Lives })
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

    /// A parent that stays and two workers, each of which is replaced after so many requests of the service, not at the
    /// same time.
    struct Service {
        life: u64,
        requests: u64,
        lives: Lives,
    }

    impl Service {
        fn new(life: u64) -> Self {
            Self { life, requests: 0, lives: Lives::default() }
        }

        /// Reads after so many requests more; whether somebody was replaced.
        fn dose(&mut self, requests: u64) -> bool {
            self.requests += requests;
            let each =
                [(1, 0), (10, self.requests / self.life), (20, (self.requests + self.life / 2) / self.life)];
            let each = each.map(|(pid, start_ticks)| (Identity { pid, start_ticks }, 1));
            let (at, requests) = (Duration::ZERO, self.requests);
            self.lives.add(&each, |value| Point { at, requests, value, stage: Stage::Lives })
        }

        /// Doses at a pace that begins with so many requests, as many as are ever played.
        fn follow(&mut self, unit: u64) -> u64 {
            let mut pace = Pace { unit, least: 8, since: 0, quiet: 0 };
            self.dose(0);
            for _ in 0..DOSES_MAX {
                let replaced = self.dose(pace.unit);
                pace.adapt(&self.lives, replaced);
            }
            pace.unit
        }
    }

    #[test]
    fn a_worker_that_was_there_from_the_begin_is_none_that_stays() {
        let mut service = Service::new(100);
        for reading in 0..30_u64 {
            let requests = if reading == 0 { 0 } else { 10 };
            assert_eq!(service.dose(requests), reading > 0 && reading % 5 == 0, "{reading}");
        }
        let lives = service.lives;
        assert_eq!((lives.workers(), lives.whole().len(), lives.usual_span(0)), (2, 5, Some(90)));
    }

    #[test]
    fn doses_find_the_length_of_a_life_wherever_they_begin() {
        for life in [100, 800, 3_000] {
            for unit in [8, life / 20, life / 9, life / 7, life / 3, life, 3 * life] {
                let mut service = Service::new(life);
                let unit = service.follow(unit.max(8));
                let readings = life / unit;
                assert!((READINGS_MIN..=READINGS_MAX + 1).contains(&readings), "{readings} of {life}");
                let lives = service.lives.whole().len();
                assert!(lives >= LOOKS[0], "{lives} lives of {life} from doses of {unit}");
            }
        }
    }
}
