//! Keeps a document small: a long run samples memory thousands of times for the picture alone.
//!
//! Only readings under load are thinned. Those that a verdict rests on are all kept, so that a saved document can
//! be judged again.

use drip_model::{Gap, Point, Stage};

/// Points of one series in a document, unless more of them than that were judged.
pub const POINTS_PER_SERIES_MAX: usize = 600;
/// Missed readings of one series that a document lists; it always counts them all.
pub const GAPS_PER_SERIES_MAX: usize = 100;

/// The points that a document keeps, in order: first, last, every dosed one, and of the others evenly many.
pub(super) fn points(points: &[Point]) -> Vec<Point> {
    if points.len() <= POINTS_PER_SERIES_MAX {
        return points.to_vec();
    }
    let last = points.len() - 1;
    let must = |(index, point): (usize, &Point)| index == 0 || index == last || point.stage != Stage::Load;
    let optional = points.iter().enumerate().filter(|entry| !must(*entry)).count();
    let room = POINTS_PER_SERIES_MAX.saturating_sub(points.len() - optional);
    let mut seen = 0;
    let mut kept = Vec::with_capacity(POINTS_PER_SERIES_MAX);
    for (index, point) in points.iter().enumerate() {
        if must((index, point)) {
            kept.push(*point);
        } else {
            if is_drawn(seen, room, optional) {
                kept.push(*point);
            }
            seen += 1;
        }
    }
    kept
}

/// Whether the `index`-th of `all` is one of `room` that lie evenly among them (Bresenham's rule).
const fn is_drawn(index: usize, room: usize, all: usize) -> bool {
    room >= all || (index + 1) * room / all > index * room / all
}

/// The missed readings that a document lists.
pub(super) fn gaps(gaps: &[Gap]) -> &[Gap] {
    &gaps[..gaps.len().min(GAPS_PER_SERIES_MAX)]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn readings(count: u64, stage: impl Fn(u64) -> Stage) -> Vec<Point> {
        let point = |n| Point { at: Duration::from_secs(n), requests: n, value: n, stage: stage(n) };
        (0..count).map(point).collect()
    }

    #[test]
    fn a_short_series_is_kept_whole() {
        let all = readings(600, |_| Stage::Load);
        assert_eq!(points(&all), all);
    }

    #[test]
    fn a_long_one_keeps_its_ends_and_every_dosed_point() {
        let all = readings(10_000, |n| if n % 100 == 50 { Stage::Dose } else { Stage::Load });
        let kept = points(&all);
        assert_eq!(kept.len(), POINTS_PER_SERIES_MAX);
        assert_eq!((kept[0].requests, kept[599].requests), (0, 9_999));
        assert_eq!(kept.iter().filter(|point| point.stage == Stage::Dose).count(), 100);
        let widest = kept.windows(2).map(|pair| pair[1].requests - pair[0].requests).max();
        assert!(widest < Some(30), "evenly spread, widest step {widest:?}");
    }

    #[test]
    fn judged_points_are_kept_even_beyond_the_bound() {
        let all = readings(2_000, |n| if n % 2 == 1 { Stage::Dose } else { Stage::Load });
        let kept = points(&all);
        // 1,000 dosed ones, the last of which is the last point of all, and the first point.
        assert_eq!(kept.len(), 1_001);
    }
}
