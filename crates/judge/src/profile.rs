//! Bounds on the part of growth that does not saturate, whatever saturating part may lie under it.
//!
//! Model: `Y = a + G x + C s(x) + e`, `x` the share of judged requests done, `s` one of the [`Shape`]s,
//! `0 <= C <= cache`, `e` first-order autoregressive. `G` is growth over the judged requests. Its bounds are
//! taken over *every* shape that fits about as well as the best (a profile, not a plug-in), so that "line, bend
//! or both" is part of the uncertainty and not a choice of model.
//!
//! Step 1, robust: Huber's weights by iterated reweighting (Huber 1981, c = 1.345) for each shape; the best one
//! gives the weights and the autocorrelation, corrected for small samples (Kendall 1954). Step 2, generalized:
//! rows transformed after Prais and Winsten (1954), so that wandering readings widen the interval.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::least_squares::{Fit, Row, fit};
use crate::shape::Shape;

/// Fewer readings cannot tell any shape from any other.
const READINGS_MIN: usize = 6;
const HUBER_C: f64 = 1.345;
const HUBER_ROUNDS: usize = 4;
/// Makes the median absolute deviation an estimate of sigma for normal noise.
pub(crate) const MAD_TO_SIGMA: f64 = 1.4826;
/// Beyond this a series is a random walk for our purposes; 1 would divide by zero.
const RHO_MAX: f64 = 0.98;

/// A shape is plausible when its misfit is within this two-sided level of the best one's.
const PLAUSIBLE_TAIL: f64 = 0.10;
/// The best of many shapes fits noise, and the true one is then further from it than that level says; an interval that
/// is to hold the truth as often as it claims takes in shapes to this level.
const CONCEIVABLE_TAIL: f64 = 0.003;
/// Two dozen readings show less of how they hang together than there is: with noise that wanders (autocorrelation 0.9)
/// 99 % intervals held the truth in 93 of 100 simulated leaks, and in 97.5 where they were half as wide again. The
/// printed one is wider by this.
const WANDERING: f64 = 2.0;

/// What bounds a profile.
pub(crate) struct Limits {
    /// The largest saturating part that is entertained, in units of `y`.
    pub(crate) cache: f64,
    /// Readings are never trusted more than this, in units of `y`: pages, arenas, table steps.
    pub(crate) noise_floor: f64,
    /// The least autocorrelation that is assumed.
    pub(crate) rho_min: f64,
}

impl Limits {
    /// For a dozen readings: they cannot show that they are independent, and memory, which is a sum of what was kept,
    /// is not.
    pub(crate) const fn of_few(cache: f64, noise_floor: f64) -> Self {
        Self { cache, noise_floor, rho_min: 0.4 }
    }

    /// For dozens of readings, which show how they hang together.
    pub(crate) const fn of_many(cache: f64, noise_floor: f64) -> Self {
        Self { cache, noise_floor, rho_min: 0.0 }
    }
}

/// One plausible explanation of the readings.
struct Explanation {
    growth: f64,
    standard_error: f64,
    freedom: f64,
    saturating: f64,
    rss: f64,
    shape: Shape,
    /// Growth and its standard error, were the saturating part as large as it may be: less than that this shape cannot
    /// explain. `None` where it is that large, or has no bound.
    least: Option<(f64, f64)>,
}

/// All explanations that are to be reckoned with.
pub(crate) struct Profile {
    plausible: Vec<Explanation>,
    /// Less good than those by far, but not impossible.
    conceivable: Vec<Explanation>,
    /// The straight line's, when it is plausible: nothing that saturates can make the bound above it higher.
    line: Option<usize>,
    /// Growth and its standard error by the straight line, plausible or not.
    straight: (f64, f64),
    best: usize,
    rho: f64,
}

impl Profile {
    /// Growth over the judged requests, by the best explanation.
    pub(crate) fn growth(&self) -> f64 {
        self.plausible[self.best].growth
    }

