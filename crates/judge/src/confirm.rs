//! Growth that was found is looked for once more, in doses that took no part in finding it.
//!
//! Whoever judges many signals of many endpoints and names the one that grows most names a lucky one too often; a cache
//! may be full just after the last look. Fresh data know nothing of the choice.

use drip_model::{Interval, Point, Series, Stage};

/// Each fresh dose must show at least this share of the growth that was found. Half is far from a growth that stopped,
/// and far from what noise can take away from a growth of many times the noise.
const SHARE_MIN: f64 = 0.5;

/// Whether the doses of [`Stage::Confirm`] in a series bear out a growth that the doses before them showed; `None` when
/// there are none.
///
/// Every one of them must: a step as large as all of the growth in one dose is not what was found.
pub fn confirmed(series: &Series, found: &Interval) -> Option<bool> {
    let fresh: Vec<f64> = slopes(&series.points, Stage::Confirm).collect();
    let least = found.low.min(found.estimate) * SHARE_MIN;
    (!fresh.is_empty()).then(|| fresh.iter().all(|slope| *slope >= least))
}

/// Growth per request of each dose of a kind.
fn slopes(points: &[Point], stage: Stage) -> impl Iterator<Item = f64> + '_ {
    let doses = points.windows(2).filter(move |pair| pair[1].stage == stage);
    doses.filter_map(|pair| {
        let requests = pair[1].requests.checked_sub(pair[0].requests).filter(|requests| *requests > 0)?;
        Some((as_float(pair[1].value) - as_float(pair[0].value)) / as_float(requests))
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^53")]
const fn as_float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use drip_model::Signal;

    use super::*;

    const FOUND: Interval = Interval { low: 90.0, estimate: 100.0, high: 110.0, level: 0.99 };

    /// Eight doses of 1,000 requests that keep 100 bytes each, then fresh ones that keep this much.
    fn series(fresh: &[u64]) -> Series {
        let mut value = 1_000_000;
        let mut points = Vec::new();
        for (index, per_request) in (0u64..).zip([&[100; 8], fresh].concat()) {
            value += 1000 * per_request;
            let stage = if index < 8 { Stage::Dose } else { Stage::Confirm };
            points.push(Point { at: Duration::from_secs(index), requests: 1000 * (index + 1), value, stage });
        }
        Series { points, ..Series::new(Signal::LiveHeap) }
    }

    #[test]
    fn the_same_growth_in_fresh_doses_bears_it_out() {
        assert_eq!(confirmed(&series(&[95, 110]), &FOUND), Some(true));
    }

    #[test]
    fn growth_that_stopped_just_after_the_last_look_is_not_borne_out() {
        assert_eq!(confirmed(&series(&[0, 0]), &FOUND), Some(false));
        assert_eq!(confirmed(&series(&[100, 0]), &FOUND), Some(false));
    }

    #[test]
    fn one_large_step_is_not_the_growth_that_was_found() {
        assert_eq!(confirmed(&series(&[2000, 0]), &FOUND), Some(false));
    }

    #[test]
    fn without_fresh_doses_nothing_is_said() {
        assert_eq!(confirmed(&series(&[]), &FOUND), None);
    }
}
