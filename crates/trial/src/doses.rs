//! Curves of live memory between equal doses of requests, read at rest after a collection: healthy families, and the
//! same with a leak under them.

use std::time::Duration;

use drip_model::{Point, Series, Signal, Stage};

use crate::dice::Dice;

/// Doses of a run, and requests of each.
pub const DOSES: u64 = 24;
/// Requests of a dose.
pub const DOSE: u64 = 5000;
const REQUESTS: f64 = (DOSES * DOSE) as f64;
const MB: f64 = 1e6;

/// How a healthy service grows.
#[derive(Debug, Clone, Copy)]
enum Growth {
    None,
    WarmUp,
    /// A cache with random keys.
    Random,
    /// A ring, or a cache with new keys each time: at most so many megabytes.
    Ring(f64, f64),
    /// A cache whose entries expire: full early, and never twice the same.
    Expiring,
    /// Compiled code: steps that become rarer.
    Compiled,
}

/// How readings scatter.
#[derive(Debug, Clone, Copy)]
enum Noise {
    White,
    HeavyTailed,
    Wandering,
}

/// A family of curves.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// As tables have it.
    pub name: &'static str,
    growth: Growth,
    noise: Noise,
}

const fn family(name: &'static str, growth: Growth, noise: Noise) -> Family {
    Family { name, growth, noise }
}

/// Healthy families.
pub static HEALTHY: &[Family] = &[
    family("flat", Growth::None, Noise::White),
    family("warm-up", Growth::WarmUp, Noise::White),
    family("random-keys", Growth::Random, Noise::White),
    family("ring", Growth::Ring(0.5, 32.0), Noise::White),
    family("expiring", Growth::Expiring, Noise::White),
    family("compiled", Growth::Compiled, Noise::White),
    family("heavy-tailed", Growth::WarmUp, Noise::HeavyTailed),
    family("wandering", Growth::None, Noise::Wandering),
];

/// Healthy, but larger than what the verdict excludes.
pub static BEYOND: &[Family] = &[family("ring-beyond", Growth::Ring(32.0, 48.0), Noise::White)];

impl Family {
    /// A curve of this family that keeps `leak` bytes of each request: one reading after each dose.
    pub fn draw(&self, dice: &mut Dice, leak: f64) -> Series {
        let requests: Vec<f64> = (0..=DOSES).map(|dose| (dose * DOSE) as f64).collect();
        let level = dice.between(5.0, 50.0) * MB;
        let growth = self.growth.draw(dice, &requests);
        let noise = self.noise.draw(dice, requests.len());
        let value = |i: usize| (level + growth[i] + leak * requests[i] + noise[i]).max(MB) as u64;
        let point = |dose: u64| Point {
            at: Duration::from_secs(5 * dose),
            requests: dose * DOSE,
            value: value(dose as usize),
            stage: if dose == 0 { Stage::WarmUp } else { Stage::Dose },
        };
        Series { signal: Signal::LiveHeap, points: (0..=DOSES).map(point).collect(), gaps: Vec::new() }
    }
}

impl Growth {
    fn draw(self, dice: &mut Dice, requests: &[f64]) -> Vec<f64> {
        let along = |value: &dyn Fn(f64) -> f64| requests.iter().map(|requests| value(*requests)).collect();
        match self {
            Self::None => along(&|_| 0.0),
            Self::WarmUp => {
                let (size, constant) = (dice.between(0.5, 8.0) * MB, dice.log_between(1000.0, 15_000.0));
                along(&|requests| size * (1.0 - (-requests / constant).exp()))
            }
            Self::Random => {
                let (size, constant) = (dice.between(0.5, 32.0) * MB, dice.between(0.02, 0.4) * REQUESTS);
                along(&|requests| size * (1.0 - (-requests / constant).exp()))
            }
            Self::Ring(least, most) => {
                let (size, full) = (dice.between(least, most) * MB, dice.between(0.02, 1.0) * REQUESTS);
                along(&|requests| size * (requests / full).min(1.0))
            }
            Self::Expiring => {
                let size = dice.between(0.5, 8.0) * MB;
                let scatter: Vec<f64> = requests.iter().map(|_| dice.normal(0.03 * size)).collect();
                requests
                    .iter()
                    .zip(scatter)
                    .map(|(at, scatter)| if *at > 0.0 { size + scatter } else { 0.0 })
                    .collect()
            }
            Self::Compiled => {
                let steps: Vec<_> = (0..dice.count(2, 6))
                    .map(|_| (dice.log_between(500.0, REQUESTS), dice.between(0.1, 3.0) * MB))
                    .collect();
                along(&|requests| steps.iter().filter(|(at, _)| requests > *at).map(|(_, size)| size).sum())
            }
        }
    }
}

impl Noise {
    fn draw(self, dice: &mut Dice, count: usize) -> Vec<f64> {
        let sigma = dice.between(0.003, 0.05) * MB;
        let (share, mut at) = (0.9_f64, 0.0);
        let mut one = || match self {
            Self::White => dice.normal(sigma),
            Self::HeavyTailed => dice.heavy_tailed(sigma),
            Self::Wandering => {
                at = share * at + dice.normal(3.0 * sigma * (1.0 - share * share).sqrt());
                at
            }
        };
        (0..count).map(|_| one()).collect()
    }
}
