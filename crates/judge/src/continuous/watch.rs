//! The judge beside a running load: it is given each reading, looks when it is time, and says when it knows.

use drip_model::{Doubt, DoubtKind, Evidence, Growth, Interval};

use crate::assess::{Assessment, More};
use crate::continuous::decision;
use crate::continuous::facts::{Facts, READINGS_MIN};
use crate::continuous::lives::{Pooled, lives, longest, requests};
use crate::continuous::looks::Looks;
use crate::continuous::reading::{Flaws, Identity, Reading, Record};
use crate::continuous::terms::Terms;
use crate::profile::Limits;

/// Successive looks that must agree on growth, and on calm.
const GROWS_LOOKS: u32 = 2;
const CALM_LOOKS: u32 = 3;
/// Calm counts from this share of the budget.
const CALM_FROM: f64 = 0.25;

/// Judges readings as they come.
#[derive(Debug, Clone)]
pub struct Watch {
    terms: Terms,
    budget: f64,
    looks: Looks,
    /// The next look, from 1.
    next: u32,
    first: Option<u64>,
    /// Requests so far.
    requests: f64,
    record: Record,
    streak: Streak,
}

/// What the last looks agreed on.
#[derive(Debug, Clone, Default)]
struct Streak {
    life: Option<Identity>,
    grows: u32,
    calm: u32,
}

impl Watch {
    /// A judge that may ask for `budget` requests.
    pub fn new(terms: Terms, budget: u64) -> Self {
        let budget = budget.max(1) as f64;
        Self {
            looks: Looks::new(budget, terms.policy.alpha),
            terms,
            budget,
            next: 1,
            first: None,
            requests: 0.0,
            record: Record::default(),
            streak: Streak::default(),
        }
    }

    /// Takes a reading; an answer as soon as there is one before the budget is spent.
    pub fn push(&mut self, reading: Reading) -> Option<Assessment> {
        let first = *self.first.get_or_insert(reading.requests);
        self.record.push(reading);
        self.requests = reading.requests.saturating_sub(first) as f64;
        if self.next >= Looks::count() || self.requests < self.looks.requests(self.next) {
            return None;
        }
        self.next = self.looks.next_after(self.requests);
        self.look()
    }

    /// The answer when the budget is spent.
    pub fn conclude(&self) -> Assessment {
        let tail = self.looks.last();
        let pooled = Pooled::of(self.record.readings());
        let is_recycled = pooled.is_some();
        if let Some(pooled) = pooled.filter(|pooled| decision::grows_in_each_life(pooled, &self.terms, tail))
        {
            return self.hidden(&pooled, tail);
        }
        let life = longest(self.record.readings());
        let Some(facts) = self.facts(life) else { return self.unknown(life) };
        match decision::last(&facts, &self.terms, tail) {
            Ok(growth) => self.assessment(&facts, growth, tail, None),
            Err(obstacle) => {
                let more = decision::more(&facts, &self.terms, obstacle);
                let mut open = self.assessment(&facts, Growth::Undecided, tail, Some(more));
                if is_recycled {
                    // Each life ends before it is known how much of its growth is warming up.
                    open.evidence.per_request.low -= self.terms.regrowth / facts.requests;
                }
                open
            }
        }
    }

    /// Goes on to a larger budget. The looks at it spend half of what those before might.
    pub fn extend(&mut self, budget: u64) {
        self.budget = (budget as f64).max(self.budget);
        self.looks = self.looks.followed_by(self.budget);
        self.next = self.looks.next_after(self.requests);
    }

    fn look(&mut self) -> Option<Assessment> {
        let life = longest(self.record.readings());
        let facts = self.facts(life)?;
        let tail = self.looks.early();
        let grows = decision::obstacle(&facts, &self.terms, tail).is_none();
        let calm = decision::is_calm_early(&facts, &self.terms, tail, self.budget)
            && facts.requests >= CALM_FROM * self.budget;
        self.streak.continue_with(life[0].process, grows, calm);
        let growth = match &self.streak {
            Streak { grows: GROWS_LOOKS.., .. }
                if decision::exceeds_cache_early(&facts, &self.terms, tail) =>
            {
                Growth::Grows
            }
            Streak { calm: CALM_LOOKS.., .. } => decision::calm(&facts),
            _ => return None,
        };
        Some(self.assessment(&facts, growth, tail, None))
    }

