//! What one signal did over the doses of a run.

use drip_model::{Doubt, DoubtKind, Evidence, Growth, Interval, Point, Series, Stage, Unit};

use crate::policy::{DOSES_MIN, Policy, looks_price};
use crate::profile::{Limits, Profile, median_of, profile};

/// Growth in the second half, as a share of the first half's, below which it is slowing down. Logarithmic
/// growth gives 0.5, a saturation with a third of the run as its constant 0.35, a line 1.
const LATE_RATIO_MIN: f64 = 0.6;
/// Calm is no answer before so many requests: only a leak of a hundred times what matters would have been seen.
pub(crate) const CALM_REQUESTS_MIN: u64 = 500;
/// What is planned for lies so far beyond the threshold: the lower bound must pass it, not the estimate.
const MARGIN: f64 = 1.15;
/// One extension asks for so many times the requests so far at most.
const EXTENSION_MAX: f64 = 4.0;

/// More requests that could still decide.
#[derive(Debug, Clone, PartialEq)]
pub struct More {
    /// How many.
    pub requests: u64,
    /// Whether they are wanted for the readings between them: what scatters is settled by more of these, what grows by
    /// larger doses.
    pub for_readings: bool,
    /// What they would settle.
    pub because: Doubt,
}

/// The answer of the judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// What can be said now.
    pub evidence: Evidence,
    /// What would decide, where something is open; `None` when it is decided.
    pub more: Option<More>,
    /// Chance of readings like these from a signal that grows by no more than the healthy may, all looks counted; 1
    /// where growth is ruled out for another reason. For [`holm`](crate::holm).
    pub chance: f64,
}

impl Assessment {
    /// Takes back that it grows: among so many hypotheses of one run, this is not certain enough.
    #[must_use]
    pub fn withdrawn(mut self, hypotheses: usize) -> Self {
        if self.evidence.growth != Growth::Grows {
            return self;
        }
        let because = Doubt::new(
            DoubtKind::NotEnoughData,
            format!(
                "it grows, but not by enough to be sure among {hypotheses} signals and endpoints that were judged together; \
                 more requests would decide: raise --budget"
            ),
        );
        self.evidence.growth = Growth::Undecided;
        self.evidence.doubts.push(because.clone());
        self.more = Some(More { requests: self.evidence.requests, for_readings: false, because });
        self
    }
}

/// Judges the doses of a series. `look` counts the looks at this run, from 1; later looks are stricter.
///
/// Points of [`Stage::Dose`] are judged, on top of the reading just before the first of them. A run of fewer
/// than [`DOSES_MIN`] doses is never decided.
pub fn assess(series: &Series, policy: &Policy, look: u32) -> Assessment {
    let judged = judged_part(&series.points);
    let Some(view) = View::of(judged, policy).filter(|_| judged.len() > DOSES_MIN) else {
        return not_enough(series, judged, policy);
    };
    let chance = chance(&view, policy, look);
    let (growth, more) = decide(&view, policy, look, chance);
    let doubts = more.iter().map(|more| more.because.clone()).collect();
    Assessment { evidence: view.evidence(growth, policy, doubts), more, chance }
}

/// The reading before the first dose, and the reading after each dose.
fn judged_part(points: &[Point]) -> &[Point] {
    let Some(first) = points.iter().position(|p| p.stage == Stage::Dose) else { return &[] };
    let end = points.iter().rposition(|p| p.stage == Stage::Dose).map_or(first, |last| last + 1);
    &points[first.saturating_sub(1)..end]
}

/// Readings on the unit interval, and their profile.
struct View {
    requests: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    profile: Profile,
}

impl View {
    fn of(points: &[Point], policy: &Policy) -> Option<Self> {
        let first = points.first()?;
        let requests = as_float(points.last()?.requests - first.requests);
        if requests <= 0.0 {
            return None;
        }
        let x: Vec<f64> = points.iter().map(|p| as_float(p.requests - first.requests) / requests).collect();
        let y: Vec<f64> = points.iter().map(|p| as_float(p.value)).collect();
        let limits = Limits::of_few(policy.cache, policy.noise_floor);
        let profile = profile(&x, &y, &limits)?;
        Some(Self { requests, x, y, profile })
    }

