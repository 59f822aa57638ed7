//! Is there an upward trend at all? Mann's test (1945) with Kendall's statistic, and Sen's slope beside it.
//!
//! Few readings without ties are tested exactly. Where readings hang together the variance is inflated after Hamed and
//! Rao (1998), on the ranks of what is left without the trend; never deflated, since that would find trends in noise.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::profile::median_of;

/// Readings without which nothing is said.
const READINGS_MIN: usize = 5;
/// Up to here the exact distribution is used.
const EXACT_MAX: usize = 30;
/// Fewer readings show no autocorrelation.
const CORRELATED_MIN: usize = 10;

/// One-sided probability of so clear a rise of `y` along `x` without any trend.
pub(crate) fn rise(x: &[f64], y: &[f64]) -> f64 {
    let n = y.len();
    let ties = ties(y);
    let variance = (pairs(n) * (2 * n + 5) as f64
        - ties.iter().map(|t| pairs(*t) * (2 * t + 5) as f64).sum::<f64>())
        / 9.0;
    if n < READINGS_MIN || variance <= 0.0 {
        return 1.0;
    }
    let score = score(y);
    let inflation = inflation(x, y);
    if inflation <= 1.0 && n <= EXACT_MAX && ties.is_empty() {
        return exact(n, score);
    }
    let z = if score > 0.0 { (score - 1.0) / (variance * inflation).sqrt() } else { 0.0 };
    Normal::standard().sf(z)
}

/// Median of the slopes between all pairs (Theil 1950, Sen 1968).
pub(crate) fn slope(x: &[f64], y: &[f64]) -> f64 {
    let pairs = (0..x.len()).flat_map(|i| (i + 1..x.len()).map(move |j| (i, j)));
    let apart = pairs.filter(|(i, j)| x[*j] > x[*i]);
    median_of(apart.map(|(i, j)| (y[j] - y[i]) / (x[j] - x[i])))
}

/// Pairs that rise less pairs that fall.
fn score(y: &[f64]) -> f64 {
    let later = |i: usize| y[i + 1..].iter().map(move |later| f64::from(later.total_cmp(&y[i]) as i8));
    (0..y.len()).flat_map(later).sum()
}

fn pairs(n: usize) -> f64 {
    (n * n.saturating_sub(1)) as f64 / 2.0
}

/// How many share a value, for each value that is there more than once.
fn ties(y: &[f64]) -> Vec<usize> {
    let mut sorted = y.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(<[f64]>::len).filter(|count| *count > 1).collect()
}

/// Probability of a score at least as high among all orders of `n` different values, which are equally likely: that of
/// at most so many inversions (Kendall 1938).
fn exact(n: usize, score: f64) -> f64 {
    let mut chance = vec![1.0];
    for items in 2..=n {
        let mut next = vec![0.0; chance.len() + items - 1];
        for (at, before) in chance.iter().enumerate() {
            next[at..at + items].iter_mut().for_each(|after| *after += before / items as f64);
        }
        chance = next;
    }
    let inversions = ((pairs(n) - score) / 2.0) as usize;
    chance.iter().take(inversions + 1).sum::<f64>().min(1.0)
}

/// How much readings that hang together widen the distribution of the score.
fn inflation(x: &[f64], y: &[f64]) -> f64 {
    let n = y.len() as f64;
    let slope = slope(x, y);
    let ranks = centred_ranks(&x.iter().zip(y).map(|(x, y)| y - slope * x).collect::<Vec<_>>());
    let square: f64 = ranks.iter().map(|rank| rank * rank).sum();
    if y.len() < CORRELATED_MIN || square <= 0.0 {
        return 1.0;
    }
    let significant = 1.96 / n.sqrt();
    let excess = (1..=y.len() / 4).filter_map(|lag| {
        let lagged: f64 = ranks.iter().zip(&ranks[lag..]).map(|(a, b)| a * b).sum();
        let measured = lagged / square;
        // The next lags count where they are significant; the bias of small samples is that of Kendall (1954).
        let rho = measured + (1.0 + 4.0 * measured) / (2.0 * n);
        let counts = lag == 1 || (measured >= significant && rho > 0.0);
        let left = n - lag as f64;
        counts.then_some(left * (left - 1.0) * (left - 2.0) * rho)
    });
    (1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * excess.sum::<f64>()).max(1.0)
}

/// Ranks less their mean; the same values share theirs.
fn centred_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let (mut ranks, mut below) = (vec![0.0; values.len()], 0);
    for same in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = below as f64 + (same.len() as f64 - 1.0) / 2.0;
        same.iter().for_each(|at| ranks[*at] = rank - middle);
        below += same.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64).collect()
    }

    #[test]
    fn the_exact_distribution_is_that_of_the_tables() {
        // Kendall 1970, table 1: five readings in order, one chance in 120; S = 6, 0.117.
        assert!((exact(5, 10.0) - 1.0 / 120.0).abs() < 1e-12);
        assert!((exact(5, 6.0) - 0.117).abs() < 1e-3);
        assert!((exact(10, 21.0) - 0.036).abs() < 1e-3);
    }

    #[test]
    fn a_line_rises_and_noise_does_not() {
        assert!(rise(&line(20), &line(20)) < 1e-6);
        let falling: Vec<f64> = line(20).iter().map(|x| -x).collect();
        assert!(rise(&line(20), &falling) > 0.99);
        assert_eq!(rise(&line(20), &[7.0; 20]), 1.0);
        assert_eq!(rise(&line(4), &line(4)), 1.0);
    }

    #[test]
    fn readings_that_hang_together_are_worth_less() {
        let wander: Vec<f64> = line(40).iter().map(|x| (x / 9.0).sin() * 5.0 + x / 10.0).collect();
        let shaken: Vec<f64> = line(40).iter().map(|x| (x * x * 37.0) % 101.0 / 20.0 + x / 10.0).collect();
        assert!(inflation(&line(40), &wander) > 2.0);
        assert!(inflation(&line(40), &shaken) < 1.5);
    }

    #[test]
    fn half_of_the_readings_may_be_wild_and_the_slope_stays() {
        let mut y: Vec<f64> = line(21).iter().map(|x| 3.0 * x).collect();
        y[20] = 1e9;
        y[3] = -1e9;
        assert!((slope(&line(21), &y) - 3.0).abs() < 1e-9);
    }
}
