//! Growth with requests, told from growth with time: what happened while nobody asked.

use drip_model::{Interval, Point, Series, Stage};

use crate::profile::student;

/// Share of the growth under load that idleness must explain before time is the cause.
const TIME_SHARE_MIN: f64 = 0.7;
/// Share below which idleness explains nothing that matters.
const REQUEST_SHARE_MAX: f64 = 0.3;
const SECONDS_PER_HOUR: f64 = 3600.0;

/// What drives the growth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cause {
    /// Requests.
    Requests,
    /// Time, at this rate (bytes per hour).
    Time(Interval),
    /// Both, or it cannot be said.
    Unclear,
    /// Nobody looked while it was idle.
    NotTested,
}

/// Compares the growth per second in [`Stage::Idle`] windows with that in [`Stage::Dose`] windows of a series
/// that grows. `noise` is how far a reading may be off.
///
/// The windows must be long enough that growth with time would rise above the noise; else the answer is
/// [`Cause::Unclear`].
pub fn cause(series: &Series, noise: f64, level: f64) -> Cause {
    let idle = rates(&series.points, Stage::Idle);
    if idle.is_empty() {
        return Cause::NotTested;
    }
    let (load_rate, (idle_rate, idle_seconds)) = (mean(&rates(&series.points, Stage::Dose)).0, mean(&idle));
    let blur = noise / idle_seconds.max(1e-9);
    if load_rate <= 0.0 || blur > REQUEST_SHARE_MAX * load_rate {
        return Cause::Unclear;
    }
    match idle_rate / load_rate {
        // What falls without requests was work that waited: nothing that was kept for ever.
        share if share < -REQUEST_SHARE_MAX => Cause::Unclear,
        share if share <= REQUEST_SHARE_MAX => Cause::Requests,
        share if share >= TIME_SHARE_MIN => Cause::Time(per_hour(idle_rate, blur, level)),
        _ => Cause::Unclear,
    }
}

/// Growth and seconds of each window of a kind.
fn rates(points: &[Point], stage: Stage) -> Vec<(f64, f64)> {
    let windows = points.windows(2).filter(|pair| pair[1].stage == stage);
    windows
        .map(|pair| (difference(pair[0].value, pair[1].value), (pair[1].at - pair[0].at).as_secs_f64()))
        .collect()
}

/// Growth per second over all windows, and their seconds in all.
fn mean(windows: &[(f64, f64)]) -> (f64, f64) {
    let (growth, seconds) =
        windows.iter().fold((0.0, 0.0), |sum, window| (sum.0 + window.0, sum.1 + window.1));
    if seconds > 0.0 { (growth / seconds, seconds) } else { (0.0, 0.0) }
}

/// Two readings bound each window, so the error of the rate is that of their difference.
fn per_hour(rate: f64, blur: f64, level: f64) -> Interval {
    let margin = student(1e6, (1.0 - level) / 2.0) * blur * std::f64::consts::SQRT_2;
    let hourly = |rate: f64| rate * SECONDS_PER_HOUR;
    Interval { low: hourly(rate - margin), estimate: hourly(rate), high: hourly(rate + margin), level }
}

#[expect(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
const fn difference(from: u64, to: u64) -> f64 {
    to as f64 - from as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use drip_model::Signal;

    use super::*;

    /// Doses of 10 s and 1,000 requests, then one idle window of 10 s.
    fn series(per_request: u64, per_second: u64) -> Series {
        let point = |seconds: u64, requests: u64, stage| Point {
            at: Duration::from_secs(seconds),
            requests,
            value: 1_000_000 + per_request * requests + per_second * seconds,
            stage,
        };
        let mut points: Vec<_> = (0..9).map(|i| point(10 * i, 1000 * i, Stage::Dose)).collect();
        points.push(point(90, 8000, Stage::Idle));
        Series { signal: Signal::LiveHeap, points, gaps: Vec::new() }
    }

    #[test]
    fn growth_that_stops_with_the_requests_is_theirs() {
        assert_eq!(cause(&series(1000, 0), 30e3, 0.99), Cause::Requests);
    }

    #[test]
    fn growth_that_goes_on_without_requests_is_times() {
        let Cause::Time(hourly) = cause(&series(0, 400_000), 30e3, 0.99) else { panic!("not time") };
        assert!(hourly.low < 1.44e9 && 1.44e9 < hourly.high, "{hourly:?}");
        assert!(hourly.estimate > 1.4e9 && hourly.estimate < 1.5e9, "{hourly:?}");
    }

    #[test]
    fn a_bit_of_both_or_a_rate_within_the_noise_is_not_decided() {
        assert_eq!(cause(&series(1000, 100_000), 30e3, 0.99), Cause::Unclear);
        assert_eq!(cause(&series(10, 0), 30e3, 0.99), Cause::Unclear);
    }

    #[test]
    fn without_an_idle_window_nothing_is_said() {
        let mut tested = series(1000, 0);
        tested.points.pop();
        assert_eq!(cause(&tested, 30e3, 0.99), Cause::NotTested);
    }
}