    /// Autocorrelation of the readings.
    pub(crate) const fn rho(&self) -> f64 {
        self.rho
    }

    /// Size of the saturating part, by the best explanation.
    pub(crate) fn saturating(&self) -> f64 {
        self.plausible[self.best].saturating
    }

    /// Lower bound of growth at one-sided level `tail`.
    pub(crate) fn low(&self, tail: f64) -> f64 {
        let quantiles = Quantiles::of(&self.plausible, tail);
        let lows = self.plausible.iter().map(|e| e.growth - quantiles.margin(e));
        lows.fold(f64::INFINITY, f64::min)
    }

    /// Upper bound of growth at one-sided level `tail`.
    ///
    /// The saturating part is never negative, and it is negatively correlated with the growth; so where a
    /// straight line is plausible, its own bound is the highest that the constraint allows.
    pub(crate) fn high(&self, tail: f64) -> f64 {
        let quantiles = Quantiles::of(&self.plausible, tail);
        let high = |e: &Explanation| e.growth + quantiles.margin(e);
        match self.line {
            Some(line) => high(&self.plausible[line]),
            None => self.plausible.iter().map(high).fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// Chance that growth is at most `threshold` and the readings are as they are, by the explanation that makes it most
    /// likely: the level at which the lower bound would just be the threshold.
    pub(crate) fn chance_at_most(&self, threshold: f64) -> f64 {
        self.plausible.iter().map(|e| e.chance_at_most(threshold)).fold(0.0, f64::max)
    }

    /// Bounds of growth at one-sided level `tail` each, over every shape that can be imagined.
    ///
    /// A saturating part is never negative and never larger than a cache: what a slow saturation leaves open, that
    /// closes again.
    pub(crate) fn interval(&self, tail: f64) -> (f64, f64) {
        let all = || self.plausible.iter().chain(&self.conceivable);
        let quantiles = Quantiles::of(all(), tail);
        let without = self.straight.0 + WANDERING * quantiles.widest() * self.straight.1;
        let bounds = all().map(|e| {
            let margin = WANDERING * quantiles.margin(e);
            let least = e.least.map(|(growth, error)| growth - WANDERING * quantiles.at(e.freedom) * error);
            (
                least.map_or(e.growth - margin, |least| least.max(e.growth - margin)),
                (e.growth + margin).min(without),
            )
        });
        let widest = |all: (f64, f64), one: (f64, f64)| (all.0.min(one.0), all.1.max(one.1));
        bounds.fold((f64::INFINITY, f64::NEG_INFINITY), widest)
    }

    /// Half the width of the best explanation's interval at one-sided level `tail`.
    pub(crate) fn margin(&self, tail: f64) -> f64 {
        Quantiles::of(&self.plausible, tail).margin(&self.plausible[self.best])
    }
}

impl Explanation {
    fn chance_at_most(&self, threshold: f64) -> f64 {
        let distance = (self.growth - threshold) / self.standard_error.max(f64::MIN_POSITIVE);
        beyond(self.freedom, distance)
    }
}

/// Quantiles of Student's t at one level, each computed once: shapes differ by few degrees of freedom.
struct Quantiles(Vec<(f64, f64)>);

impl Quantiles {
    fn of<'a>(explanations: impl IntoIterator<Item = &'a Explanation>, tail: f64) -> Self {
        let mut degrees: Vec<f64> = explanations.into_iter().map(|e| e.freedom).collect();
        degrees.sort_by(f64::total_cmp);
        degrees.dedup();
        Self(degrees.into_iter().map(|freedom| (freedom, student(freedom, tail))).collect())
    }

    fn at(&self, freedom: f64) -> f64 {
        self.0
            .iter()
            .find(|(degrees, _)| *degrees == freedom)
            .map_or(f64::INFINITY, |(_, quantile)| *quantile)
    }

    /// The largest of them.
    fn widest(&self) -> f64 {
        self.0.iter().map(|(_, quantile)| *quantile).fold(0.0, f64::max)
    }

    fn margin(&self, explanation: &Explanation) -> f64 {
        self.at(explanation.freedom) * explanation.standard_error
    }
}

/// Upper `tail` quantile of Student's t.
pub(crate) fn student(freedom: f64, tail: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(1.0 - tail))
}