    fn facts(&self, life: &[Reading]) -> Option<Facts> {
        Facts::of(life, &Limits::of_many(self.terms.saturating, self.terms.policy.noise_floor))
    }

    /// Every life grows, and none lasts.
    fn hidden(&self, pooled: &Pooled, tail: f64) -> Assessment {
        let policy = &self.terms.policy;
        let margin = pooled.margin(tail.min((1.0 - policy.level) / 2.0));
        let per_request = Interval {
            low: pooled.mean - margin,
            estimate: pooled.mean,
            high: pooled.mean + margin,
            level: policy.level,
        };
        let evidence = Evidence {
            smallest_detectable: self.terms.regrowth / pooled.life_requests + margin,
            ..self.evidence(Growth::Grows, per_request, pooled.requests)
        };
        Assessment { evidence, more: None, chance: tail }
    }

    /// Too few readings in any life of the service: says so, with no bound at all.
    fn unknown(&self, life: &[Reading]) -> Assessment {
        let requests = requests(life);
        let message = format!(
            "{} of at least {READINGS_MIN} readings of one life of the service, over {requests} requests: too few for any \
             statement; raise --budget",
            life.len()
        );
        let because = Doubt::new(DoubtKind::NotEnoughData, message);
        let policy = &self.terms.policy;
        let unbounded =
            Interval { low: f64::NEG_INFINITY, estimate: 0.0, high: f64::INFINITY, level: policy.level };
        let mut evidence = self.evidence(Growth::Undecided, unbounded, requests as f64);
        evidence.doubts.insert(0, because.clone());
        let more = More { requests: requests.max(1), for_readings: false, because };
        Assessment { evidence, more: Some(more), chance: 1.0 }
    }

    /// What is the same in all evidence. What could be detected is known by the caller.
    fn evidence(&self, growth: Growth, per_request: Interval, requests: f64) -> Evidence {
        Evidence {
            signal: self.terms.policy.signal,
            growth,
            per_request,
            smallest_detectable: f64::INFINITY,
            requests: requests as u64,
            thresholds: self.terms.thresholds(),
            doubts: self.flaws().collect(),
        }
    }

    /// What was wrong with the readings.
    fn flaws(&self) -> impl Iterator<Item = Doubt> {
        let Flaws { backwards, simultaneous, counter_resets } = self.record.flaws();
        let replaced = lives(self.record.readings()).count().saturating_sub(1) as u64;
        let (missed, was_replaced) = (DoubtKind::ReadingMissed, DoubtKind::ProcessReplaced);
        let all = [
            (backwards, missed, "readings were older than the one before: left out"),
            (simultaneous, missed, "readings came while the clock stood still: left out"),
            (counter_resets, missed, "times the count of requests fell: what came before is left out"),
            (replaced, was_replaced, "times a process of the service was replaced"),
        ];
        let found = all.into_iter().filter(|(count, ..)| *count > 0);
        found.map(|(count, kind, words)| Doubt::new(kind, format!("{count} {words}")))
    }

    fn assessment(&self, facts: &Facts, growth: Growth, tail: f64, more: Option<More>) -> Assessment {
        let policy = &self.terms.policy;
        // A decision chose its moment; the interval pays for that.
        let tail = tail.min((1.0 - policy.level) / 2.0);
        let (low, high) = facts.interval(tail, growth == Growth::Grows);
        let bends = decision::may_have_stopped(facts);
        let per_request = |growth: f64| growth / facts.requests;
        let interval = Interval {
            low: per_request(if bends { low.min(0.0) } else { low }),
            estimate: per_request(facts.growth()),
            high: per_request(high),
            level: policy.level,
        };
        let mut evidence = Evidence {
            smallest_detectable: per_request(policy.allowance + facts.margin(tail)),
            ..self.evidence(growth, interval, facts.requests)
        };
        evidence.doubts.splice(0..0, more.iter().map(|more| more.because.clone()));
        let chance = if evidence.growth == Growth::Grows { tail } else { 1.0 };
        Assessment { evidence, more, chance }
    }
}

impl Streak {
    fn continue_with(&mut self, life: Identity, grows: bool, calm: bool) {
        let before = if self.life == Some(life) { std::mem::take(self) } else { Self::default() };
        let count = |holds: bool, so_far: u32| if holds { so_far + 1 } else { 0 };
        *self = Self { life: Some(life), grows: count(grows, before.grows), calm: count(calm, before.calm) };
    }
}
