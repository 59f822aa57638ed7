//! The sawtooth of a collector: where memory fell, how far, and the troughs that are left when the teeth are taken off.
//!
//! Under load memory rises until something is collected, and falls. What a service keeps shows in the lowest points; the
//! rest is garbage. Falls are found by a zigzag; whether a fall is a restart is not asked here.

use crate::profile::{MAD_TO_SIGMA, median_of};

/// A fall counts from so many times the noise.
const NOISE_FACTOR: f64 = 6.0;
/// ... or from this share of the range in which the readings scatter about their line.
const RANGE_SHARE: f64 = 0.25;
/// ... or from so many times what readings are never trusted more than (0.2 MB of memory).
const FLOOR_FACTOR: f64 = 10.0 / 3.0;
/// Falls of this share of the deepest are of one kind with it.
const KIND_SHARE: f64 = 0.3;
/// Teeth that are small beside the rise of the whole run are no sawtooth: they do not hide it.
const RISE_SHARE: f64 = 0.15;
/// So many teeth are enough to judge by their troughs alone.
const TEETH_MIN: usize = 8;
/// Troughs that are judged at most; with few teeth, fewer, so that each part holds about one.
const TROUGHS_MAX: usize = 48;
const TROUGHS_FEW: usize = 12;

/// A point: requests, or their share; and the value.
pub(crate) type Points = (Vec<f64>, Vec<f64>);

/// The sawtooth of a series.
pub(crate) struct Teeth {
    /// Where each fall ended.
    troughs: Vec<usize>,
    /// How far the deepest fell.
    pub(crate) deepest: f64,
    /// How many there are, where they are large enough to hide something.
    pub(crate) count: usize,
}

impl Teeth {
    /// Finds them in readings `y` at `x` (ascending).
    pub(crate) fn of(x: &[f64], y: &[f64], noise_floor: f64) -> Self {
        let falls = falls(y, threshold(x, y, noise_floor));
        let deepest = falls.iter().map(|(_, size)| *size).fold(0.0, f64::max);
        let of_one_kind = falls.iter().filter(|(_, size)| *size >= KIND_SHARE * deepest);
        let troughs: Vec<usize> = of_one_kind.map(|(at, _)| *at).collect();
        let hides = deepest > RISE_SHARE * rise(y).abs();
        Self { count: if hides { troughs.len() } else { 0 }, troughs, deepest }
    }

    /// How many fell from place `from` on.
    fn since(&self, from: usize) -> usize {
        if self.count == 0 { 0 } else { self.troughs.iter().filter(|at| **at >= from).count() }
    }

    /// The lowest points of the whole series.
    pub(crate) fn troughs(&self, x: &[f64], y: &[f64]) -> Points {
        if self.count >= TEETH_MIN {
            let (x, y): Points = self.troughs.iter().map(|at| (x[*at], y[*at])).unzip();
            if x.len() > TROUGHS_MAX { lowest_of_parts(&x, &y, TROUGHS_MAX, Place::Own) } else { (x, y) }
        } else {
            let most = TROUGHS_MAX.min(y.len() / 3);
            let parts = if self.count > 0 { most.min(TROUGHS_FEW) } else { most };
            lowest_of_parts(x, y, parts, Place::Middle)
        }
    }

    /// The lowest points of readings `from..to`, at most `most` of them and at least `least` where there are readings.
    pub(crate) fn troughs_within(
        &self,
        (x, y): (&[f64], &[f64]),
        (from, to): (usize, usize),
        (least, most): (usize, usize),
    ) -> Points {
        let own: Vec<usize> = self.troughs.iter().copied().filter(|at| (from..to).contains(at)).collect();
        if self.count >= TEETH_MIN && own.len() >= least {
            let (x, y): Points = own.iter().map(|at| (x[*at], y[*at])).unzip();
            return if x.len() > TROUGHS_MAX {
                lowest_of_parts(&x, &y, TROUGHS_MAX, Place::Own)
            } else {
                (x, y)
            };
        }
        let most = most.min((to - from) / 2);
        let parts = if self.count > 0 { self.since(from).clamp(least.min(most), most) } else { most };
        lowest_of_parts(&x[from..to], &y[from..to], parts, Place::Middle)
    }
}