/// Chance of more than `distance` in Student's t.
pub(crate) fn beyond(freedom: f64, distance: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |t| t.sf(distance))
}

/// Profiles a few readings `y` at `x` (ascending from 0 to 1). `None` with fewer than six readings.
pub(crate) fn profile(x: &[f64], y: &[f64], limits: &Limits) -> Option<Profile> {
    if x.len() < READINGS_MIN {
        return None;
    }
    let shapes = Shape::candidates(x);
    let robust = Robust::best(x, y, &shapes, limits)?;
    let others: Vec<Shape> = Shape::at_any_pace().collect();
    weighed(x, y, (&shapes, &others), &robust, limits)
}

/// Profiles many readings `y` at `x` (ascending, within 0 to 1). `None` with fewer than six readings.
pub(crate) fn profile_under_load(x: &[f64], y: &[f64], limits: &Limits) -> Option<Profile> {
    if x.len() < READINGS_MIN {
        return None;
    }
    let mut shapes = Shape::under_load().to_vec();
    let coarse = Robust::best(x, y, &shapes, limits)?;
    let near: Vec<Shape> = coarse.shape.near().collect();
    let fine = Robust::best(x, y, &near, limits).filter(|fine| fine.misfit < coarse.misfit);
    shapes.extend(near);
    weighed(x, y, (&shapes, &[]), &fine.unwrap_or(coarse), limits)
}

/// Every explanation that is about as good as the best; those of the second kind are at most conceivable.
fn weighed(
    x: &[f64],
    y: &[f64],
    (shapes, others): (&[Shape], &[Shape]),
    robust: &Robust,
    limits: &Limits,
) -> Option<Profile> {
    let rho = autocorrelation(&robust.fit.residuals, limits.rho_min);
    let errors = Errors { rho, weights: &robust.weights };
    let explained = |shapes: &[Shape]| -> Vec<Explanation> {
        shapes.iter().filter_map(|shape| explain(x, y, *shape, &errors, limits)).collect()
    };
    let all = explained(shapes);
    let straight = all.iter().find(|e| e.shape == Shape::None).map(|e| (e.growth, e.standard_error))?;
    let best_rss = all.iter().map(|e| e.rss).fold(f64::INFINITY, f64::min);
    let slack = 0.1 * count(x) * (limits.noise_floor * (1.0 - rho)).powi(2);
    let within = |tail: f64| {
        let quantiles = Quantiles::of(&all, tail);
        move |e: &Explanation| e.rss <= best_rss * (1.0 + quantiles.at(e.freedom).powi(2) / e.freedom) + slack
    };
    let (plausible, conceivable) = (within(PLAUSIBLE_TAIL), within(CONCEIVABLE_TAIL));
    let (all, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(plausible);
    let conceivable = rest.into_iter().chain(explained(others)).filter(conceivable).collect();
    let best = (0..all.len()).min_by(|a, b| all[*a].rss.total_cmp(&all[*b].rss))?;
    let line = all.iter().position(|e| e.shape == Shape::None);
    Some(Profile { best: line.unwrap_or(best), plausible: all, conceivable, line, straight, rho })
}

fn count(values: &[f64]) -> f64 {
    f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX))
}

/// The design of one shape: constant, line, saturating part.
fn design(x: &[f64], shape: Shape) -> (Vec<Row>, usize) {
    let columns = if shape == Shape::None { 2 } else { 3 };
    (x.iter().map(|x| [1.0, *x, shape.at(*x)]).collect(), columns)
}

