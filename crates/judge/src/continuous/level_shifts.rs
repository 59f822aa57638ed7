//! Does it grow, or did it only move to another level now and then? A slope must explain the readings better than up to
//! three steps do.
//!
//! Bayes' information criterion (Schwarz 1978) of a slope with at most two steps against that of at most three steps
//! without a slope. The best steps are found exactly by dynamic programming; there are at most 48 readings.

/// Readings between two steps.
const SEGMENT_MIN: usize = 3;
const STEPS_MAX: usize = 3;
/// Shares of the estimated slope that are tried: steps may have taken part of it, or added to it.
const SLOPE_SHARES: [f64; 7] = [0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.25];
/// A misfit below this share of the noise floor is none.
const FLOOR_SHARE: f64 = 1.0 / 3.0;

/// Whether a slope of about `slope` is needed to explain readings `y` at `x`, of which `effective` are independent.
pub(crate) fn slope_is_needed(
    (x, y): (&[f64], &[f64]),
    slope: f64,
    effective: f64,
    noise_floor: f64,
) -> bool {
    let floor = (FLOOR_SHARE * noise_floor).powi(2);
    let penalty = effective.max(SEGMENT_MIN as f64).ln();
    let criterion = |squares: f64, parameters: usize| {
        effective * (squares / y.len() as f64 + floor).ln() + parameters as f64 * penalty
    };
    let best = |squares: Vec<f64>, parameters: usize| {
        let all = squares
            .into_iter()
            .enumerate()
            .map(|(steps, squares)| criterion(squares, parameters + 2 * steps));
        all.fold(f64::INFINITY, f64::min)
    };
    let flat = best(with_steps(y, STEPS_MAX), 1);
    let sloped = SLOPE_SHARES.iter().map(|share| {
        let rest: Vec<f64> = x.iter().zip(y).map(|(x, y)| y - share * slope * x).collect();
        best(with_steps(&rest, STEPS_MAX - 1), 2)
    });
    sloped.fold(f64::INFINITY, f64::min) < flat
}

/// Sum of squares of the best piecewise constant fit with 0, 1, … `steps` steps.
fn with_steps(z: &[f64], steps: usize) -> Vec<f64> {
    let sums = Sums::of(z);
    let n = z.len();
    let mut best: Vec<f64> = (0..=n).map(|end| sums.within(0, end)).collect();
    let mut found = vec![best[n]];
    for _ in 0..steps {
        let before = best.clone();
        for (end, least) in best.iter_mut().enumerate() {
            let cuts =
                (0..end.saturating_sub(SEGMENT_MIN - 1)).map(|cut| before[cut] + sums.within(cut, end));
            *least = cuts.fold(*least, f64::min);
        }
        found.push(best[n]);
    }
    found
}

/// Running sums, about the mean of all.
struct Sums {
    plain: Vec<f64>,
    square: Vec<f64>,
}

impl Sums {
    fn of(z: &[f64]) -> Self {
        let middle = z.iter().sum::<f64>() / z.len().max(1) as f64;
        let running = |value: fn(f64) -> f64| {
            let sums = z.iter().scan(0.0, move |sum, z| {
                *sum += value(z - middle);
                Some(*sum)
            });
            std::iter::once(0.0).chain(sums).collect()
        };
        Self { plain: running(|z| z), square: running(|z| z * z) }
    }

    /// Sum of squares about the mean of `from..to`; infinite where that is too short to be a level.
    fn within(&self, from: usize, to: usize) -> f64 {
        if to < from + SEGMENT_MIN {
            return f64::INFINITY;
        }
        let sum = self.plain[to] - self.plain[from];
        (self.square[to] - self.square[from] - sum * sum / (to - from) as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: fn(f64) -> f64, expected: bool) {
        let x: Vec<f64> = (0..40).map(|i| f64::from(i) / 40.0).collect();
        let noise = |i: f64| 0.2e6 * (i * 97.3).sin();
        let y: Vec<f64> = x.iter().map(|x| value(*x) + noise(*x)).collect();
        assert_eq!(slope_is_needed((&x, &y), 20e6, 40.0, 60e3), expected);
    }

    #[test]
    fn a_line_is_no_staircase_and_three_steps_are_no_line() {
        check(|x| 20e6 * x, true);
        check(|x| 20e6 * x + if x > 0.6 { 30e6 } else { 0.0 }, true);
        check(|_| 0.0, false);
        check(|x| (x * 3.0).floor() * 7e6, false);
        check(|x| if x > 0.5 { 20e6 } else { 0.0 }, false);
    }
}