    /// Slope of the second half over slope of the first.
    fn late_ratio(&self) -> f64 {
        let half = self.x.iter().position(|x| *x >= 0.5).unwrap_or(self.x.len() - 1);
        let (early, late) = (self.slope(0, half), self.slope(half, self.x.len() - 1));
        if early > 0.0 { late / early } else { f64::INFINITY }
    }

    /// Median of the slopes between all pairs (Theil 1950, Sen 1968) of a range of readings.
    fn slope(&self, from: usize, to: usize) -> f64 {
        let pairs = (from..to).flat_map(|i| (i + 1..=to).map(move |j| (i, j)));
        let apart = pairs.filter(|(i, j)| self.x[*j] > self.x[*i]);
        median_of(apart.map(|(i, j)| (self.y[j] - self.y[i]) / (self.x[j] - self.x[i])))
    }

    /// The smallest growth per request that would have been seen.
    fn detectable(&self, policy: &Policy) -> f64 {
        let tail = (1.0 - policy.level) / 2.0;
        (policy.allowance + self.profile.margin(tail)) / self.requests
    }

    fn evidence(&self, growth: Growth, policy: &Policy, doubts: Vec<Doubt>) -> Evidence {
        let tail = (1.0 - policy.level) / 2.0;
        let (low, high) = self.profile.interval(tail);
        Evidence {
            signal: policy.signal,
            growth,
            per_request: Interval {
                low: low / self.requests,
                estimate: self.profile.growth() / self.requests,
                high: high / self.requests,
                level: policy.level,
            },
            smallest_detectable: self.detectable(policy),
            requests: as_count(self.requests),
            thresholds: policy.thresholds(),
            doubts,
        }
    }
}

/// Growth up to here has a healthy explanation.
fn certain(policy: &Policy) -> f64 {
    policy.cache.max(policy.allowance)
}

/// Chance of such readings from a healthy signal, all looks counted. What is slowing down is never proven.
fn chance(view: &View, policy: &Policy, look: u32) -> f64 {
    if view.late_ratio() < LATE_RATIO_MIN {
        return 1.0;
    }
    let healthy = certain(policy).max(policy.uncollected.unwrap_or(0.0));
    (view.profile.chance_at_most(healthy) * looks_price(look)).min(1.0)
}

/// The rules, in order: a leak needs growth beyond every healthy explanation; health needs its absence.
fn decide(view: &View, policy: &Policy, look: u32, chance: f64) -> (Growth, Option<More>) {
    if chance <= policy.alpha {
        return (Growth::Grows, None);
    }
    let tail = policy.tail(look);
    let (low, high) = (view.profile.low(tail), view.profile.high(tail));
    let certain = certain(policy);
    let slowing = view.late_ratio() < LATE_RATIO_MIN;
    // Where nothing is proven to grow, a longer run need not be calmer in all than a usual one, only for each request.
    let excluded = if low <= 0.0 { policy.allowance_per_request() * view.requests } else { 0.0 };
    let is_calm = high < policy.allowance.max(excluded) && !is_coarse(view, policy);
    if is_calm && !is_creeping(view, policy, low, slowing) {
        let plateau = view.profile.saturating();
        let filled = plateau > policy.allowance;
        return (if filled { Growth::Bounded { plateau } } else { Growth::Flat }, None);
    }
    let because = open_question(view, policy, low, slowing);
    let requests = as_count(view.requests * extension(view.profile.growth(), certain, slowing || low <= 0.0));
    (Growth::Undecided, Some(More { requests, for_readings: is_scattered(view, policy, low), because }))
}

/// Whether only noise speaks against calm: growth is not proven, and by the best explanation below what matters.
fn is_scattered(view: &View, policy: &Policy, low: f64) -> bool {
    low <= 0.0 && view.profile.growth() < policy.allowance
}

/// Whether calm is only a matter of too few requests: the allowance is for a whole run, and a few requests that keep
/// much do not reach it.
fn is_creeping(view: &View, policy: &Policy, low: f64, slowing: bool) -> bool {
    let matters = policy.allowance_per_request();
    view.requests < as_float(CALM_REQUESTS_MIN)
        || (low > policy.noise_floor && !slowing && low > matters * view.requests)
}

/// Whether calm would hide a leak that nobody would call small: the allowance is large, and the requests are few.
fn is_coarse(view: &View, policy: &Policy) -> bool {
    policy.signal.unit() == Unit::Bytes && view.detectable(policy) > policy.detectable_max()
}

