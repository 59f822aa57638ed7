//! Curves of memory under continuous load: healthy families, and the same with a leak under them.

use std::time::Duration;

use drip_judge::{Identity, Reading};

use crate::dice::Dice;

/// Requests and readings of a run.
pub const REQUESTS: f64 = 200_000.0;
/// Ten a second would be 200 seconds.
pub const READINGS: usize = 2000;
const MB: f64 = 1e6;

/// What a reading scatters like.
#[derive(Debug, Clone, Copy)]
enum Noise {
    White,
    /// Each reading hangs by this share on the one before; standard deviation in megabytes.
    Wandering(f64, f64),
    HeavyTailed,
    /// A collector's: heights in megabytes, requests between collections.
    Sawtooth((f64, f64), (f64, f64)),
    /// Memory comes in pieces.
    Quantised,
}

/// How a healthy service grows.
#[derive(Debug, Clone, Copy)]
enum Growth {
    None,
    WarmUp,
    /// A warm-up whose constant is 10 to 35 % of the run.
    SlowWarmUp,
    /// Fills in a straight line within these shares of the run, then is full; at most so many megabytes.
    Cache((f64, f64), (f64, f64)),
    /// Up to so many steps.
    Steps(u32),
    Logarithmic,
    /// High-water marks of a pool: each new record is rarer.
    Records,
}

/// What happens to the processes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lives {
    One,
    /// A restart somewhere between these shares of the run.
    Restart(f64, f64),
    /// A worker is replaced after so many requests, at least and at most.
    Recycled(f64, f64),
}

/// A family of curves.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// As tables have it.
    pub name: &'static str,
    /// Garbage may pile up unseen in it.
    pub lazy: bool,
    noise: Noise,
    growth: Growth,
    lives: Lives,
    /// What leaks does so with one request in a hundred, a hundred times as much.
    rare: bool,
}

const fn family(name: &'static str, noise: Noise, growth: Growth) -> Family {
    Family { name, lazy: false, noise, growth, lives: Lives::One, rare: false }
}

const SMALL_SAW: Noise = Noise::Sawtooth((1.0, 5.0), (500.0, 4000.0));
const MEDIUM_SAW: Noise = Noise::Sawtooth((10.0, 40.0), (1000.0, 10_000.0));
const LARGE_SAW: Noise = Noise::Sawtooth((40.0, 120.0), (8000.0, 40_000.0));
const CACHE: Growth = Growth::Cache((0.03, 0.4), (5.0, 96.0));

/// Healthy families: those of the prototype, then worse ones.
pub static HEALTHY: &[Family] = &[
    family("white", Noise::White, Growth::None),
    family("ar9", Noise::Wandering(0.9, 0.7), Growth::None),
    family("ar99", Noise::Wandering(0.99, 1.0), Growth::None),
    family("saw-small", SMALL_SAW, Growth::None),
    family("saw-medium", MEDIUM_SAW, Growth::None),
    Family { lazy: true, ..family("saw-large", LARGE_SAW, Growth::None) },
    family("quantised", Noise::Quantised, Growth::None),
    family("warm-up", Noise::White, Growth::WarmUp),
    family("warm-up-saw", MEDIUM_SAW, Growth::WarmUp),
    family("slow-saturation", Noise::White, Growth::SlowWarmUp),
    family("cache", SMALL_SAW, CACHE),
    family("step", Noise::White, Growth::Steps(3)),
    family("step-saw", MEDIUM_SAW, Growth::Steps(3)),
    family("log", Noise::White, Growth::Logarithmic),
    Family { lives: Lives::Restart(0.2, 0.8), ..family("restart", SMALL_SAW, Growth::WarmUp) },
    Family { lazy: true, ..family("warm-up-lazy", LARGE_SAW, Growth::WarmUp) },
    family("heavy-tailed", Noise::HeavyTailed, Growth::WarmUp),
    family("wandering", Noise::Wandering(0.998, 3.0), Growth::None),
    family("late-cache", Noise::Wandering(0.9, 0.7), Growth::Cache((0.4, 0.8), (5.0, 96.0))),
    family("records", Noise::White, Growth::Records),
    Family { lives: Lives::Recycled(5000.0, 30_000.0), ..family("recycled", SMALL_SAW, Growth::WarmUp) },
];

