//! Requests and time until a limit.

use drip_model::{Interval, ToLimit, Unit};

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
    let reached = limits.iter().filter_map(|limit| to_limit(limit, per_request, rate));
    reached.min_by(|a, b| a.requests.total_cmp(&b.requests))
}

fn to_limit(limit: &Limit, per_request: &Interval, rate: f64) -> Option<ToLimit> {
    if per_request.estimate <= 0.0 || rate <= 0.0 {
        return None;
    }
    let room = as_float(limit.amount.saturating_sub(limit.used));
    let requests = room / per_request.estimate;
    let slowest = (per_request.low > 0.0).then(|| room / per_request.low);
    Some(ToLimit {
        amount: limit.amount,
        unit: limit.unit,
        limit: limit.what.clone(),
        requests,
        requests_range: (room / per_request.high, slowest),
        rate_per_second: rate,
        seconds: requests / rate,
    })
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
        assert_eq!(found.requests, 500_000.0);
        assert_eq!(found.seconds, 50_000.0);
        assert_eq!(found.requests_range, (400_000.0, Some(625_000.0)));
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
        assert_eq!(forecast(&[limit(1000, "x", 0)], &open, 10.0).unwrap().requests_range.1, None);
    }
}
