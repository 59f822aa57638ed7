//! Curves of healthy services that grow and stop: what a leak must be told from.
//!
//! Each is a function on the unit interval (share of the judged requests) that rises from 0 to 1 and stays.

use std::sync::LazyLock;

/// Constants of exponentials that are tried under load, as shares of the judged requests.
const TAU_MIN: f64 = 1.0 / 60.0;
const TAU_MAX: f64 = 0.5;
const TAUS: u32 = 20;
/// Knees that are tried under load, and where the last one lies: what comes after it must show how the line goes on.
const KNEES: u32 = 16;
const LAST_KNEE: f64 = 0.8;
/// Steps that are tried under load lie so closely.
const STEPS: u32 = 16;

/// A way to grow and stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// No saturating part at all.
    None,
    /// `1 - exp(-x/tau)`: warm-up, a cache with random keys.
    Exponential(f64),
    /// `min(x/knee, 1)`: a ring or an LRU cache that fills with each request, then is full. A ring of 30,000
    /// entries is a straight line for 30,000 requests: an exponential does not fit it.
    Hinge(f64),
    /// One allocation at a moment: a route hit for the first time, a table that doubled.
    Step(f64),
}

impl Shape {
    /// Its value at `x`.
    pub(crate) fn at(self, x: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Exponential(tau) => 1.0 - (-x / tau).exp(),
            Self::Hinge(knee) => (x / knee).min(1.0),
            Self::Step(when) => f64::from(u8::from(x > when)),
        }
    }

    /// Whether the size of the saturating part is bounded by what a cache may hold. A single step may have any
    /// size: however large, it is no growth per request.
    pub(crate) const fn is_bounded_by_cache(self) -> bool {
        matches!(self, Self::Exponential(_) | Self::Hinge(_))
    }

    /// All that are entertained for readings at `x` (ascending, from 0 to 1).
    pub(crate) fn candidates(x: &[f64]) -> Vec<Self> {
        let mut shapes = vec![Self::None];
        shapes.extend(geometric(1.0 / 60.0, 0.5, 12).map(Self::Exponential));
        // A knee lies anywhere between two readings; four places for each pair are close enough. Three readings
        // must show what came after it, else nothing says how the line goes on; a cache that filled later than
        // that is what the threshold for caches is for.
        let last_knee = x[x.len().saturating_sub(3)];
        let quarters =
            |pair: &[f64]| [0.25, 0.5, 0.75, 1.0].map(|share| pair[0] + share * (pair[1] - pair[0]));
        shapes.extend(x.windows(2).flat_map(quarters).filter(|knee| *knee <= last_knee).map(Self::Hinge));
        let middles = x.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
        shapes.extend(middles.filter(|when| *when < last_knee).map(Self::Step));
        shapes
    }

    /// Saturation at any pace, also such as stops only after the readings: no reason to doubt a decision, whose
    /// thresholds are for that, but growth that an interval must not count as lasting.
    pub(crate) fn at_any_pace() -> impl Iterator<Item = Self> {
        geometric(0.03, 3.0, 40).map(Self::Exponential)
    }

    /// All that are entertained for many readings under load, at fixed places.
    pub(crate) fn under_load() -> &'static [Self] {
        static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
            let mut shapes = vec![Shape::None];
            shapes.extend(geometric(TAU_MIN, TAU_MAX, TAUS).map(Shape::Exponential));
            shapes.extend((1..=KNEES).map(|i| Shape::Hinge(LAST_KNEE * f64::from(i) / f64::from(KNEES))));
            shapes.extend((1..STEPS).map(|i| Shape::Step(f64::from(i) / f64::from(STEPS))));
            shapes
        });
        &SHAPES
    }

    /// Shapes between this one of [`Self::under_load`] and its neighbours.
    pub(crate) fn near(self) -> impl Iterator<Item = Self> {
        let ratio = (TAU_MAX / TAU_MIN).powf(1.0 / f64::from(TAUS - 1));
        [-0.75, -0.5, -0.25, 0.25, 0.5, 0.75].into_iter().filter_map(move |part| match self {
            Self::None => None,
            Self::Exponential(tau) => Some(Self::Exponential((tau * ratio.powf(part)).min(TAU_MAX))),
            Self::Hinge(knee) => {
                Some(Self::Hinge((knee + part * LAST_KNEE / f64::from(KNEES)).min(LAST_KNEE)))
            }
            Self::Step(when) => Some(Self::Step(when + part / f64::from(STEPS))),
        })
    }
}

fn geometric(from: f64, to: f64, count: u32) -> impl Iterator<Item = f64> {
    let ratio = (to / from).powf(1.0 / f64::from(count - 1));
    (0..count).map(move |i| from * ratio.powi(i.cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_rises_from_nothing_and_never_falls() {
        let x: Vec<f64> = (0..=10).map(|i| f64::from(i) / 10.0).collect();
        for shape in Shape::candidates(&x) {
            assert_eq!(shape.at(0.0), 0.0, "{shape:?}");
            assert!(x.windows(2).all(|pair| shape.at(pair[0]) <= shape.at(pair[1])), "{shape:?}");
            assert!(shape.at(1.0) <= 1.0, "{shape:?}");
        }
    }
}
