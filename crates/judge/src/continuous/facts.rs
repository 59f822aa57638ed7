//! What the readings of one life of the service show at one look.

use crate::continuous::level_shifts::slope_is_needed;
use crate::continuous::mann_kendall::{rise, slope};
use crate::continuous::reading::Reading;
use crate::continuous::teeth::{self, Points, Teeth};
use crate::profile::{Limits, Profile, profile_under_load};

/// Readings of a life without which nothing is said of it.
pub(crate) const READINGS_MIN: usize = 30;
/// Of the judged part of a life, so much at its beginning is never used: pools open, code compiles.
const START_SHARE: f64 = 0.03;
/// Steps are looked for after so much of a life: before it everything warms up.
const STEPS_FROM: f64 = 0.2;
/// Troughs of the second half and of the quarter before it that are compared.
const LATE_TROUGHS: (usize, usize) = (8, 20);
const EARLY_TROUGHS: (usize, usize) = (4, 10);
/// So many jumps are held against the rise after this share of a life.
const JUMPS: usize = 3;
const EARLY_SHARE: f64 = 0.1;
/// Memory comes in pieces where each value was read so many times, on average.
const SAME_READINGS_MIN: usize = 4;
/// A trough stays on its piece until the whole scatter of the readings has left it: growth of nearly two is unseen.
const UNSEEN_QUANTA: f64 = 2.0;
/// A rise of so many times the noise floor in the first half is one.
const EARLY_RISE_FACTOR: f64 = 16.0;

/// What a life showed.
pub(crate) struct Facts {
    /// Requests in it.
    pub(crate) requests: f64,
    /// Growth over all of them.
    profile: Profile,
    /// The size of the pieces in which memory comes.
    quantum: f64,
    /// Collections that were large enough to hide growth.
    pub(crate) teeth: usize,
    /// The largest of them.
    pub(crate) deepest: f64,
    /// Probability of so clear a rise in the second half without any trend.
    pub(crate) late: f64,
    /// Slope of the second half over that of the quarter before it.
    pub(crate) ratio: f64,
    /// Whether steps alone do not explain it.
    pub(crate) needs_slope: bool,
    /// How much more its second half held than its beginning.
    pub(crate) early_rise: f64,
    /// Share of the rise that its largest jumps are.
    pub(crate) jumps: f64,
}

impl Facts {
    /// `None` where there are too few readings, or no requests between them.
    pub(crate) fn of(life: &[Reading], limits: &Limits) -> Option<Self> {
        let (requests, x, y) = judged(life)?;
        let teeth = Teeth::of(&x, &y, limits.noise_floor);
        let troughs = teeth.troughs(&x, &y);
        let profile = profile_under_load(&troughs.0, &troughs.1, limits)?;
        let half = place(&x, 0.5);
        let late = teeth.troughs_within((&x, &y), (half, x.len()), LATE_TROUGHS);
        let early = teeth.troughs_within((&x, &y), (place(&x, 0.25), half), EARLY_TROUGHS);
        Some(Self {
            requests,
            teeth: teeth.count,
            deepest: teeth.deepest,
            late: rise(&late.0, &late.1),
            ratio: ratio(&late, &early),
            needs_slope: needs_slope(&troughs, &profile, limits.noise_floor),
            early_rise: early_rise(&troughs, limits.noise_floor),
            jumps: jumps(&teeth::lowest(&x, &y).1),
            quantum: quantum(&y),
            profile,
        })
    }

    /// Growth over the life, by the best explanation.
    pub(crate) fn growth(&self) -> f64 {
        self.profile.growth()
    }

    /// Size of the part that saturates, by the best explanation.
    pub(crate) fn saturating(&self) -> f64 {
        self.profile.saturating()
    }

    /// Lower bound of growth at one-sided level `tail`.
    pub(crate) fn low(&self, tail: f64) -> f64 {
        self.profile.low(tail) - UNSEEN_QUANTA * self.quantum
    }

