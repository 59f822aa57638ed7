//! A leak that recycling hides: workers are replaced before they grow large (gunicorn's `--max-requests`, pm2's
//! `max_memory_restart`), and their memory goes with them. The whole looks calm; each life does not.
//!
//! Every life gives one slope, and the slopes of many lives one mean with its interval: a life is one observation, so
//! that lives which differ widen it (random effects). A healthy worker warms up in each life and stops; so the first
//! reading is left out, and a life whose second half grows much less than its first counts as one that stopped.

use drip_model::{Doubt, DoubtKind, Evidence, Growth, Interval, Point};

use crate::assess::{Assessment, More};
use crate::policy::Policy;
use crate::profile::{beyond, median_of, student};

/// Fewer lives say nothing of how much lives differ.
const LIVES_MIN: usize = 5;
/// Readings of a life, its first one left out, that make a slope and two halves.
const READINGS_MIN: usize = 4;
/// Growth in the second half of a life, as a share of the first half's, below which it was slowing down.
const LATE_RATIO_MIN: f64 = 0.6;

/// The lives are one more signal, judged after the others had all of alpha: they get a tenth of it, in up to five looks
/// at equal shares (Bonferroni).
const SHARE: f64 = 1.0 / 50.0;

/// What was seen of each life: bytes of one process beside the requests that the whole service had answered by then.
pub type Life = Vec<Point>;

/// Judges the lives of processes that were replaced, `workers` of which lived at the same time and shared the requests.
/// `None` with too few of them.
///
/// Growth over one life counts against what a cache may hold, as any growth does: a cache that dies before it is full
/// and a leak are the same curve.
pub fn pooled(lives: &[Life], workers: usize, policy: &Policy) -> Option<Assessment> {
    let seen: Vec<Seen> = lives.iter().filter_map(|life| Seen::of(life)).collect();
    if seen.len() < LIVES_MIN {
        return None;
    }
    let workers = count(workers.max(1));
    let slopes: Vec<f64> = seen.iter().map(|life| life.lasting_slope() * workers).collect();
    let mean = Mean::of(&slopes);
    let requests = median_of(seen.iter().map(|life| life.requests)) / workers;
    Some(weighed(&mean, requests, seen.len(), policy))
}

fn weighed(mean: &Mean, requests: f64, lives: usize, policy: &Policy) -> Assessment {
    let per_request = mean.interval(policy.level);
    let healthy = policy.cache.max(policy.allowance);
    let chance = mean.chance_at_most(healthy / requests.max(1.0));
    let grows = chance <= policy.alpha * SHARE;
    let doubt = (!grows && per_request.low > 0.0).then(|| hidden(&per_request, requests, lives));
    let more = doubt.clone().map(|because| More { requests: whole(requests), for_readings: false, because });
    let evidence = Evidence {
        signal: policy.signal,
        growth: if grows { Growth::Grows } else { Growth::Undecided },
        smallest_detectable: per_request.high - per_request.low,
        per_request,
        requests: whole(requests),
        thresholds: policy.thresholds(),
        doubts: doubt.into_iter().collect(),
    };
    Assessment { evidence, more, chance }
}

fn hidden(per_request: &Interval, requests: f64, lives: usize) -> Doubt {
    let Interval { low, high, .. } = *per_request;
    let message = format!(
        "workers are replaced during the run, and their memory goes with them; over {lives} of their lives, of about \
         {requests:.0} requests each, they grew by {low:.0} to {high:.0} bytes with each request until they were replaced: a \
         leak that recycling hides, or a cache that never fills; switch recycling off for the test, or say --assume-cache"
    );
    Doubt::new(DoubtKind::ProcessReplaced, message)
}

/// One life, its first reading left out.
struct Seen {
    x: Vec<f64>,
    y: Vec<f64>,
    requests: f64,
}

impl Seen {
    fn of(life: &[Point]) -> Option<Self> {
        let (first, rest) = life.split_first()?;
        let last = rest.last()?;
        (rest.len() >= READINGS_MIN && last.requests > rest[0].requests).then(|| Self {
            x: rest.iter().map(|point| as_float(point.requests)).collect(),
            y: rest.iter().map(|point| as_float(point.value)).collect(),
            requests: as_float(last.requests.saturating_sub(first.requests)),
        })
    }

