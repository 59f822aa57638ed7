//! The dosed experiment: warm up, then doses of sizes 1 : 2 : 2 : 1 with a reading at rest after each, until the
//! judge has seen enough or nothing that the budget allows could still decide.

use std::time::Duration;

use drip_drive::Until;
use drip_judge::{Assessment, Cause, DOSES_MIN, More, Policy, Subject as Judged, assess, cause};
use drip_model::{DoubtKind, Growth, Runtime, Series, Stage, Tally, begin};

use crate::bench::{Bench, Trial};
use crate::event::Event;

/// Sizes of doses, in units: small and large ones take turns, the same in both directions.
const CYCLE: [u64; 4] = [1, 2, 2, 1];
const CYCLE_UNITS: u64 = 6;
/// Units of warm-up and of the doses before the first look.
const FIRST_UNITS: u64 = 2 + 2 * CYCLE_UNITS;
/// A budget holds at least so many doses: those before the first look, and the rests between them.
const BUDGET_DOSES: u32 = 20;
/// A dose that takes so many times what was reckoned is cut; what it did counts.
const OVERTIME: u32 = 4;
/// Growth that the doses before the first look shall show at most, as a multiple of what a cache may hold: enough
/// to decide, and far from killing the service.
const GROWTH_AIM: f64 = 3.0;
/// One extension makes doses at most so many times larger.
const UNIT_GROWTH_MAX: u64 = 4;
/// While nobody asks: long enough that growth with time would show.
const IDLE_MIN: Duration = Duration::from_secs(2);
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Doses of a scan that cannot see memory: enough to compare early with late.
const BLIND_DOSES: usize = 4;

/// What the judge says of each signal in the end.
#[derive(Debug, Default)]
pub(crate) struct Opinions {
    pub(crate) floor: Option<Assessment>,
    pub(crate) anon: Option<Assessment>,
    pub(crate) cause: Option<Cause>,
    /// More requests would have decided, and the budget did not allow them.
    pub(crate) ran_out: bool,
}