/// How many times the requests so far are needed on top: what the growth lacks to be certain, or as much again where
/// it is not proven.
fn extension(growth: f64, certain: f64, unproven: bool) -> f64 {
    if unproven { 1.0 } else { (MARGIN * certain / growth - 1.0).clamp(0.5, EXTENSION_MAX) }
}

fn open_question(view: &View, policy: &Policy, low: f64, slowing: bool) -> Doubt {
    let grown = in_units(view.profile.growth(), policy);
    let requests = view.requests;
    if let Some(lazy) = policy.uncollected.filter(|lazy| low >= policy.allowance && low < *lazy) {
        let bound = in_units(lazy, policy);
        return Doubt::new(
            DoubtKind::GarbageNotCollected,
            format!(
                "it grew by {grown} in {requests:.0} requests, but this runtime may let garbage pile up to {bound} before it \
                 collects; a memory source that reads the heap after a collection would decide"
            ),
        );
    }
    if low < policy.allowance || slowing {
        let noise = match (slowing, low > 0.0) {
            (true, _) => "the growth is slowing down",
            (false, true) => "it grows, and the requests were too few to tell a leak from warm-up",
            (false, false) => {
                "the readings scatter too much, or the requests were too few, for what they show"
            }
        };
        return Doubt::new(
            DoubtKind::NotEnoughData,
            format!(
                "{noise} (growth {grown} in {requests:.0} requests); more requests would decide: raise --budget"
            ),
        );
    }
    let needed = requests * MARGIN * policy.cache / view.profile.growth();
    filling(policy, &grown, requests, needed)
}

/// It grows, and so would what has a bound that it has not reached.
fn filling(policy: &Policy, grown: &str, requests: f64, needed: f64) -> Doubt {
    let bound = in_units(policy.cache, policy);
    match policy.signal.unit() {
        Unit::Bytes => Doubt::new(
            DoubtKind::CacheMayBeFilling,
            format!(
                "it grew by {grown} in {requests:.0} requests, and a cache of up to {bound} that is still filling would look \
                 the same; about {needed:.0} requests would decide (raise --budget), or --assume-cache with what yours may \
                 hold"
            ),
        ),
        Unit::Count => Doubt::new(
            DoubtKind::PoolMayBeFilling,
            format!(
                "{} grew by {grown} in {requests:.0} requests, and a pool of up to {bound} that is still filling would look \
                 the same; about {needed:.0} requests would decide (raise --budget)",
                policy.signal
            ),
        ),
    }
}

fn in_units(value: f64, policy: &Policy) -> String {
    match policy.signal.unit() {
        Unit::Bytes => format!("{:.1} MB", value / 1e6),
        Unit::Count => format!("{value:.0}"),
    }
}

/// Too few readings for any statistics: says so, with whatever slope there is and no bound at all.
fn not_enough(series: &Series, judged: &[Point], policy: &Policy) -> Assessment {
    let doses = judged.len().saturating_sub(1);
    let requests =
        judged.last().zip(judged.first()).map_or(0, |(last, first)| last.requests - first.requests);
    let gaps = if series.gaps.is_empty() {
        String::new()
    } else {
        format!(" ({} readings missed)", series.gaps.len())
    };
    let because = Doubt::new(
        DoubtKind::NotEnoughData,
        format!(
            "{doses} of at least {DOSES_MIN} doses were read{gaps}: too few for any statement; raise --budget"
        ),
    );
    let evidence = Evidence {
        signal: policy.signal,
        growth: Growth::Undecided,
        per_request: Interval {
            low: f64::NEG_INFINITY,
            estimate: end_to_end(judged),
            high: f64::INFINITY,
            level: policy.level,
        },
        smallest_detectable: f64::INFINITY,
        requests,
        thresholds: policy.thresholds(),
        doubts: vec![because.clone()],
    };
    let more = More { requests: requests.max(1), for_readings: false, because };
    Assessment { evidence, more: Some(more), chance: 1.0 }
}

fn end_to_end(judged: &[Point]) -> f64 {
    let Some((first, last)) = judged.first().zip(judged.last()) else { return 0.0 };
    let requests = as_float(last.requests - first.requests);
    if requests > 0.0 { (as_float(last.value) - as_float(first.value)) / requests } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^53")]
const fn as_float(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of requests, not negative"
)]
fn as_count(value: f64) -> u64 {
    value.max(0.0).round() as u64
}