    /// Upper bound of growth at one-sided level `tail`. What is kept is never negative, whatever the readings drift.
    pub(crate) fn high(&self, tail: f64) -> f64 {
        (self.profile.high(tail) + UNSEEN_QUANTA * self.quantum).max(0.0)
    }

    /// Both, as they are published: over every shape that can be imagined, but from the bound that decided where growth
    /// was decided.
    pub(crate) fn interval(&self, tail: f64, grows: bool) -> (f64, f64) {
        let (low, high) = self.profile.interval(tail);
        let unseen = UNSEEN_QUANTA * self.quantum;
        let low = if grows { self.low(tail) } else { low - unseen };
        (low, (high + unseen).max(0.0))
    }

    /// Half the width of the interval of a straight line.
    pub(crate) fn margin(&self, tail: f64) -> f64 {
        self.profile.margin(tail) + UNSEEN_QUANTA * self.quantum
    }

    /// What a life shows that has been collected so often that its garbage is gone.
    pub(crate) const fn is_collected(&self) -> bool {
        self.teeth >= 3
    }
}

/// Requests of a life; and its readings at their share of them, without the beginning.
fn judged(life: &[Reading]) -> Option<(f64, Vec<f64>, Vec<f64>)> {
    let (first, last) = (life.first()?, life.last()?);
    let requests = (last.requests - first.requests) as f64;
    let share = |reading: &Reading| (reading.requests - first.requests) as f64 / requests;
    let kept = life.iter().filter(|reading| requests > 0.0 && share(reading) >= START_SHARE);
    let (x, y): Points = kept.map(|reading| (share(reading), reading.value as f64)).unzip();
    (life.len() >= READINGS_MIN && x.len() >= READINGS_MIN * 3 / 4).then_some((requests, x, y))
}

/// The piece in which memory comes: the least difference between readings, where many of them are the same.
fn quantum(y: &[f64]) -> f64 {
    let mut values = y.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let apart = values.windows(2).map(|pair| pair[1] - pair[0]);
    let least = apart.fold(f64::INFINITY, f64::min);
    if values.len() > 1 && values.len() * SAME_READINGS_MIN <= y.len() { least } else { 0.0 }
}

fn place(x: &[f64], share: f64) -> usize {
    x.partition_point(|x| *x < share)
}

fn ratio(late: &Points, early: &Points) -> f64 {
    let (late, early) = (slope(&late.0, &late.1), slope(&early.0, &early.1));
    match () {
        () if early > 0.0 => late / early,
        () if late > 0.0 => f64::INFINITY,
        () => 0.0,
    }
}

fn needs_slope((x, y): &Points, profile: &Profile, noise_floor: f64) -> bool {
    let from = place(x, STEPS_FROM);
    let effective = (x.len() - from) as f64 * (1.0 - profile.rho()) / (1.0 + profile.rho());
    slope_is_needed((&x[from..], &y[from..]), profile.growth(), effective, noise_floor)
}

/// Share that the largest jumps have in the rise of what was never fallen below again.
fn jumps(y: &[f64]) -> f64 {
    let mut lowest_to_come = y.to_vec();
    for at in (1..y.len()).rev() {
        lowest_to_come[at - 1] = lowest_to_come[at - 1].min(lowest_to_come[at]);
    }
    let rises = lowest_to_come.windows(2).map(|pair| pair[1] - pair[0]);
    let mut rises: Vec<f64> = rises.skip((y.len() as f64 * EARLY_SHARE) as usize).collect();
    rises.sort_by(|a, b| b.total_cmp(a));
    let all: f64 = rises.iter().sum();
    if all > 0.0 { rises.iter().take(JUMPS).sum::<f64>() / all } else { 1.0 }
}

fn early_rise((_, y): &Points, noise_floor: f64) -> f64 {
    let late = y[y.len() / 2..].iter().copied().fold(f64::INFINITY, f64::min);
    let rise = late - y[0];
    if rise > EARLY_RISE_FACTOR * noise_floor { rise } else { 0.0 }
}
