//! Services that replace their workers: doses so small that each life of a worker spans several, and every process read on
//! its own.

use std::collections::BTreeMap;

use drip_judge::{Life, pooled};
use drip_model::{Point, Signal, Stage};
use drip_proc::Identity;

use crate::bench::Bench;
use crate::trial::Trial;

/// Doses that following lives may take.
const DOSES_MAX: usize = 120;
/// Lives that are enough for an interval.
const LIVES: usize = 8;
/// Readings of a life that make it count.
const READINGS_MIN: usize = 6;
/// The first dose, as a share of the unit.
const FIRST_SHARE: u64 = 8;
/// Nobody replaced in so many doses, and the doses are too small for the lives.
const PATIENCE_DOSES: usize = 6;

/// Readings of each process, beside the requests that the whole service had answered by then.
#[derive(Debug, Default)]
struct Lives {
    lives: BTreeMap<(u32, u64), Life>,
    readings: usize,
    /// Requests at the first reading and at the last.
    first_requests: u64,
    requests: u64,
}

impl Lives {
    /// Takes in a reading of all processes; which share of those that come and go is new.
    fn add(&mut self, each: &[(Identity, u64)], point: impl Fn(u64) -> Point) -> f64 {
        let mut new = 0;
        self.requests = point(0).requests;
        if self.readings == 0 {
            self.first_requests = self.requests;
        }
        for (process, bytes) in each {
            let life = self.lives.entry((process.pid, process.start_ticks)).or_default();
            new += usize::from(life.is_empty());
            life.push(point(*bytes));
        }
        self.readings += 1;
        let workers = self.workers(each.len());
        if self.readings == 1 { 0.0 } else { as_float(new) / as_float(workers.max(1)) }
    }

    /// Processes of a reading that are not there in all of them.
    fn workers(&self, living: usize) -> usize {
        living.saturating_sub(self.lives.values().filter(|life| life.len() == self.readings).count())
    }

    /// Whether a life that was seen from its begin to its end had too few readings.
    fn are_too_short(&self) -> bool {
        let over =
            self.lives.values().filter(|life| life.last().is_some_and(|last| last.requests < self.requests));
        let begun_here =
            over.filter(|life| life.first().is_some_and(|first| first.requests > self.first_requests));
        begun_here.into_iter().any(|life| life.len() < READINGS_MIN)
    }

    /// Lives that began or ended while they were followed.
    fn whole(&self) -> Vec<Life> {
        let passing = self.lives.values().filter(|life| life.len() < self.readings);
        passing.filter(|life| life.len() >= READINGS_MIN).cloned().collect()
    }
}

impl Bench<'_> {
    /// Follows the lives of a service's workers and judges them together.
    pub(crate) async fn follow_lives(&mut self, trial: &mut Trial<'_>) {
        let least = u64::from(self.settings().users) * 2;
        let (mut unit, mut lives) = ((trial.first_unit / FIRST_SHARE).max(least), Lives::default());
        let (mut workers, mut quiet) = (Vec::new(), 0);
        for _ in 0..DOSES_MAX {
            if self.halted() || self.time_left().is_zero() || lives.whole().len() >= LIVES {
                break;
            }
            self.counted_dose(trial, unit, Stage::Lives, None).await;
            let requests = trial.requests;
            let at = self.last.at;
            let point = |value| Point { at, requests, value, stage: Stage::Lives };
            let replaced = lives.add(&self.last.each, point);
            quiet = if replaced > 0.0 { 0 } else { quiet + 1 };
            if replaced > 0.0 && lives.whole().is_empty() && lives.are_too_short() && unit > least {
                (unit, lives) = ((unit / 2).max(least), Lives::default());
                workers.clear();
            } else if quiet >= PATIENCE_DOSES {
                (unit, quiet) = (unit * 2, 0);
            }
            workers.push(lives.workers(self.last.each.len()));
        }
        workers.sort_unstable();
        let usual = workers.get(workers.len() / 2).copied().unwrap_or(1);
        let anon = trial.readings.series(Signal::Anon);
        trial.opinions.lives = anon.and_then(|anon| pooled(&lives.whole(), usual, &self.policy(trial, anon)));
    }
}

fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
