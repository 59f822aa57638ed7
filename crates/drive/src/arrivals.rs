//! Open arrivals: a rate that may change with time, and the moments at which requests are due by it. Pure.
//!
//! The rate is a row of straight pieces, so that a constant, steps and a ramp are one thing. The k-th request is due
//! when the area under the rate reaches k; for random (Poisson) arrivals, when it reaches the sum of k exponential
//! gaps, which is the time-change theorem of Poisson processes (Çinlar 1975, chapter 4.7).

use std::time::Duration;

use drip_model::Draw;

use crate::bounds::{INTERVAL_MAX, RATE_MAX};
use crate::dose::Part;
use crate::failure::Failure;

/// How many requests arrive, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrivals {
    /// The rate, piece after piece; the end of the last one holds for ever.
    pub pieces: Vec<Piece>,
    /// How they are spaced.
    pub spacing: Spacing,
}

/// A time in which the rate goes straight from one value to another, both in requests per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// At its beginning.
    pub from: f64,
    /// At its end.
    pub to: f64,
    /// How long it is.
    pub time: Duration,
}

/// How arrivals are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// At even distances.
    Even,
    /// At random ones, as of many independent callers (a Poisson process).
    Poisson,
}

impl Arrivals {
    /// The same rate all the time.
    pub fn constant(rate: f64) -> Self {
        Self::stepped([(rate, Duration::ZERO)])
    }

    /// One rate after the other, each for its time; the last one holds.
    pub fn stepped(steps: impl IntoIterator<Item = (f64, Duration)>) -> Self {
        let piece = |(rate, time)| Piece { from: rate, to: rate, time };
        Self { pieces: steps.into_iter().map(piece).collect(), spacing: Spacing::Even }
    }

    /// From one rate to another within a time; the latter holds.
    pub fn ramp(from: f64, to: f64, time: Duration) -> Self {
        Self { pieces: vec![Piece { from, to, time }], spacing: Spacing::Even }
    }

    /// The same rate, at random distances.
    #[must_use]
    pub fn at_random(self) -> Self {
        Self { spacing: Spacing::Poisson, ..self }
    }

    fn is_sound(&self) -> bool {
        let rate = |rate: f64| (0.0..=RATE_MAX).contains(&rate);
        let last = self.pieces.last().is_some_and(|piece| piece.to * INTERVAL_MAX.as_secs_f64() >= 1.0);
        last && self.pieces.iter().all(|piece| rate(piece.from) && rate(piece.to))
    }
}

/// The moments of one thread's part of a dose, one after the other: with n threads, each takes every n-th.
#[derive(Debug)]
pub(crate) struct Schedule {
    pieces: Vec<Piece>,
    /// The piece under way; when it began, and the area before it.
    at: usize,
    began: f64,
    before: f64,
    /// The area at which the next request is due.
    area: f64,
    /// From one of its moments to the next, in moments of the dose.
    stride: usize,
    random: Option<Draw>,
}

impl Schedule {
    pub(crate) fn new(arrivals: &Arrivals, seed: u64, first: u64, part: Part) -> Result<Self, Failure> {
        if !arrivals.is_sound() {
            return Err(Failure::our_side(format!("arrivals that cannot be kept: {:?}", arrivals.pieces)));
        }
        let random = (arrivals.spacing == Spacing::Poisson).then(|| Draw::new(seed, first));
        let pieces = arrivals.pieces.clone();
        let mut schedule =
            Self { pieces, at: 0, began: 0.0, before: 0.0, area: 0.0, stride: part.of, random };
        if schedule.random.is_some() {
            schedule.pass(1);
        }
        schedule.pass(part.index);
        Ok(schedule)
    }

    /// When the next request is due, after the start of the dose.
    pub(crate) fn next(&mut self) -> Duration {
        while self.at + 1 < self.pieces.len() && self.area >= self.before + self.pieces[self.at].area() {
            self.before += self.pieces[self.at].area();
            self.began += self.pieces[self.at].time.as_secs_f64();
            self.at += 1;
        }
        let due = self.began + self.pieces[self.at].time_of(self.area - self.before);
        self.pass(self.stride);
        Duration::try_from_secs_f64(due).unwrap_or(Duration::MAX)
    }

    fn pass(&mut self, moments: usize) {
        for _ in 0..moments {
            self.area += self.gap();
        }
    }

