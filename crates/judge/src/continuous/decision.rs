//! The rules: a leak needs growth that no healthy explanation covers; health needs its absence; the rest is open, and
//! says what would close it.

use drip_model::{Doubt, DoubtKind, Growth, Unit};

use crate::assess::More;
use crate::continuous::facts::Facts;
use crate::continuous::lives::Pooled;
use crate::continuous::terms::Terms;

/// One-sided probability below which the second half rises.
const RISING: f64 = 0.05;
/// ... and above which it does not, at an early look and at the last one.
const CALM_EARLY: f64 = 0.01;
const CALM_LAST: f64 = 0.001;
/// The second half's slope over that of the quarter before it: logarithmic growth gives 0.5, a saturation with a third
/// of the run as its constant 0.35, a square root 0.71, a line 1.
const RATIO_MIN: f64 = 0.6;
/// ... for a decision before the budget is spent.
const RATIO_MIN_EARLY: f64 = 0.7;
/// Growth of this share of the deepest tooth is not an artefact of where the teeth fell.
const TOOTH_SHARE: f64 = 0.5;
/// So many teeth average that out.
const TEETH_MIN: usize = 6;
/// Growth with every request goes on for so many times the entries that a cache may have.
const ENTRIES_FACTOR: f64 = 1.1;
/// ... unless its few largest jumps are so large a share of it: a pool's high-water marks rise like that.
const JUMPS_MAX: f64 = 0.5;
/// Calm is no answer before so many requests: only a leak of a hundred times what matters would have been seen.
const REQUESTS_MIN: f64 = 500.0;
/// What is planned for lies so far beyond the threshold: the lower bound must pass it, not the estimate.
const MARGIN: f64 = 1.15;
/// One extension asks for so many times the requests so far at most.
const EXTENSION_MAX: f64 = 4.0;

/// What stands between growth and a leak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Obstacle {
    /// It may be no more than a healthy service grows.
    Small,
    /// The second half does not rise.
    NotRising,
    /// It slows down.
    Slowing,
    /// A few steps explain it.
    Steps,
    /// It may be garbage.
    NotCollected,
    /// A cache may be filling.
    Cache,
}

/// What stands between growth and a leak, leaving aside how large a cache may be.
pub(crate) fn obstacle(facts: &Facts, terms: &Terms, tail: f64) -> Option<Obstacle> {
    let low = facts.low(tail);
    let between_teeth = facts.teeth > 0 && low < TOOTH_SHARE * facts.deepest && facts.teeth < TEETH_MIN;
    let uncollected = floats(facts, terms) && terms.policy.uncollected.is_some_and(|lazy| low < lazy);
    let obstacles = [
        (low < terms.policy.allowance, Obstacle::Small),
        (facts.late > RISING, Obstacle::NotRising),
        (facts.ratio < RATIO_MIN, Obstacle::Slowing),
        (!facts.needs_slope, Obstacle::Steps),
        (between_teeth || uncollected, Obstacle::NotCollected),
    ];
    obstacles.into_iter().find_map(|(stands, obstacle)| stands.then_some(obstacle))
}

/// Whether garbage may have piled up that no collection has visited yet.
const fn floats(facts: &Facts, terms: &Terms) -> bool {
    terms.policy.uncollected.is_some() && !facts.is_collected()
}

/// Whether the readings may have grown and stopped, in a way that no curve of the profile has: by steps, or ever slower.
pub(crate) fn may_have_stopped(facts: &Facts) -> bool {
    facts.late > RISING || facts.ratio < RATIO_MIN || !facts.needs_slope
}

/// Whether growth that nothing else explains is more than all that a cache may hold, and hardly slows down: enough to
/// stop before the budget is spent.
pub(crate) fn exceeds_cache_early(facts: &Facts, terms: &Terms, tail: f64) -> bool {
    facts.low(tail) >= terms.early_cache && facts.ratio >= RATIO_MIN_EARLY
}

/// Whether it is calm, and would be within the allowance over the whole budget too.
pub(crate) fn is_calm_early(facts: &Facts, terms: &Terms, tail: f64, budget: f64) -> bool {
    let over_budget = facts.high(tail) * (budget / facts.requests).max(1.0);
    facts.requests >= REQUESTS_MIN && over_budget < terms.policy.allowance && facts.late > CALM_EARLY
}

/// Health, where it is calm: did it grow before it was?
pub(crate) fn calm(facts: &Facts) -> Growth {
    if facts.early_rise > 0.0 { Growth::Bounded { plateau: facts.early_rise } } else { Growth::Flat }
}

