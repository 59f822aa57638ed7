//! Straight lines and percentiles.

/// Requests so far, and a reading beside them.
pub(super) type Reading = (f64, f64);

/// The slope of the straight line through readings, by least squares.
pub(super) fn slope(points: &[Reading]) -> Option<f64> {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0 / count, sum.1 + p.1 / count));
    let (over, under) =
        points.iter().fold((0.0, 0.0), |sum, p| (sum.0 + (p.0 - x) * (p.1 - y), sum.1 + (p.0 - x).powi(2)));
    (under > 0.0).then(|| over / under)
}

/// A percentile, straight between the two values around it; `share` is 0 to 1.
pub(super) fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len().checked_sub(1)? as f64);
    let at = |place: f64| sorted.get(place as usize).copied();
    let (below, above) = (at(place.floor())?, at(place.ceil())?);
    Some(below + (above - below) * place.fract())
}

/// The largest.
pub(super) fn maximum(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_line_is_found() {
        assert_eq!(slope(&[(0.0, 5.0), (10.0, 25.0), (20.0, 45.0)]), Some(2.0));
        assert_eq!(slope(&[(3.0, 5.0)]), None);
        assert_eq!(slope(&[]), None);
    }

    #[test]
    fn a_percentile_lies_between_its_neighbours() {
        let values = [40.0, 10.0, 30.0, 20.0, 50.0];
        assert_eq!(percentile(&values, 0.5), Some(30.0));
        assert_eq!(percentile(&values, 0.625), Some(35.0));
        assert_eq!(percentile(&values, 1.0), Some(50.0));
        assert_eq!(percentile(&[7.0], 0.99), Some(7.0));
        assert_eq!(percentile(&[], 0.99), None);
    }

    #[test]
    fn a_shrinking_service_has_a_maximum_too() {
        assert_eq!(maximum(&[-3.0, -1.0, -2.0]), Some(-1.0));
        assert_eq!(maximum(&[]), None);
    }
}
