//! Growth with requests, told from growth with time: by what happened while nobody asked, or by two rates.

use drip_model::{Interval, Point, Series, Stage};

use crate::profile::{MAD_TO_SIGMA, median_of, student};

/// Share of the growth under load that idleness must explain before time is the cause.
const TIME_SHARE_MIN: f64 = 0.7;
/// Share below which idleness explains nothing that matters.
const REQUEST_SHARE_MAX: f64 = 0.3;
/// Of growth with time, a slow dose shows more per request by as much as it takes longer; where it takes less than this
/// much longer, two rates tell nothing.
const SLOWER_MIN: f64 = 1.5;
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
/// [`Cause::Unclear`], unless [`Stage::Slow`] doses tell: a heap that has free pages hides growth with time while it is
/// idle (measured with V8: 0.62 MB/s under load, none idle), and does not hide it from the next doses.
///
/// Where garbage `piles_up` unseen, a slow dose proves no growth with time: how much of it lies there when the dose ends is
/// the collector's affair (measured with Go: 101 MB over a slow dose, nothing in the idle window after it).
pub fn cause(series: &Series, noise: f64, level: f64, piles_up: bool) -> Cause {
    match (by_idleness(series, noise, level), by_rates(series, noise, level)) {
        (Cause::NotTested, _) => Cause::NotTested,
        (idle @ Cause::Time(_), _) => idle,
        (_, Some(Cause::Time(_))) if piles_up => Cause::Unclear,
        (_, Some(told)) => told,
        (idle, None) => idle,
    }
}

/// Growth per request of a slow dose beside that of the doses before it: the same if requests drive it, more by the
/// ratio of the rates if time does. The middle between both decides, unless a dose scatters by as much: a collector that
/// nobody calls was seen to make a slow dose look twice as large.
fn by_rates(series: &Series, noise: f64, level: f64) -> Option<Cause> {
    let (slow, fast) = (Pace::of(series, Stage::Slow)?, Pace::of(series, Stage::Confirm)?);
    let longer = slow.seconds / fast.seconds;
    if longer < SLOWER_MIN || fast.growth <= 0.0 {
        return None;
    }
    let between = f64::midpoint(1.0, longer);
    let lean = slow.growth - between * fast.growth;
    let scatter = scatter(&series.points);
    if lean.abs() <= scatter / slow.requests + between * scatter / fast.requests {
        return Some(Cause::Unclear);
    }
    if lean < 0.0 {
        return Some(Cause::Requests);
    }
    // growth per request = kept by the request + kept by the time that it takes: two rates, two equations.
    let more_seconds = slow.seconds - fast.seconds;
    let rate = (slow.growth - fast.growth) / more_seconds;
    Some(Cause::Time(per_hour(rate, noise / (more_seconds * slow.requests), level)))
}

/// What the doses of a kind took and kept for each request.
struct Pace {
    requests: f64,
    seconds: f64,
    growth: f64,
}

impl Pace {
    fn of(series: &Series, stage: Stage) -> Option<Self> {
        let doses = || series.points.windows(2).filter(move |pair| pair[1].stage == stage);
        let requests: f64 = doses().map(|pair| difference(pair[0].requests, pair[1].requests)).sum();
        let (growth, seconds) = rates(&series.points, stage)
            .into_iter()
            .fold((0.0, 0.0), |sum, window| (sum.0 + window.0, sum.1 + window.1));
        let is_known = requests > 0.0 && seconds > 0.0;
        is_known.then(|| Self { requests, seconds: seconds / requests, growth: growth / requests })
    }
}