/// The answer when the budget is spent.
pub(crate) fn last(facts: &Facts, terms: &Terms, tail: f64) -> Result<Growth, Obstacle> {
    let (low, high) = (facts.low(tail), facts.high(tail));
    let allowance = terms.policy.allowance;
    let obstacle = obstacle(facts, terms, tail);
    if obstacle.is_none() && exceeds_cache(facts, terms, low) {
        return Ok(Growth::Grows);
    }
    if high < allowance && facts.late > CALM_LAST && facts.requests >= REQUESTS_MIN {
        return Ok(calm(facts));
    }
    // What still rises late may be the rest of a curve that bends.
    let saturating = facts.saturating();
    if high < allowance && saturating > allowance && obstacle.is_some() && !floats(facts, terms) {
        return Ok(Growth::Bounded { plateau: saturating });
    }
    Err(obstacle.unwrap_or(Obstacle::Cache))
}

/// Whether every life of a service grows, by more than a process may before it is warm, and hardly more slowly in its
/// second half; and all together by more than a cache may hold.
pub(crate) fn grows_in_each_life(pooled: &Pooled, terms: &Terms, tail: f64) -> bool {
    let low = pooled.mean - pooled.margin(tail);
    let in_all = low * pooled.requests;
    low * pooled.life_requests >= terms.regrowth
        && pooled.ratio >= RATIO_MIN
        && (in_all >= terms.policy.cache || exceeds_entries(pooled.requests, terms))
}

/// Whether growth of `low` is more than what a cache may hold, by bytes or by entries.
fn exceeds_cache(facts: &Facts, terms: &Terms, low: f64) -> bool {
    low >= terms.policy.cache || (exceeds_entries(facts.requests, terms) && facts.jumps < JUMPS_MAX)
}

fn exceeds_entries(requests: f64, terms: &Terms) -> bool {
    terms.entries.is_some_and(|entries| requests >= ENTRIES_FACTOR * entries as f64)
}

/// What would decide what is open.
pub(crate) fn more(facts: &Facts, terms: &Terms, obstacle: Obstacle) -> More {
    let requests = facts.requests;
    let grown = in_units(facts.growth(), terms);
    let seen = format!("growth {grown} in {requests:.0} requests");
    let (kind, message, needed) = match obstacle {
        Obstacle::NotCollected => {
            let bound = in_units(terms.policy.uncollected.unwrap_or(facts.deepest), terms);
            let message = format!(
                "{seen}, and up to {bound} of it may be garbage that no collection has visited yet; a memory source that \
                 reads the heap after a collection would decide"
            );
            (DoubtKind::GarbageNotCollected, message, requests)
        }
        Obstacle::Cache => {
            let needed = cache_requests(facts, terms);
            let cache = in_units(terms.policy.cache, terms);
            let message = format!(
                "{seen}, and a cache of up to {cache} that is still filling would look the same; about {needed:.0} requests \
                 would decide (raise --budget), or --assume-cache with what yours may hold"
            );
            (DoubtKind::CacheMayBeFilling, message, needed - requests)
        }
        open => {
            let message = format!("{} ({seen}); more requests would decide: raise --budget", open.words());
            (DoubtKind::NotEnoughData, message, extension(facts, terms, open))
        }
    };
    More { requests: needed.max(1.0) as u64, for_readings: false, because: Doubt::new(kind, message) }
}

impl Obstacle {
    /// In words, where more requests would clear it.
    const fn words(self) -> &'static str {
        match self {
            Self::Small => "growth and calm are both within what the readings allow",
            Self::NotRising => "the second half does not rise clearly",
            Self::Slowing => "the growth is slowing down",
            Self::Steps => "a few steps would explain it as well as growth with each request",
            Self::NotCollected | Self::Cache => "it grows",
        }
    }
}

/// Requests after which growth like this exceeds every cache.
fn cache_requests(facts: &Facts, terms: &Terms) -> f64 {
    let by_bytes = facts.requests * MARGIN * terms.policy.cache / facts.growth();
    let by_entries =
        terms.entries.map(|entries| MARGIN * entries as f64).filter(|needed| *needed > facts.requests);
    by_bytes.min(by_entries.unwrap_or(f64::INFINITY))
}

/// How many requests are needed on top: what the growth lacks to be certain, or as much again where it is not proven.
fn extension(facts: &Facts, terms: &Terms, open: Obstacle) -> f64 {
    let lacking = (MARGIN * terms.policy.allowance / facts.growth() - 1.0).clamp(1.0, EXTENSION_MAX);
    facts.requests * if open == Obstacle::Small && facts.growth() > 0.0 { lacking } else { 1.0 }
}

fn in_units(value: f64, terms: &Terms) -> String {
    match terms.policy.signal.unit() {
        Unit::Bytes => format!("{:.1} MB", value / 1e6),
        Unit::Count => format!("{value:.0}"),
    }
}
