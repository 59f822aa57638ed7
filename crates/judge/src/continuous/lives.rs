//! Lives of a service: what lies between two changes of its processes; and what they show together.
//!
//! A worker that is replaced after so many requests (`gunicorn --max-requests`, pm2) never grows large, and no single
//! life is long enough to be judged. But each life is the same experiment again: what all of them show is pooled, each
//! life one observation, so that how they differ is in the bound.

use crate::continuous::mann_kendall::slope;
use crate::continuous::reading::Reading;
use crate::continuous::teeth::Points;
use crate::profile::student;

/// Lives without which nothing is pooled, and readings that each of them needs.
const LIVES_MIN: usize = 4;
const LIFE_READINGS_MIN: usize = 12;
/// A life counts when it served at least this share of the requests of the median one: the last was cut off.
const WHOLE_SHARE: f64 = 0.5;
/// At most so many readings of a life are compared, evenly spread.
const COMPARED_MAX: usize = 40;

/// The lives in a record, in order.
pub(crate) fn lives(readings: &[Reading]) -> impl Iterator<Item = &[Reading]> {
    readings.chunk_by(|a, b| a.process == b.process)
}

/// The life with most requests: what it shows weighs most, wherever in the run it lies.
pub(crate) fn longest(readings: &[Reading]) -> &[Reading] {
    lives(readings).max_by_key(|life| requests(life)).unwrap_or(&[])
}

/// Requests from the first to the last reading.
pub(crate) fn requests(life: &[Reading]) -> u64 {
    life.first().zip(life.last()).map_or(0, |(first, last)| last.requests - first.requests)
}

/// What many lives show together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pooled {
    /// How many.
    pub(crate) lives: usize,
    /// Requests of the median life.
    pub(crate) life_requests: f64,
    /// Requests of all.
    pub(crate) requests: f64,
    /// Growth per request in the second half of a life: mean, and the standard error of that mean.
    pub(crate) mean: f64,
    standard_error: f64,
    /// Second half over first half.
    pub(crate) ratio: f64,
}

impl Pooled {
    /// `None` where there are too few lives.
    pub(crate) fn of(readings: &[Reading]) -> Option<Self> {
        let long_enough = |life: &&[Reading]| life.len() >= LIFE_READINGS_MIN && requests(life) > 0;
        let mut all: Vec<_> = lives(readings).filter(long_enough).collect();
        all.sort_by_key(|life| requests(life));
        let life_requests = requests(all.get(all.len() / 2)?) as f64;
        all.retain(|life| requests(life) as f64 >= WHOLE_SHARE * life_requests);
        let (early, late): Points = all.iter().map(|life| halves(life)).unzip();
        let count = all.len() as f64;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
        let centre = mean(&late);
        let variance = late.iter().map(|slope| (slope - centre).powi(2)).sum::<f64>() / (count - 1.0);
        (all.len() >= LIVES_MIN).then(|| Self {
            lives: all.len(),
            life_requests,
            requests: all.iter().map(|life| requests(life) as f64).sum(),
            mean: centre,
            standard_error: (variance / count).sqrt(),
            ratio: if mean(&early) > 0.0 { centre / mean(&early) } else { 0.0 },
        })
    }

    /// How far the mean may be off, at one-sided level `tail`.
    pub(crate) fn margin(&self, tail: f64) -> f64 {
        student(self.lives as f64 - 1.0, tail) * self.standard_error
    }
}

/// Slopes of the two halves of a life.
fn halves(life: &[Reading]) -> (f64, f64) {
    let compared = life.iter().step_by(life.len().div_ceil(COMPARED_MAX));
    let (x, y): Points = compared.map(|reading| (reading.requests as f64, reading.value as f64)).unzip();
    let half = x.len() / 2;
    (slope(&x[..half], &y[..half]), slope(&x[half..], &y[half..]))
}