/// Healthy, but larger than what the verdict excludes, in bytes or in entries.
pub static BEYOND: &[Family] = &[
    family("cache-beyond", SMALL_SAW, Growth::Cache((0.03, 0.4), (96.0, 144.0))),
    family("never-full", SMALL_SAW, Growth::Cache((1.0, 1.5), (5.0, 144.0))),
];

/// What a leak lies under.
pub static LEAKING: &[Family] = &[
    family("white", Noise::White, Growth::None),
    family("ar9", Noise::Wandering(0.9, 0.7), Growth::None),
    family("saw-small", SMALL_SAW, Growth::None),
    family("saw-medium", MEDIUM_SAW, Growth::None),
    Family { lazy: true, ..family("saw-large", LARGE_SAW, Growth::None) },
    family("quantised", Noise::Quantised, Growth::None),
    family("warm-up", Noise::White, Growth::WarmUp),
    family("warm-up-saw", MEDIUM_SAW, Growth::WarmUp),
    family("step-saw", MEDIUM_SAW, Growth::Steps(1)),
    Family { rare: true, ..family("rare", SMALL_SAW, Growth::None) },
    Family { lives: Lives::Restart(0.1, 0.4), ..family("restart", SMALL_SAW, Growth::None) },
];

/// A family of this noise, for tables by the height of the teeth.
pub fn sawtooth(megabytes: f64) -> Family {
    let noise = if megabytes > 0.0 {
        Noise::Sawtooth((megabytes, megabytes), (1000.0, 10_000.0))
    } else {
        Noise::Wandering(0.9, 0.7)
    };
    family("sawtooth", noise, Growth::WarmUp)
}

impl Family {
    /// A curve of this family that keeps `leak` bytes of each request.
    pub fn draw(&self, dice: &mut Dice, leak: f64) -> Curve {
        let requests: Vec<f64> = (0..READINGS).map(|i| REQUESTS * i as f64 / (READINGS - 1) as f64).collect();
        let starts = self.lives.starts(dice);
        let life = |requests: f64| starts.partition_point(|start| *start <= requests);
        let since: Vec<f64> =
            requests.iter().map(|r| r - life(*r).checked_sub(1).map_or(0.0, |i| starts[i])).collect();
        let level = dice.between(40.0, 150.0) * MB;
        let (growth, leaked) = (self.growth.draw(dice, &since), self.leaked(dice, &since, leak));
        let plain: Vec<f64> =
            growth.iter().zip(&leaked).map(|(growth, leaked)| level + growth + leaked).collect();
        let values = self.noise.draw(dice, &requests, &plain);
        let reading = |(i, value): (usize, f64)| Reading {
            at: Duration::from_millis(100 * i as u64),
            process: Identity(life(requests[i]) as u64),
            requests: requests[i] as u64,
            value: value.max(MB) as u64,
        };
        let readings = values.into_iter().enumerate().map(reading).collect();
        // What leaks by chance has its truth in what it lost in this run.
        Curve { readings, leak, leaked: if self.rare { leaked } else { Vec::new() } }
    }

    fn leaked(&self, dice: &mut Dice, requests: &[f64], leak: f64) -> Vec<f64> {
        if !self.rare {
            return requests.iter().map(|requests| leak * requests).collect();
        }
        let (mut events, mut before) = (0, 0.0);
        let after = |requests: &f64| {
            events += dice.events(0.01 * (requests - before));
            before = *requests;
            100.0 * leak * f64::from(events)
        };
        requests.iter().map(after).collect()
    }
}

/// Readings, and what is true of them.
#[derive(Debug, Clone)]
pub struct Curve {
    /// The readings.
    pub readings: Vec<Reading>,
    leak: f64,
    /// What had leaked by each reading, where that is chance.
    leaked: Vec<f64>,
}

impl Curve {
    /// Bytes that were kept of each of the first `requests` requests.
    pub fn truth(&self, requests: f64) -> f64 {
        let until = self.readings.partition_point(|reading| reading.requests as f64 <= requests);
        let leaked = until.checked_sub(1).and_then(|last| self.leaked.get(last));
        leaked.map_or(self.leak, |leaked| leaked / requests)
    }
}

impl Lives {
    /// Where each life but the first begins.
    fn starts(self, dice: &mut Dice) -> Vec<f64> {
        match self {
            Self::One => Vec::new(),
            Self::Restart(from, to) => vec![dice.between(from, to) * REQUESTS],
            Self::Recycled(least, most) => {
                let length = dice.between(least, most);
                (1..).map(|i| f64::from(i) * length).take_while(|start| *start < REQUESTS).collect()
            }
        }
    }
}