impl Bench<'_> {
    /// Runs the experiment for one vector.
    pub(crate) async fn experiment(&mut self, trial: &mut Trial<'_>) -> Opinions {
        trial.dose = self.settings().dose.min(self.time_left() / BUDGET_DOSES);
        self.read(trial, Stage::Baseline).await;
        let Some(unit) = self.warm_up(trial).await else { return self.look(trial, 1) };
        if self.gauges.signal().is_none() {
            self.doses(trial, BLIND_DOSES, BLIND_DOSES, unit).await;
            return Opinions::default();
        }
        let opinions = self.judged_doses(trial, unit).await;
        self.find_cause(trial, opinions).await
    }

    /// Two doses by time. The requests of the second are the unit; `None` when nothing succeeded.
    async fn warm_up(&mut self, trial: &mut Trial<'_>) -> Option<u64> {
        let mut last = Tally::default();
        for _ in 0..2 {
            if self.halted() || (trial.doses > 0 && self.none_succeeded(trial)) {
                return None;
            }
            self.tell_dose(trial, 2 + DOSES_MIN);
            last = self.dose(trial, self.warm_up_dose(trial), Stage::WarmUp).await;
        }
        (!self.none_succeeded(trial) && !self.halted()).then(|| self.unit(trial, &last))
    }

    /// By time; where the requests are counted, by their share.
    fn warm_up_dose(&self, trial: &Trial<'_>) -> Until {
        match self.settings().requests_max {
            Some(max) => {
                Until::Requests { count: (max / FIRST_UNITS).max(1), time_max: self.time_left() / 4 }
            }
            None => Until::Elapsed(trial.dose),
        }
    }

    fn none_succeeded(&self, trial: &Trial<'_>) -> bool {
        trial.tally.successes(trial.vector.expect_status) == 0
    }

    /// Requests of a unit dose: what the last warm-up dose brought, less when that grew the service very fast or when
    /// the requests are counted.
    fn unit(&self, trial: &Trial<'_>, last: &Tally) -> u64 {
        let users = u64::from(self.settings().users);
        let gentle = match growth_of_last(best(trial)) {
            Some((growth, cache)) if growth > 0.0 => {
                let allowed =
                    GROWTH_AIM * self.policy_cache(trial, cache) / (growth * as_float(2 * CYCLE_UNITS));
                scaled(last.completed, allowed.min(1.0)).max(users)
            }
            _ => last.completed,
        };
        let counted = self.requests_left(trial).map_or(u64::MAX, |left| left / (FIRST_UNITS - 2));
        gentle.min(counted).max(1)
    }

    fn policy_cache(&self, trial: &Trial<'_>, series: &Series) -> f64 {
        self.policy(trial, series).cache
    }

    fn requests_left(&self, trial: &Trial<'_>) -> Option<u64> {
        self.settings().requests_max.map(|max| max.saturating_sub(trial.sent()))
    }

    /// Doses and looks until it is decided, or cannot be.
    async fn judged_doses(&mut self, trial: &mut Trial<'_>, first_unit: u64) -> Opinions {
        let (mut unit, mut doses, mut look) = (first_unit, DOSES_MIN, 1);
        let mut judged = 0;
        loop {
            let whole = self.doses(trial, doses, judged + doses, unit).await;
            judged += doses;
            let mut opinions = self.look(trial, look);
            let more = open_question(&opinions);
            let Some(more) = more.filter(|_| whole && !self.halted()) else { return opinions };
            let Some(next) = self.affordable(trial, &more, unit) else {
                opinions.ran_out = true;
                return opinions;
            };
            (self.on_event)(Event::Open { question: more.because.message });
            (unit, doses, look) = (next, CYCLE.len(), look + 1);
        }
    }

    /// Plays doses; whether all of them were played.
    async fn doses(&mut self, trial: &mut Trial<'_>, count: usize, planned: usize, unit: u64) -> bool {
        for size in CYCLE.iter().cycle().take(count) {
            if self.halted() || self.time_left().is_zero() {
                return false;
            }
            self.tell_dose(trial, 2 + planned);
            let requests = unit * size;
            let time_max = self.reckoned(trial, requests) * OVERTIME + trial.dose;
            self.dose(trial, Until::Requests { count: requests, time_max }, Stage::Dose).await;
        }
        !self.halted()
    }

    /// Time that requests should take, at the rate so far.
    fn reckoned(&self, trial: &Trial<'_>, requests: u64) -> Duration {
        let each = trial.tally.busy.as_secs_f64() / as_float(trial.tally.completed.max(1));
        Duration::try_from_secs_f64(each * as_float(requests)).unwrap_or(Duration::MAX / 100)
    }

    /// The unit of four more doses; `None` when the budget does not allow what could still decide.
    fn affordable(&self, trial: &Trial<'_>, more: &More, unit: u64) -> Option<u64> {
        let wanted = more.requests.div_ceil(CYCLE_UNITS).clamp(1, unit * UNIT_GROWTH_MAX);
        let by_count = self.requests_left(trial).map_or(u64::MAX, |left| left / CYCLE_UNITS);
        let each = self.reckoned(trial, CYCLE_UNITS).as_secs_f64().max(1e-9);
        let by_time = scaled(1, (self.time_left().as_secs_f64() - trial.dose.as_secs_f64() * 2.0) / each);
        let possible = by_count.min(by_time);
        let all_needed = more.because.kind == DoubtKind::CacheMayBeFilling;
        let enough = if all_needed {
            more.requests.div_ceil(CYCLE_UNITS) <= possible
        } else {
            possible >= unit.div_ceil(2)
        };
        (enough && possible > 0).then(|| wanted.min(possible))
    }

    /// What every signal says now.
    fn look(&self, trial: &Trial<'_>, look: u32) -> Opinions {
        let judge = |series: &Series| {
            let dosed = series.points.iter().any(|point| point.stage == Stage::Dose);
            dosed.then(|| assess(series, &self.policy(trial, series), look))
        };
        let is_read = self.gauges.refused.is_none() && trial.readings.floor_counts();
        let floor = if is_read { judge(&trial.readings.floor) } else { None };
        let anon =
            if floor.is_some() && !self.gauges.anon_is_apart() { None } else { judge(&trial.readings.anon) };
        Opinions { floor, anon, cause: None, ran_out: false }
    }

    /// The thresholds that apply to a series of this trial.
    pub(crate) fn policy(&self, trial: &Trial<'_>, series: &Series) -> Policy {
        let policy = Policy::of(&Judged {
            signal: series.signal,
            runtime: self.subject.runtime.unwrap_or(Runtime::Unknown),
            pattern: trial.vector.pattern,
            base: begin(&series.points).map_or(0.0, |point| as_float(point.value)),
            assume_cache: self.settings().assume_cache,
            heap_limit: self.gauges.heap_limit().or(self.heap_limit),
        });
        let step = self.gauges.resolution().filter(|_| self.gauges.floor_signal() == Some(series.signal));
        Policy { noise_floor: policy.noise_floor.max(step.map_or(0.0, as_float)), ..policy }
    }

    /// Where memory grows, an idle window tells requests from time.
    async fn find_cause(&mut self, trial: &mut Trial<'_>, mut opinions: Opinions) -> Opinions {
        let Some(signal) = growing(&opinions) else { return opinions };
        if !self.halted() {
            let idle = (trial.dose * 2).clamp(IDLE_MIN, IDLE_MAX);
            self.rest(idle).await;
            self.read(trial, Stage::Idle).await;
        }
        let series =
            if signal == trial.readings.floor.signal { &trial.readings.floor } else { &trial.readings.anon };
        let policy = self.policy(trial, series);
        opinions.cause = Some(cause(series, policy.noise_floor, policy.level));
        opinions
    }

    fn tell_dose(&mut self, trial: &Trial<'_>, planned: usize) {
        let endpoint = trial.vector.endpoint.clone();
        (self.on_event)(Event::Dose { endpoint, done: trial.doses, planned });
    }
}

