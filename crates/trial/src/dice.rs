//! Random numbers from a seed.

use std::f64::consts::TAU;

/// Draws numbers; the same seed gives the same numbers.
#[derive(Debug, Clone)]
pub struct Dice(fastrand::Rng);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Between `low` and `high`, all alike.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.f64()
    }

    /// Between `low` and `high`, each factor alike.
    pub fn log_between(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// One of `choices`.
    pub fn one_of(&mut self, choices: &[f64]) -> f64 {
        choices[self.0.usize(..choices.len())]
    }

    /// A whole number from `low` to `high`, both included.
    pub fn count(&mut self, low: u32, high: u32) -> u32 {
        self.0.u32(low..=high)
    }

    /// Normal, mean 0, this standard deviation (Box and Muller 1958).
    pub fn normal(&mut self, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
        sigma * radius * (TAU * self.0.f64()).cos()
    }

    /// Student's t with two degrees of freedom: no variance, and a wild value now and then.
    pub fn heavy_tailed(&mut self, scale: f64) -> f64 {
        let share = self.between(1e-6, 1.0 - 1e-6);
        scale * (2.0 * share - 1.0) / (2.0 * share * (1.0 - share)).sqrt()
    }

    /// How many events with mean `mean` (Knuth 1969; for small means).
    pub fn events(&mut self, mean: f64) -> u32 {
        let (least, mut product, mut count) = ((-mean).exp(), self.0.f64(), 0);
        while product > least {
            product *= self.0.f64();
            count += 1;
        }
        count
    }
}