    fn gap(&mut self) -> f64 {
        match &mut self.random {
            None => 1.0,
            // 53 bits make a uniform number of [0, 1), so that its complement has a logarithm.
            Some(draw) => -(1.0 - (draw.number() >> 11) as f64 / (1_u64 << 53) as f64).ln(),
        }
    }
}

impl Piece {
    fn area(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.time.as_secs_f64()
    }

    /// When the area since the beginning of the piece reaches `area`, its end's rate going on after it.
    fn time_of(&self, area: f64) -> f64 {
        let (time, whole) = (self.time.as_secs_f64(), self.area());
        if area >= whole {
            return time + (area - whole) / self.to;
        }
        if area <= 0.0 {
            return 0.0;
        }
        // The area after t is from t + slope t² / 2; this form of the root does not cancel for small slopes.
        let slope = (self.to - self.from) / time;
        2.0 * area / (self.from + (self.from * self.from + 2.0 * slope * area).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Part = Part { index: 0, of: 1 };

    /// When the first `count` requests are due, in seconds.
    fn due(arrivals: &Arrivals, count: usize) -> Vec<f64> {
        due_in(WHOLE, arrivals, count)
    }

    fn due_in(part: Part, arrivals: &Arrivals, count: usize) -> Vec<f64> {
        let mut schedule = Schedule::new(arrivals, 1, 0, part).unwrap();
        (0..count).map(|_| schedule.next().as_secs_f64()).collect()
    }

    fn check(arrivals: &Arrivals, expected: &[f64]) {
        let due = due(arrivals, expected.len());
        let near = due.iter().zip(expected).all(|(due, expected)| (due - expected).abs() < 1e-6);
        assert!(near, "{due:?}, expected {expected:?}");
    }

    #[test]
    fn a_constant_rate_has_even_distances() {
        check(&Arrivals::constant(10.0), &[0.0, 0.1, 0.2, 0.3, 0.4]);
    }

    #[test]
    fn a_step_begins_where_the_one_before_it_ends() {
        let second = Duration::from_secs(1);
        check(
            &Arrivals::stepped([(2.0, second), (4.0, second)]),
            &[0.0, 0.5, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25],
        );
        check(&Arrivals::stepped([(0.0, second), (2.0, second)]), &[1.0, 1.5, 2.0]);
    }

    #[test]
    fn a_ramp_has_the_area_of_a_ramp_and_then_its_last_rate() {
        // The area under 2 t is t².
        let up = Arrivals::ramp(0.0, 4.0, Duration::from_secs(2));
        check(&up, &[0.0, 1.0, 2_f64.sqrt(), 3_f64.sqrt(), 2.0, 2.25, 2.5]);
        let down = Arrivals::ramp(4.0, 2.0, Duration::from_secs(1));
        check(&down, &[0.0, 2.0 - 3_f64.sqrt(), 2.0 - 2_f64.sqrt(), 1.0, 1.5]);
    }

    #[test]
    fn random_arrivals_have_the_rate_and_the_spread_of_a_poisson_process() {
        let count = 20_000;
        let due = due(&Arrivals::constant(1000.0).at_random(), count);
        let gaps: Vec<_> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // Both the mean and the deviation of an exponential gap are 1/rate; five standard errors are 3.5 %.
        assert!((mean * 1e3 - 1.0).abs() < 0.035, "{mean}");
        assert!((variance.sqrt() * 1e3 - 1.0).abs() < 0.07, "{variance}");
    }

    #[test]
    fn threads_share_the_moments_out_without_one_more_or_less() {
        for arrivals in [Arrivals::constant(10.0), Arrivals::constant(10.0).at_random()] {
            let parts = (0..3).flat_map(|index| due_in(Part { index, of: 3 }, &arrivals, 100));
            let mut all: Vec<_> = parts.collect();
            all.sort_by(f64::total_cmp);
            assert_eq!(all, due(&arrivals, 300));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_moments() {
        let arrivals = Arrivals::constant(5.0).at_random();
        assert_eq!(due(&arrivals, 100), due(&arrivals, 100));
    }

    #[test]
    fn a_rate_that_is_no_rate_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e10] {
            assert!(Schedule::new(&Arrivals::constant(rate), 1, 0, WHOLE).is_err(), "{rate}");
        }
        assert!(Schedule::new(&Arrivals::stepped([]), 1, 0, WHOLE).is_err());
    }
}
