//! The dosed experiment: warm up, then doses of sizes 1 : 2 : 2 : 1 with a reading at rest after each, until the
//! judge has seen enough or nothing that the budget allows could still decide.
//!
//! Several vectors take turns in counterbalanced rounds, and each is credited with what grew over its own doses: one
//! vector after the other would charge the innocent with what changes in the course of a run.

use std::time::Duration;

use drip_drive::Until;
use drip_judge::{
    ALPHA, Cause, DOSES_MIN, More, Policy, Subject as Judged, assess, cause, confirmed, confirming_requests,
    holm, lasting,
};
use drip_model::{DoubtKind, Runtime, Series, Signal, Stage, Tally, Unit, Vector, begin};

use crate::bench::{Bench, Dose, REST};
use crate::event::Event;
use crate::opinions::Opinions;
use crate::order::order;
use crate::readings::dosed;
use crate::trial::Trial;

/// Sizes of doses, in units: small and large ones take turns, the same in both directions.
const CYCLE: [u64; 4] = [1, 2, 2, 1];
const CYCLE_UNITS: u64 = 6;
/// Units of warm-up, of the doses before the first look, and of those that must bear its verdict out.
const FIRST_UNITS: u64 = 2 + 2 * CYCLE_UNITS + 3;
/// Requests of the very first dose for each user: enough to see what opens a descriptor with every request, before a
/// whole dose has opened all that the process may.
const TOUCHES: u64 = 4;
/// What grows by this much with each request is of each request, and not of the first ones.
const EACH_REQUEST_MIN: f64 = 0.25;
/// Doses of the warm-up, by time.
pub(crate) const WARM_UPS: usize = 2;
/// A budget holds at least so many doses of each vector: those before the first look, and the rests between them.
const BUDGET_DOSES: u32 = 20;
/// A dose that takes so many times what was reckoned is cut; what it did counts.
const OVERTIME: u32 = 4;
/// Growth that the doses before the first look shall show at most, as a multiple of what a cache or a pool may hold:
/// enough to decide, and far from killing the service.
const MEMORY_AIM: f64 = 3.0;
const COUNT_AIM: f64 = 2.0;
/// The same for one dose of the warm-up.
const CAREFUL_AIM: f64 = 0.25;
/// More doses than this are never played between two looks.
const DOSES_AT_ONCE_MAX: usize = 32;
/// One extension makes doses at most so many times larger.
const UNIT_GROWTH_MAX: u64 = 4;
/// While nobody asks: long enough that growth with time would show.
const IDLE_MIN: Duration = Duration::from_secs(2);
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Sizes of the fresh doses that must bear a verdict out, in units.
const CONFIRM: [u64; 2] = [1, 2];
/// The lower of the two rates that tell growth with time from growth with requests, as a share of the usual one.
const SLOW_SHARE: f64 = 0.4;
/// Time that confirming a verdict takes, in doses.
const CONFIRM_DOSES: u32 = 5;