/// A robust fit of one shape.
struct Robust {
    shape: Shape,
    fit: Fit,
    weights: Vec<f64>,
    misfit: f64,
}

impl Robust {
    /// The best of these shapes.
    fn best(x: &[f64], y: &[f64], shapes: &[Shape], limits: &Limits) -> Option<Self> {
        shapes.iter().filter_map(|shape| Self::fit(x, y, *shape, limits)).min_by(Self::by_misfit)
    }

    fn fit(x: &[f64], y: &[f64], shape: Shape, limits: &Limits) -> Option<Self> {
        let (rows, columns) = design(x, shape);
        let least = 1e-6 * (spread(y) + 1.0);
        let mut weights = vec![1.0; y.len()];
        let mut solution = fit(&rows, y, &weights, columns)?;
        for _ in 0..HUBER_ROUNDS {
            let scale = MAD_TO_SIGMA * median_of(solution.residuals.iter().map(|r| r.abs())) + least;
            weights =
                solution.residuals.iter().map(|r| (HUBER_C * scale / r.abs().max(1e-9)).min(1.0)).collect();
            solution = fit(&rows, y, &weights, columns)?;
        }
        let saturating = solution.coefficients[2];
        let allowed = saturating >= 0.0 && (!shape.is_bounded_by_cache() || saturating <= limits.cache);
        let misfit = solution.residuals.iter().zip(&weights).map(|(r, w)| w * r * r).sum();
        allowed.then_some(Self { shape, fit: solution, weights, misfit })
    }

    fn by_misfit(a: &Self, b: &Self) -> std::cmp::Ordering {
        a.misfit.total_cmp(&b.misfit)
    }
}

/// What is known of the errors of the readings.
struct Errors<'a> {
    rho: f64,
    weights: &'a [f64],
}

impl Errors<'_> {
    /// How much clipping the outliers understates the variance: the share of unclipped readings, squared and
    /// inverted (Huber 1981, section 7.6).
    fn clipping(&self) -> f64 {
        let unclipped = self.weights.iter().filter(|w| **w >= 1.0).count().max(1);
        (count(self.weights) / f64::from(u32::try_from(unclipped).unwrap_or(u32::MAX))).powi(2)
    }

    /// Prais-Winsten: removes the autocorrelation from a column, after weighting.
    fn whiten<const N: usize>(&self, column: &[[f64; N]]) -> Vec<[f64; N]> {
        let weighted: Vec<[f64; N]> =
            column.iter().zip(self.weights).map(|(row, w)| row.map(|v| v * w.sqrt())).collect();
        let first = (1.0 - self.rho * self.rho).sqrt();
        (0..weighted.len())
            .map(|i| match i {
                0 => weighted[0].map(|v| v * first),
                _ => std::array::from_fn(|k| weighted[i][k] - self.rho * weighted[i - 1][k]),
            })
            .collect()
    }
}

/// Lag-1 autocorrelation of residuals, corrected for the bias that fitting a line brings.
fn autocorrelation(residuals: &[f64], least: f64) -> f64 {
    let square: f64 = residuals.iter().map(|r| r * r).sum();
    if square <= 0.0 {
        return least;
    }
    let lagged: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let (rho, n) = (lagged / square, count(residuals));
    (rho + (2.0 + 4.0 * rho) / n).clamp(least, RHO_MAX)
}