/// The series that counts most.
fn best<'a>(trial: &'a Trial<'_>) -> &'a Series {
    if trial.readings.floor.points.is_empty() { &trial.readings.anon } else { &trial.readings.floor }
}

/// Growth over the last reading's dose.
fn growth_of_last(series: &Series) -> Option<(f64, &Series)> {
    let [.., before, last] = series.points.as_slice() else { return None };
    Some((as_float(last.value) - as_float(before.value), series))
}

/// What is open: the best signal's question; or, where that is calm, the question of anonymous memory that is not.
fn open_question(opinions: &Opinions) -> Option<More> {
    let best = opinions.floor.as_ref().or(opinions.anon.as_ref())?;
    if best.evidence.growth == Growth::Grows {
        return None;
    }
    let second = opinions.anon.as_ref().filter(|anon| anon.evidence.per_request.low > 0.0);
    // Below a floor that collects, more requests do not tell what a heap keeps committed from what is held.
    let second = second.and_then(|anon| anon.more.clone());
    best.more.clone().or(second.filter(|more| more.because.kind != DoubtKind::GarbageNotCollected))
}

/// Whether memory surely grew more than a healthy service's may, decided or not: the allowance, or all that a heap which
/// is never given back may take.
pub(crate) fn grows_beyond_allowance(assessment: &Assessment) -> bool {
    let evidence = &assessment.evidence;
    let named = |name: &str| evidence.thresholds.iter().find(|t| t.name == name).map(|t| t.value);
    let allowance = named("uncollected").or(named("allowance")).unwrap_or(f64::INFINITY);
    evidence.growth == Growth::Grows
        || (evidence.growth == Growth::Undecided
            && evidence.per_request.low * as_float(evidence.requests) >= allowance)
}

fn growing(opinions: &Opinions) -> Option<drip_model::Signal> {
    let both = [opinions.floor.as_ref(), opinions.anon.as_ref()];
    let grows = both.into_iter().flatten().find(|a| a.evidence.growth == Growth::Grows)?;
    Some(grows.evidence.signal)
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
fn scaled(count: u64, factor: f64) -> u64 {
    (as_float(count) * factor.max(0.0)) as u64
}
