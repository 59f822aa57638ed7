//! Requests and time until a limit.

use drip_model::{ByRequests, Interval, ToLimit, Unit};

/// A limit and how near it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Bytes or things.
    pub amount: u64,
    /// Which of them.
    pub unit: Unit,
    /// Which one, in words.
    pub what: String,
    /// What is in use of it at the beginning, of the same kind.
    pub used: u64,
}

/// The limit that is reached first when memory grows by `per_request` and requests come at `rate` per second.
///
/// `None` without a limit, or when the growth is not above zero.
pub fn forecast(limits: &[Limit], per_request: &Interval, rate: f64) -> Option<ToLimit> {
    if rate <= 0.0 {
        return None;
    }
    first(limits, per_request).map(|(limit, (requests, range))| ToLimit {
        by_requests: Some(ByRequests { requests, range, rate_per_second: rate }),
        ..to_limit(limit, requests / rate, (range.0 / rate, range.1.map(|latest| latest / rate)))
    })
}

/// The same where memory grows by `per_second` whatever is asked.
pub fn forecast_of_time(limits: &[Limit], per_second: &Interval) -> Option<ToLimit> {
    first(limits, per_second).map(|(limit, (seconds, range))| to_limit(limit, seconds, range))
}

/// Steps of growth until a limit: at the estimate, and at the upper and lower end of the interval.
type Steps = (f64, (f64, Option<f64>));

fn first<'a>(limits: &'a [Limit], growth: &Interval) -> Option<(&'a Limit, Steps)> {
    let reached = limits.iter().filter_map(|limit| Some((limit, steps(limit, growth)?)));
    reached.min_by(|(_, one), (_, other)| one.0.total_cmp(&other.0))
}

fn steps(limit: &Limit, growth: &Interval) -> Option<Steps> {
    let room = as_float(limit.amount.saturating_sub(limit.used));
    let slowest = (growth.low > 0.0).then(|| room / growth.low);
    (growth.estimate > 0.0).then(|| (room / growth.estimate, (room / growth.high, slowest)))
}

fn to_limit(limit: &Limit, seconds: f64, seconds_range: (f64, Option<f64>)) -> ToLimit {
    ToLimit {
        amount: limit.amount,
        unit: limit.unit,
        limit: limit.what.clone(),
        seconds,
        seconds_range,
        by_requests: None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
const fn as_float(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: Interval = Interval { low: 400.0, estimate: 500.0, high: 625.0, level: 0.99 };

    fn limit(amount: u64, what: &str, used: u64) -> Limit {
        Limit { amount, unit: Unit::Bytes, what: what.into(), used }
    }

    #[test]
    fn the_earlier_of_two_clocks_counts() {
        let limits = [limit(512_000_000, "container", 100_000_000), limit(260_000_000, "heap", 10_000_000)];
        let found = forecast(&limits, &GROWTH, 10.0).unwrap();
        assert_eq!(found.limit, "heap");
        assert_eq!((found.seconds, found.seconds_range), (50_000.0, (40_000.0, Some(62_500.0))));
        let by_requests =
            ByRequests { requests: 500_000.0, range: (400_000.0, Some(625_000.0)), rate_per_second: 10.0 };
        assert_eq!(found.by_requests, Some(by_requests));
    }

    #[test]
    fn what_grows_with_time_needs_no_requests() {
        let found = forecast_of_time(&[limit(260_000_000, "heap", 10_000_000)], &GROWTH).unwrap();
        assert_eq!((found.seconds, found.seconds_range), (500_000.0, (400_000.0, Some(625_000.0))));
        assert_eq!(found.by_requests, None);
    }

    #[test]
    fn what_does_not_grow_never_arrives() {
        let flat = Interval { estimate: 0.0, ..GROWTH };
        assert_eq!(forecast(&[limit(1, "x", 0)], &flat, 10.0), None);
        assert_eq!(forecast(&[], &GROWTH, 10.0), None);
    }

    #[test]
    fn an_interval_that_reaches_zero_has_no_latest_moment() {
        let open = Interval { low: -1.0, ..GROWTH };
        assert_eq!(forecast(&[limit(1000, "x", 0)], &open, 10.0).unwrap().seconds_range.1, None);
    }
}