impl Bench<'_> {
    /// Runs the experiment for all vectors; what the judge says is in the trials afterwards. `together` is what they are
    /// called where all are asked as one.
    pub(crate) async fn experiment<'a>(&mut self, together: &'a Vector, trials: &mut Vec<Trial<'a>>) {
        if self.gauges.signal().is_none() || !self.is_a_crowd(trials) {
            return self.one_by_one(trials).await;
        }
        let told = self.search(together, trials).await;
        if !trials.is_empty() && !self.halted() {
            self.one_by_one(trials).await;
        }
        trials.extend(told);
        trials.sort_by_key(|trial| trial.vector.id);
    }

    /// Every vector gets doses of its own.
    async fn one_by_one(&mut self, trials: &mut [Trial<'_>]) {
        let several = u32::try_from(trials.len().max(1)).unwrap_or(u32::MAX);
        self.dose = self.settings().dose.min(self.time_left() / BUDGET_DOSES.saturating_mul(several));
        self.requests_share = self.settings().requests_max.map(|max| max / u64::from(several));
        if self.gauges.signal().is_none() {
            return self.black_boxes(trials).await;
        }
        if let [trial] = trials
            && self.settings().continuous
        {
            return self.without_rests(trial).await;
        }
        self.read(&mut trials.iter_mut().collect::<Vec<_>>(), Stage::Baseline, None).await;
        for trial in &mut *trials {
            trial.planned = WARM_UPS + DOSES_MIN;
            trial.is_open = self.warm_up(trial).await;
        }
        if trials.len() > 1 {
            self.begin_together(trials);
        }
        self.judged_rounds(trials).await;
        if let [trial] = trials
            && trial.readings.process_was_replaced()
            && trial.opinions.growing().is_none()
        {
            self.follow_lives(trial).await;
        }
        self.examine_suspects(trials).await;
        if let [trial] = trials {
            trial.opinions.under_load = self.under_load(trial);
        }
    }

    /// Doses by time, the last of which gives the unit. Whether anything succeeded, and the run goes on.
    pub(crate) async fn warm_up(&mut self, trial: &mut Trial<'_>) -> bool {
        let mut last = Tally::default();
        let careful = self.touch(trial).await;
        for _ in 0..WARM_UPS {
            if self.halted() || (trial.doses > 0 && trial.none_succeeded()) {
                return false;
            }
            self.tell_dose(trial);
            let until = self.warm_up_dose(careful);
            last = self.dose(trial, Dose { until, stage: Stage::WarmUp, rate: None }).await;
        }
        trial.unit = self.unit(trial, &last);
        trial.first_unit = trial.unit;
        !trial.none_succeeded() && !self.halted()
    }

    /// A few requests first. The most that the next dose may have, where each of them opened something.
    async fn touch(&mut self, trial: &mut Trial<'_>) -> Option<u64> {
        if self.requests_share.is_some() || self.halted() {
            return None;
        }
        let size = trial.size() as u64;
        let count = u64::from(self.settings().users) * TOUCHES * size;
        let until = Until::Requests { count, time_max: self.dose };
        let tally = self.dose(trial, Dose { until, stage: Stage::WarmUp, rate: None }).await;
        // Of several that are asked together, one alone may be what opens something each time.
        let requests = as_float(tally.played().max(1));
        let each_request_min = EACH_REQUEST_MIN / as_float(size);
        let counts = self.grown(trial).into_iter().filter(|grown| grown.series.signal.unit() == Unit::Count);
        let each = counts.filter(|grown| grown.by / requests >= each_request_min);
        each.map(|grown| {
            scaled(1, CAREFUL_AIM * self.policy(trial, grown.series).cache * requests / grown.by)
        })
        .min()
    }

    /// By time; where the requests are counted, by their share.
    fn warm_up_dose(&self, careful: Option<u64>) -> Until {
        let counted = self.requests_share.map(|max| (max / FIRST_UNITS).max(1));
        match counted.or(careful) {
            Some(count) => Until::Requests { count, time_max: self.time_left() / 4 },
            None => Until::Elapsed(self.dose),
        }
    }

    /// Requests of a unit dose: what the last warm-up dose brought, less when that grew the service very fast or when
    /// the requests are counted.
    fn unit(&self, trial: &Trial<'_>, last: &Tally) -> u64 {
        let users = u64::from(self.settings().users);
        let gentle = self.grown(trial).into_iter().map(|grown| {
            let aim = match grown.series.signal.unit() {
                Unit::Bytes => MEMORY_AIM,
                Unit::Count => COUNT_AIM,
            };
            aim * self.policy(trial, grown.series).cache / (grown.by * as_float(2 * CYCLE_UNITS))
        });
        let share = gentle.fold(1.0, f64::min);
        let gentle = if share < 1.0 { scaled(last.played(), share).max(users) } else { last.played() };
        let counted = self.requests_left(trial).map_or(u64::MAX, |left| left / (FIRST_UNITS - 2));
        gentle.min(counted).max(1)
    }

    /// What rose between the last two readings: over the last dose, since that was played alone.
    fn grown<'a>(&self, trial: &'a Trial<'_>) -> Vec<Grown<'a>> {
        let each = trial.readings.signals.iter().filter_map(|series| {
            let by = self.last.value(series.signal)?.checked_sub(self.before.value(series.signal)?)?;
            (by > 0).then(|| Grown { series, by: as_float(by) })
        });
        each.collect()
    }

    fn requests_left(&self, trial: &Trial<'_>) -> Option<u64> {
        self.requests_share.map(|max| max.saturating_sub(trial.sent))
    }

    /// Every trial begins where the warm-up of all left the service.
    fn begin_together(&self, trials: &mut [Trial<'_>]) {
        for trial in trials {
            let (vector, requests) = (trial.vector.id, trial.requests);
            let moment = crate::readings::Moment { vector, requests, stage: Stage::WarmUp };
            trial.readings.add(&self.last, moment, &self.ledger);
        }
    }

    /// Rounds and looks until all is decided, or cannot be.
    async fn judged_rounds(&mut self, trials: &mut [Trial<'_>]) {
        let (mut round, mut count) = (0, DOSES_MIN);
        loop {
            let whole = self.rounds(trials, round, count).await && !self.halted();
            self.look(trials);
            // Those who know already leave their time to the others.
            let asks = |trial: &&Trial<'_>| trial.is_open && trial.opinions.open_question().is_some();
            let open = trials.iter().filter(asks).count();
            for trial in trials.iter_mut().filter(|trial| trial.is_open) {
                let question = trial.opinions.open_question().filter(|_| whole);
                self.go_on(trial, question, u32::try_from(open).unwrap_or(u32::MAX));
            }
            if !trials.iter().any(|trial| trial.is_open) {
                return;
            }
            // Who waits for more readings waits for those who need more requests.
            let wanted = trials.iter().filter(|trial| trial.is_open).map(|trial| trial.doses_wanted);
            (round, count) = (round + count, wanted.min().unwrap_or(CYCLE.len()));
        }
    }

    /// Whether a trial goes on after a look, and with doses of which size.
    pub(crate) fn go_on(&mut self, trial: &mut Trial<'_>, question: Option<More>, open: u32) {
        trial.is_open = false;
        // More doses do not tell what goes with each worker; following their lives may.
        let more = question.filter(|_| !trial.readings.process_was_replaced());
        let Some(more) = more else { return };
        match self.affordable(trial, &more, open) {
            Some(next) => {
                (trial.unit, trial.doses_wanted, trial.is_open) = (next.unit, next.doses, true);
                trial.planned += next.doses;
                (self.on_event)(Event::Open { question: more.because.message });
            }
            None => trial.opinions.ran_out = true,
        }
    }

    /// Plays so many doses of every open trial, the order of the trials turned round each time; whether all were played.
    pub(crate) async fn rounds(&mut self, trials: &mut [Trial<'_>], first: usize, count: usize) -> bool {
        for (round, size) in (first..).zip(CYCLE.iter().cycle().take(count)) {
            for index in order(self.settings().seed, round, trials.len()) {
                let trial = &mut trials[index];
                if !trial.is_open {
                    continue;
                }
                if self.halted() || self.time_left().is_zero() {
                    return false;
                }
                self.tell_dose(trial);
                self.counted_dose(trial, trial.unit * size, Stage::Dose, None).await;
            }
        }
        true
    }

    pub(crate) async fn counted_dose(
        &mut self,
        trial: &mut Trial<'_>,
        count: u64,
        stage: Stage,
        rate: Option<f64>,
    ) {
        let count = count.min(self.requests_left(trial).unwrap_or(u64::MAX));
        if count == 0 {
            return;
        }
        let time_max = trial.reckoned(count) * OVERTIME + self.dose;
        self.dose(trial, Dose { until: Until::Requests { count, time_max }, stage, rate }).await;
    }

    /// The next doses; `None` when the budget does not allow what could still decide.
    fn affordable(&self, trial: &Trial<'_>, more: &More, open: u32) -> Option<Next> {
        let wanted = more.requests.div_ceil(CYCLE_UNITS).clamp(1, trial.unit * UNIT_GROWTH_MAX);
        let by_count = self.requests_left(trial).map_or(u64::MAX, |left| left / CYCLE_UNITS);
        let each = trial.reckoned(CYCLE_UNITS).as_secs_f64().max(1e-9);
        let time_left = self.time_left().saturating_sub(self.proof(trial)) / open.max(1);
        let pauses = pause(trial) * u32::try_from(CYCLE.len()).unwrap_or(u32::MAX);
        let time_left = time_left.saturating_sub(self.dose * 2 + pauses);
        let by_time = scaled(1, time_left.as_secs_f64() / each);
        let possible = by_count.min(by_time);
        if more.for_readings && possible >= trial.unit {
            return Some(Next::of_same_size(trial, possible));
        }
        let all_needed =
            matches!(more.because.kind, DoubtKind::CacheMayBeFilling | DoubtKind::PoolMayBeFilling);
        let enough = if all_needed {
            more.requests.div_ceil(CYCLE_UNITS) <= possible
        } else {
            possible >= trial.unit.div_ceil(2)
        };
        (enough && possible > 0).then(|| Next { unit: wanted.min(possible), doses: CYCLE.len() })
    }

    /// Time that bearing a verdict out takes: fresh doses, and the idle window after them.
    fn proof(&self, trial: &Trial<'_>) -> Duration {
        let readings = u32::try_from(CONFIRM.len() + 1).unwrap_or(u32::MAX);
        self.dose * CONFIRM_DOSES + idle_window(self.dose) + pause(trial) * readings
    }

    /// What every signal of the open trials says now, at one error rate for the whole run.
    pub(crate) fn look(&self, trials: &mut [Trial<'_>]) {
        let fresh = |trial: &Trial<'_>| trial.is_open || trial.look == 0;
        let looked: Vec<bool> = trials.iter().map(fresh).collect();
        for trial in trials.iter_mut().filter(|trial| fresh(trial)) {
            trial.look += 1;
            trial.opinions = self.opinions(trial);
        }
        let all = || trials.iter().flat_map(|trial| trial.opinions.all());
        let certain = holm(&all().map(|opinion| opinion.chance).collect::<Vec<_>>(), ALPHA);
        let mut certain_of_each = certain.iter();
        for (trial, looked) in trials.iter_mut().zip(looked) {
            for opinion in trial.opinions.all_mut() {
                let is_certain = certain_of_each.next().copied().unwrap_or(false);
                if looked && !is_certain {
                    *opinion = opinion.clone().withdrawn(certain.len());
                }
            }
        }
    }

    /// What every signal of a trial says, each on its own.
    fn opinions(&self, trial: &Trial<'_>) -> Opinions {
        let judge = |series: &Series| {
            let dosed = series.points.iter().any(|point| point.stage == Stage::Dose);
            dosed.then(|| assess(series, &self.policy(trial, series), trial.look))
        };
        let is_read = self.gauges.refused.is_none() && trial.readings.floor_counts();
        let floor = trial.readings.floor().filter(|_| is_read).and_then(judge);
        let is_apart = floor.is_none() || self.gauges.anon_is_apart();
        let anon = trial.readings.anon().filter(|_| is_apart).and_then(judge);
        Opinions {
            floor,
            anon,
            counts: trial.readings.counts().filter_map(judge).collect(),
            ..Opinions::default()
        }
    }

    /// The thresholds that apply to a series of this trial.
    pub(crate) fn policy(&self, trial: &Trial<'_>, series: &Series) -> Policy {
        let base = begin(&series.points).map_or(0.0, |point| as_float(point.value));
        let policy = Policy::of(&self.judged(trial, series.signal, base));
        let step = self.gauges.resolution().filter(|_| self.gauges.floor_signal() == Some(series.signal));
        Policy { noise_floor: policy.noise_floor.max(step.map_or(0.0, as_float)), ..policy }
    }

    /// What thresholds depend on; `base` is what was read before anything was judged.
    pub(crate) fn judged(&self, trial: &Trial<'_>, signal: Signal, base: f64) -> Judged {
        Judged {
            signal,
            runtime: self.subject.runtime.unwrap_or(Runtime::Unknown),
            pattern: trial.vector.pattern,
            base,
            assume_cache: self.settings().assume_cache,
            heap_limit: self.gauges.heap_limit().or(self.heap_limit),
            descriptor_limit: self.gauges.bounds.descriptors(),
        }
    }

    /// Where something grows, fresh doses must bear it out, and an idle window tells requests from time. In this order:
    /// what a service drops while it is idle (entries that expire, code that is not run) comes back in the next dose.
    async fn examine_suspects(&mut self, trials: &mut [Trial<'_>]) {
        let mut suspects: Vec<&mut Trial<'_>> =
            trials.iter_mut().filter(|trial| trial.opinions.asks_for_proof()).collect();
        if suspects.is_empty() {
            return;
        }
        for (waiting, trial) in (1..=suspects.len()).rev().zip(&mut suspects) {
            self.confirm(trial, u32::try_from(waiting).unwrap_or(u32::MAX)).await;
        }
        if !self.halted() {
            self.rest(idle_window(self.dose)).await;
            self.read(&mut suspects, Stage::Idle, None).await;
        }
        for trial in suspects {
            trial.opinions.cause = self.cause(trial);
            let of_requests = !matches!(trial.opinions.cause, Some(Cause::Time(_)));
            let evidence = trial.opinions.growing().filter(|_| of_requests);
            trial.opinions.confirmed = evidence
                .and_then(|found| confirmed(trial.readings.series(found.signal)?, &found.per_request));
            if of_requests && trial.opinions.confirmed == Some(true) {
                trial.opinions.key = self.find_key(trial).await;
            }
        }
    }

    fn cause(&self, trial: &Trial<'_>) -> Option<Cause> {
        let series = trial.readings.series(trial.opinions.growing()?.signal)?;
        let policy = self.policy(trial, series);
        Some(cause(series, policy.noise_floor, policy.level, policy.uncollected.is_some()))
    }

    /// Fresh doses; and where an idle heap may hide growth with time, a slow one. So many are `waiting` for theirs, this
    /// one among them.
    async fn confirm(&mut self, trial: &mut Trial<'_>, waiting: u32) {
        let Some((signal, unit)) = self.confirming(trial) else { return };
        let unit = unit.max(self.beyond_scatter(trial, waiting));
        trial.planned += CONFIRM.len();
        for size in CONFIRM {
            if self.halted() {
                return;
            }
            self.tell_dose(trial);
            self.counted_dose(trial, unit * size, Stage::Confirm, None).await;
        }
        let from_outside = !signal.is_floor() && signal.unit() == Unit::Bytes;
        if from_outside && !self.halted() {
            trial.planned += 1;
            self.tell_dose(trial);
            self.counted_dose(trial, unit, Stage::Slow, Some(trial.rate() * SLOW_SHARE)).await;
        }
    }

    /// Requests after which growth is as large as the smallest that the judged readings would have shown, where there is
    /// time for doses of that size: readings that scatter by more than a dose brings bear nothing out.
    fn beyond_scatter(&self, trial: &Trial<'_>, waiting: u32) -> u64 {
        let Some(found) = trial.opinions.growing() else { return 0 };
        let seen = found.smallest_detectable * as_float(found.requests);
        let wanted = scaled(1, seen / lasting(&found.per_request).max(f64::MIN_POSITIVE));
        let time = (self.time_left().saturating_sub(self.proof(trial)) / waiting).as_secs_f64();
        let units = as_float(CONFIRM.iter().sum());
        wanted.min(scaled(1, trial.rate() * time / units)).min(trial.unit * CYCLE_UNITS)
    }

    /// What grows, and the unit of the doses that must bear it out: no larger than what was judged; of memory, which
    /// grows in steps, no smaller than a dose either.
    pub(crate) fn confirming(&self, trial: &Trial<'_>) -> Option<(Signal, u64)> {
        let found = trial.opinions.growing()?;
        let policy = self.policy(trial, trial.readings.series(found.signal)?);
        let least = if found.signal.unit() == Unit::Bytes { trial.first_unit } else { 1 };
        let unit = confirming_requests(&found.per_request, &policy).max(least);
        Some((found.signal, unit.clamp(1, trial.unit.max(trial.first_unit) * CYCLE_UNITS)))
    }

    pub(crate) fn tell_dose(&mut self, trial: &Trial<'_>) {
        let endpoint = trial.vector.endpoint.clone();
        (self.on_event)(Event::Dose {
            endpoint,
            done: trial.doses,
            planned: trial.planned.max(trial.doses + 1),
        });
    }
}

/// How long nobody asks, after doses of this length.
pub(crate) fn idle_window(dose: Duration) -> Duration {
    (dose * 2).clamp(IDLE_MIN, IDLE_MAX)
}

/// Time between two doses: the rest, and a reading.
fn pause(trial: &Trial<'_>) -> Duration {
    REST + trial.readings.longest.unwrap_or_default()
}

/// The doses until the next look.
struct Next {
    unit: u64,
    doses: usize,
}

impl Next {
    /// As many readings again as there are, so that looks stay few; `possible` is the unit that one cycle could have.
    fn of_same_size(trial: &Trial<'_>, possible: u64) -> Self {
        let cycles = usize::try_from(possible / trial.unit.max(1)).unwrap_or(usize::MAX);
        let so_far = trial.readings.best().map_or(0, dosed).min(DOSES_AT_ONCE_MAX);
        let doses = so_far.min(cycles.saturating_mul(CYCLE.len())).max(CYCLE.len());
        Self { unit: trial.unit, doses }
    }
}

/// A signal that rose.
struct Grown<'a> {
    series: &'a Series,
    by: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^53")]
pub(crate) const fn as_float(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of requests, not negative"
)]
pub(crate) fn scaled(count: u64, factor: f64) -> u64 {
    (as_float(count) * factor.max(0.0)) as u64
}
