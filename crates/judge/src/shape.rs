//! Curves of healthy services that grow and stop: what a leak must be told from.
//!
//! Each is a function on the unit interval (share of the judged requests) that rises from 0 to 1 and stays.

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