impl Growth {
    fn draw(self, dice: &mut Dice, requests: &[f64]) -> Vec<f64> {
        let along = |value: &dyn Fn(f64) -> f64| requests.iter().map(|requests| value(*requests)).collect();
        match self {
            Self::None => along(&|_| 0.0),
            Self::WarmUp | Self::SlowWarmUp => {
                let size = dice.between(5.0, 80.0) * MB;
                let constant = match self {
                    Self::WarmUp => dice.log_between(1000.0, 15_000.0),
                    _ => dice.between(0.1, 0.35) * REQUESTS,
                };
                along(&|requests| size * (1.0 - (-requests / constant).exp()))
            }
            Self::Cache((from, to), (least, most)) => {
                let (full, size) = (dice.between(from, to) * REQUESTS, dice.between(least, most) * MB);
                along(&|requests| size * (requests / full).min(1.0))
            }
            Self::Steps(most) => {
                let steps: Vec<_> = (0..dice.count(1, most))
                    .map(|_| (dice.between(0.0, REQUESTS), dice.between(3.0, 40.0) * MB))
                    .collect();
                along(&|requests| steps.iter().filter(|(at, _)| requests > *at).map(|(_, size)| size).sum())
            }
            Self::Logarithmic => {
                let (size, from) = (dice.between(2.0, 10.0) * MB, dice.between(500.0, 3000.0));
                along(&|requests| size * (requests / from).ln_1p())
            }
            Self::Records => records(dice, requests),
        }
    }
}

/// The largest of so many draws, each with a tail that makes records of like size ever rarer.
fn records(dice: &mut Dice, requests: &[f64]) -> Vec<f64> {
    let (size, mut highest) = (dice.between(1.0, 6.0) * MB, 0.0_f64);
    let record = |_: &f64| {
        highest = highest.max(-dice.between(1e-9, 1.0).ln());
        size * highest.floor()
    };
    requests.iter().map(record).collect()
}

impl Noise {
    /// `plain` with this noise on it.
    fn draw(self, dice: &mut Dice, requests: &[f64], plain: &[f64]) -> Vec<f64> {
        let sigma = dice.between(0.02, 0.3) * MB;
        match self {
            Self::White => plain.iter().map(|value| value + dice.normal(sigma)).collect(),
            Self::HeavyTailed => plain.iter().map(|value| value + dice.heavy_tailed(sigma)).collect(),
            Self::Wandering(share, sigma) => {
                let wander = wander(dice, plain.len(), share, sigma * MB);
                plain.iter().zip(wander).map(|(value, wander)| value + wander).collect()
            }
            Self::Quantised => {
                let (piece, wander) =
                    (dice.one_of(&[0.25, 1.0, 4.0]) * MB, wander(dice, plain.len(), 0.95, 0.5 * MB));
                plain
                    .iter()
                    .zip(wander)
                    .map(|(value, wander)| ((value + wander) / piece).round() * piece)
                    .collect()
            }
            Self::Sawtooth((low, high), (short, long)) => {
                let (height, length) = (dice.between(low, high) * MB, dice.between(short, long));
                let teeth = teeth(dice, requests, length);
                plain
                    .iter()
                    .zip(teeth)
                    .map(|(value, tooth)| value + height * tooth + dice.normal(sigma))
                    .collect()
            }
        }
    }
}

fn wander(dice: &mut Dice, count: usize, share: f64, sigma: f64) -> Vec<f64> {
    let mut at = dice.normal(sigma);
    let fresh = sigma * (1.0 - share * share).sqrt();
    let mut next = || {
        at = share * at + dice.normal(fresh);
        at
    };
    (0..count).map(|_| next()).collect()
}

/// From 0 to about 1 and down again, each tooth up to 30 % longer or shorter.
fn teeth(dice: &mut Dice, requests: &[f64], length: f64) -> Vec<f64> {
    let mut end = dice.between(0.0, length);
    let mut begin = end - length;
    let tooth = |requests: &f64| {
        while *requests >= end {
            begin = end;
            end += length * dice.between(0.7, 1.3);
        }
        (requests - begin) / length
    };
    requests.iter().map(tooth).collect()
}