/// The lowest readings of equal parts, whatever teeth there are.
pub(crate) fn lowest(x: &[f64], y: &[f64]) -> Points {
    lowest_of_parts(x, y, TROUGHS_MAX.min(y.len() / 3), Place::Middle)
}

/// How far memory must fall to make a tooth.
fn threshold(x: &[f64], y: &[f64], noise_floor: f64) -> f64 {
    let residuals = about_line(x, y);
    let range = quantile(&residuals, 0.95) - quantile(&residuals, 0.05);
    (NOISE_FACTOR * noise(y)).max(RANGE_SHARE * range).max(FLOOR_FACTOR * noise_floor)
}

/// Standard deviation of the noise of a reading, from successive differences, which a trend does not disturb.
fn noise(y: &[f64]) -> f64 {
    let steps: Vec<f64> = y.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let middle = median_of(steps.iter().copied());
    MAD_TO_SIGMA * median_of(steps.iter().map(|step| (step - middle).abs())) / std::f64::consts::SQRT_2
}

/// What is left of the readings without their straight line.
fn about_line(x: &[f64], y: &[f64]) -> Vec<f64> {
    let (middle_x, middle_y) = (mean(x), mean(y));
    let (over, under) = x.iter().zip(y).fold((0.0, 0.0), |(over, under), (x, y)| {
        (over + (x - middle_x) * (y - middle_y), under + (x - middle_x).powi(2))
    });
    let slope = if under > 0.0 { over / under } else { 0.0 };
    x.iter().zip(y).map(|(x, y)| y - middle_y - slope * (x - middle_x)).collect()
}

/// Median of the last tenth over that of the first tenth.
fn rise(y: &[f64]) -> f64 {
    let tenth = (y.len() / 10).max(3).min(y.len());
    median_of(y[y.len() - tenth..].iter().copied()) - median_of(y[..tenth].iter().copied())
}

/// Every fall of at least `least` that is followed by a rise as large, or ends the series: where its bottom is, and how
/// far it fell.
fn falls(y: &[f64], least: f64) -> Vec<(usize, f64)> {
    let mut found = Vec::new();
    let Some(first) = y.first() else { return found };
    let (mut top, mut bottom) = (*first, None::<(usize, f64)>);
    for (at, value) in y.iter().enumerate() {
        match bottom {
            None if *value > top => top = *value,
            None if top - value >= least => bottom = Some((at, *value)),
            Some((_, low)) if *value < low => bottom = Some((at, *value)),
            Some((place, low)) if value - low >= least => {
                found.push((place, top - low));
                (top, bottom) = (*value, None);
            }
            _ => {}
        }
    }
    found.extend(bottom.map(|(place, low)| (place, top - low)));
    found
}

/// Where the lowest reading of a part is put.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Where it was read.
    Own,
    /// In the middle of its part. While memory rises the lowest is the first of its part; put in the middle, all are
    /// late by the same half part, and the slope is that of the readings.
    Middle,
}

/// Cuts readings into parts of equal number and takes the lowest of each.
fn lowest_of_parts(x: &[f64], y: &[f64], parts: usize, place: Place) -> Points {
    let edge = |part: usize| part * y.len() / parts.max(1);
    let ranges = (0..parts).map(|part| edge(part)..edge(part + 1)).filter(|range| !range.is_empty());
    let lowest = ranges.map(|range| {
        let at = range.clone().min_by(|a, b| y[*a].total_cmp(&y[*b])).expect("empty parts are left out");
        (if place == Place::Own { x[at] } else { mean(&x[range]) }, y[at])
    });
    lowest.unzip()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / (values.len().max(1) as f64)
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    if values.is_empty() {
        return 0.0;
    }
    let place = ((values.len() - 1) as f64 * share).round() as usize;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}
