//! Growth that was found is looked for once more, in doses that took no part in finding it.
//!
//! Whoever judges many signals of many endpoints and names the one that grows most names a lucky one too often; a cache
//! may be full just after the last look. Fresh data know nothing of the choice.

use drip_model::{Interval, Point, Series, Stage};

use crate::policy::Policy;

/// All fresh doses together must show at least this share of the growth that was found. Half is far from a growth that
/// stopped, and from what noise can take away from a growth of many times the noise.
const SHARE_MIN: f64 = 0.5;
/// Each of them must show this share: a step as large as all of the growth in one dose is not what was found.
const EACH_SHARE_MIN: f64 = 0.2;

/// What fresh requests are held against, for each of them: the lower bound of what was found; where slow saturation was
/// conceivable too and that bound is far below, half of the estimate.
pub fn lasting(found: &Interval) -> f64 {
    found.low.max(found.estimate / 2.0)
}

/// Requests of a fresh dose: enough for growth at the rate that was found to be more than the healthy may show.
pub fn confirming_requests(found: &Interval, policy: &Policy) -> u64 {
    let requests = policy.allowance / lasting(found).max(f64::MIN_POSITIVE);
    whole(requests.ceil())
}

/// Whether the doses of [`Stage::Confirm`] in a series bear out a growth that the doses before them showed; `None` when
/// there are none.
pub fn confirmed(series: &Series, found: &Interval) -> Option<bool> {
    let fresh: Vec<Fresh> = fresh(&series.points).collect();
    let (growth, requests) =
        fresh.iter().fold((0.0, 0.0), |sum, dose| (sum.0 + dose.growth, sum.1 + dose.requests));
    let together = growth >= SHARE_MIN * lasting(found) * requests;
    let each = fresh.iter().all(|dose| dose.growth >= EACH_SHARE_MIN * lasting(found) * dose.requests);
    (!fresh.is_empty()).then_some(together && each)
}

/// What a fresh dose showed.
struct Fresh {
    growth: f64,
    requests: f64,
}

fn fresh(points: &[Point]) -> impl Iterator<Item = Fresh> + '_ {
    let doses = points.windows(2).filter(|pair| pair[1].stage == Stage::Confirm);
    doses.map(|pair| Fresh {
        growth: as_float(pair[1].value) - as_float(pair[0].value),
        requests: as_float(pair[1].requests.saturating_sub(pair[0].requests)),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of requests, saturating"
)]
const fn whole(value: f64) -> u64 {
    value as u64
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