fn by_idleness(series: &Series, noise: f64, level: f64) -> Cause {
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

/// How far the growth over one judged dose lies from what its requests should bring: the median, as a standard deviation.
fn scatter(points: &[Point]) -> f64 {
    let doses = || points.windows(2).filter(|pair| pair[1].stage == Stage::Dose);
    let growth = |pair: &[Point]| difference(pair[0].value, pair[1].value);
    let requests = |pair: &[Point]| difference(pair[0].requests, pair[1].requests);
    let rate = doses().map(growth).sum::<f64>() / doses().map(requests).sum::<f64>().max(1.0);
    MAD_TO_SIGMA * median_of(doses().map(|pair| (growth(pair) - rate * requests(pair)).abs()))
}

/// Growth and seconds of each window of a kind.
fn rates(points: &[Point], stage: Stage) -> Vec<(f64, f64)> {
    let windows = points.windows(2).filter(|pair| pair[1].stage == stage);
    windows
        .map(|pair| {
            (difference(pair[0].value, pair[1].value), pair[1].at.saturating_sub(pair[0].at).as_secs_f64())
        })
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
        assert_eq!(cause(&series(1000, 0), 30e3, 0.99, false), Cause::Requests);
    }

    #[test]
    fn growth_that_goes_on_without_requests_is_times() {
        let Cause::Time(hourly) = cause(&series(0, 400_000), 30e3, 0.99, false) else { panic!("not time") };
        assert!(hourly.low < 1.44e9 && 1.44e9 < hourly.high, "{hourly:?}");
        assert!(hourly.estimate > 1.4e9 && hourly.estimate < 1.5e9, "{hourly:?}");
    }

    #[test]
    fn a_bit_of_both_or_a_rate_within_the_noise_is_not_decided() {
        assert_eq!(cause(&series(1000, 100_000), 30e3, 0.99, false), Cause::Unclear);
        assert_eq!(cause(&series(10, 0), 30e3, 0.99, false), Cause::Unclear);
    }

    /// The same with an idle window that shows nothing, then a fresh dose at full rate and one at a rate of 0.4.
    fn two_rates(per_request: u64, per_second: u64) -> Series {
        let mut series = series(per_request, per_second);
        let idle = series.points.pop().unwrap();
        let dosed = *series.points.last().unwrap();
        series.points.push(Point { value: dosed.value, ..idle });
        let mut last = *series.points.last().unwrap();
        for (seconds, stage) in [(10, Stage::Confirm), (25, Stage::Slow)] {
            last = Point {
                at: last.at + Duration::from_secs(seconds),
                requests: last.requests + 1000,
                value: last.value + 1000 * per_request + per_second * seconds,
                stage,
            };
            series.points.push(last);
        }
        series
    }

    #[test]
    fn two_rates_contradict_an_idle_window_that_hides_growth_with_time() {
        let Cause::Time(hourly) = cause(&two_rates(0, 400_000), 30e3, 0.99, false) else {
            panic!("not time")
        };
        assert!(hourly.low <= 1.44e9 && 1.44e9 <= hourly.high, "{hourly:?}");
        assert_eq!(cause(&two_rates(1000, 0), 30e3, 0.99, false), Cause::Requests);
    }

    #[test]
    fn two_rates_decide_where_idleness_is_lost_in_the_noise() {
        assert_eq!(cause(&two_rates(1000, 0), 3e7, 0.99, false), Cause::Requests);
        assert!(matches!(cause(&two_rates(0, 400_000), 3e7, 0.99, false), Cause::Time(_)));
    }

    #[test]
    fn a_slow_dose_proves_no_growth_with_time_where_garbage_piles_up() {
        assert_eq!(cause(&two_rates(0, 400_000), 3e7, 0.99, true), Cause::Unclear);
        assert_eq!(cause(&two_rates(1000, 0), 3e7, 0.99, true), Cause::Requests);
    }

    #[test]
    fn a_slow_dose_tells_nothing_where_doses_scatter_by_as_much() {
        let mut tested = two_rates(1000, 0);
        let scattered = tested.points.iter_mut().filter(|point| point.stage == Stage::Dose);
        scattered.zip([0, 900_000, 0].into_iter().cycle()).for_each(|(point, more)| point.value += more);
        assert_eq!(cause(&tested, 3e7, 0.99, false), Cause::Unclear);
        tested
            .points
            .iter_mut()
            .filter(|point| point.stage == Stage::Slow)
            .for_each(|point| point.value += 1_000_000);
        assert_eq!(cause(&tested, 3e7, 0.99, false), Cause::Unclear);
    }

    #[test]
    fn without_an_idle_window_nothing_is_said() {
        let mut tested = series(1000, 0);
        tested.points.pop();
        assert_eq!(cause(&tested, 30e3, 0.99, false), Cause::NotTested);
    }
}