/// Generalized least squares for one shape; `None` when the constraint on its saturating part excludes it.
fn explain(x: &[f64], y: &[f64], shape: Shape, errors: &Errors<'_>, limits: &Limits) -> Option<Explanation> {
    let (rows, columns) = design(x, shape);
    let rows = errors.whiten(&rows);
    let target: Vec<f64> = errors.whiten(&as_rows(y)).into_iter().map(|[v]| v).collect();
    let ones = vec![1.0; y.len()];
    let mut solution = fit(&rows, &target, &ones, columns)?;
    let mut saturating = solution.coefficients[2];
    if saturating < 0.0 {
        return None;
    }
    let mut freedom = columns + usize::from(shape != Shape::None);
    let mut full = None;
    if shape.is_bounded_by_cache() {
        let rest: Vec<f64> = target.iter().zip(&rows).map(|(y, row)| y - limits.cache * row[2]).collect();
        let of_full = fit(&rows, &rest, &ones, 2)?;
        if saturating > limits.cache {
            (saturating, solution) = (limits.cache, of_full);
            freedom -= 1;
        } else {
            full = Some(of_full);
        }
    }
    let freedom = count(y) - f64::from(u32::try_from(freedom).unwrap_or(u32::MAX));
    let floor = limits.noise_floor * (1.0 - errors.rho);
    let variance = (solution.rss() / freedom * errors.clipping()).max(floor * floor);
    Some(Explanation {
        growth: solution.coefficients[1],
        standard_error: solution.standard_error(1, variance),
        freedom,
        saturating,
        rss: solution.rss(),
        shape,
        least: full.map(|full| (full.coefficients[1], full.standard_error(1, variance))),
    })
}

fn as_rows(y: &[f64]) -> Vec<[f64; 1]> {
    y.iter().map(|v| [*v]).collect()
}

fn spread(values: &[f64]) -> f64 {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low
}

/// Median; 0 for nothing.
pub(crate) fn median_of(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    let Some(middle) = values.len().checked_sub(1).map(|last| last.div_ceil(2)) else { return 0.0 };
    let odd = values.len() % 2 == 1;
    let (below, above, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let next_below = || below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if odd { *above } else { f64::midpoint(next_below(), *above) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits::of_few(16e6, 60e3);

    fn grid(n: u32) -> Vec<f64> {
        (0..n).map(|i| f64::from(i) / f64::from(n - 1)).collect()
    }

    #[test]
    fn a_straight_line_is_bounded_closely_on_both_sides() {
        let x = grid(9);
        let y: Vec<f64> = x.iter().map(|x| 7e6 + 30e6 * x).collect();
        let found = profile(&x, &y, &LIMITS).unwrap();
        assert!((found.growth() - 30e6).abs() < 1.0);
        assert!(
            found.low(0.005) > 25e6 && found.high(0.005) < 31e6,
            "{} {}",
            found.low(0.005),
            found.high(0.005)
        );
    }

    #[test]
    fn a_ring_that_filled_is_not_growth() {
        let x = grid(13);
        let y: Vec<f64> = x.iter().map(|x| 7e6 + 8e6 * (x / 0.4).min(1.0)).collect();
        let found = profile(&x, &y, &LIMITS).unwrap();
        assert!(found.low(0.005) <= 0.0 && found.high(0.005) < 0.5e6, "{}", found.high(0.005));
        assert!((found.saturating() - 8e6).abs() < 0.5e6);
    }

    #[test]
    fn one_large_step_is_not_growth() {
        let x = grid(13);
        let y: Vec<f64> = x.iter().map(|x| if *x > 0.55 { 87e6 } else { 7e6 }).collect();
        let found = profile(&x, &y, &LIMITS).unwrap();
        assert!(found.high(0.005) < 0.5e6 && found.low(0.005) <= 0.0);
    }

    #[test]
    fn what_no_cache_could_hold_is_in_the_interval_however_slowly_one_might_fill() {
        let x = grid(12);
        let jitter = |i: u32| f64::from(i * 7919 % 11) * 2e6;
        let y: Vec<f64> = x.iter().zip(0..).map(|(x, i)| 20e6 + 300e6 * x + jitter(i)).collect();
        let found = profile(&x, &y, &LIMITS).unwrap();
        let (low, high) = found.interval(0.005);
        assert!(low > 220e6 && high < 380e6, "{low} {high}");
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        assert!((student(5.0, 0.005) - 4.032).abs() < 1e-3);
        assert!((student(1e6, 0.025) - 1.960).abs() < 1e-3);
    }
}