    /// Growth per request of the service; nothing when the second half does not bear it out.
    fn lasting_slope(&self) -> f64 {
        let half = self.x.len() / 2;
        let (early, late) = (self.slope(0, half), self.slope(half, self.x.len() - 1));
        if late < LATE_RATIO_MIN * early { late.min(0.0) } else { self.slope(0, self.x.len() - 1) }
    }

    /// Median of the slopes between all pairs (Theil 1950, Sen 1968) of a range of readings.
    fn slope(&self, from: usize, to: usize) -> f64 {
        let pairs = (from..to).flat_map(|i| (i + 1..=to).map(move |j| (i, j)));
        let apart = pairs.filter(|(i, j)| self.x[*j] > self.x[*i]);
        median_of(apart.map(|(i, j)| (self.y[j] - self.y[i]) / (self.x[j] - self.x[i])))
    }
}

/// Mean of independent observations, at least two.
struct Mean {
    estimate: f64,
    standard_error: f64,
    freedom: f64,
}

impl Mean {
    fn of(values: &[f64]) -> Self {
        let n = count(values.len());
        let estimate = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| (value - estimate).powi(2)).sum::<f64>() / (n - 1.0);
        Self { estimate, standard_error: (variance / n).sqrt(), freedom: n - 1.0 }
    }

    fn interval(&self, level: f64) -> Interval {
        let margin = student(self.freedom, (1.0 - level) / 2.0) * self.standard_error;
        Interval { low: self.estimate - margin, estimate: self.estimate, high: self.estimate + margin, level }
    }

    fn chance_at_most(&self, threshold: f64) -> f64 {
        beyond(self.freedom, (self.estimate - threshold) / self.standard_error.max(f64::MIN_POSITIVE))
    }
}

fn count(values: usize) -> f64 {
    f64::from(u32::try_from(values).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^53")]
const fn as_float(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use drip_model::{Pattern, Runtime, Signal, Stage};

    use super::*;
    use crate::policy::Subject;

    fn policy(assume_cache: Option<u64>) -> Policy {
        Policy::of(&Subject {
            signal: Signal::Anon,
            runtime: Runtime::Python,
            pattern: Pattern::REPEATED,
            base: 30e6,
            assume_cache,
            heap_limit: None,
            descriptor_limit: None,
        })
    }

    /// Lives of two workers that take turns, eight readings each, over 4,000 requests of the service.
    fn lives(kept: impl Fn(u64) -> u64) -> Vec<Life> {
        let life = |number: u64| {
            let reading = |i: u64| Point {
                at: Duration::from_secs(i),
                requests: 2000 * number + 500 * i,
                // No two lives are quite the same.
                value: 25_000_000 + 40_000 * (number % 3) + kept(250 * i),
                stage: Stage::Dose,
            };
            (0..8).map(reading).collect()
        };
        (0..10).map(life).collect()
    }

    #[test]
    fn a_leak_that_recycling_hides_is_told_by_its_own_requests() {
        let found = pooled(&lives(|requests| 3000 * requests), 2, &policy(None)).unwrap();
        let Interval { low, high, .. } = found.evidence.per_request;
        assert!(low <= 3000.0 && 3000.0 <= high && high - low < 300.0, "{found:?}");
        assert_eq!(found.evidence.growth, Growth::Undecided);
        assert_eq!(found.evidence.doubts[0].kind, DoubtKind::ProcessReplaced);
    }

    #[test]
    fn it_is_a_leak_once_it_is_more_than_a_cache_may_hold() {
        let grows = |cache| pooled(&lives(|requests| 3000 * requests), 2, &policy(Some(cache))).unwrap();
        assert_eq!(grows(4_000_000).evidence.growth, Growth::Grows);
        assert_eq!(grows(6_000_000).evidence.growth, Growth::Undecided);
    }

    #[test]
    fn a_worker_that_warms_up_in_each_life_is_not_accused() {
        let found =
            pooled(&lives(|requests| 2_000_000.min(4000 * requests)), 2, &policy(Some(1_000_000))).unwrap();
        assert_eq!(found.evidence.growth, Growth::Undecided);
        assert!(found.evidence.doubts.is_empty() && found.evidence.per_request.low <= 0.0, "{found:?}");
    }

    #[test]
    fn a_few_lives_say_nothing() {
        assert_eq!(pooled(&lives(|requests| requests)[..4], 2, &policy(None)), None);
        assert_eq!(pooled(&[], 0, &policy(None)), None);
        assert_eq!(pooled(&vec![Life::new(); 9], 2, &policy(None)), None);
    }
}
