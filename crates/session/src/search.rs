//! Which of many leaks: all are asked together first, and where that is not calm, halves of them are compared until single
//! vectors are left. What is calm together clears each; whoever stands out is asked alone afterwards, since a comparison
//! of halves accuses nobody.

use std::slice::from_mut;
use std::time::{Duration, Instant};

use drip_drive::Until;
use drip_judge::{DOSES_MIN, More, too_coarse};
use drip_model::{Conduct, DoubtKind, Growth, Point, Series, Signal, Stage, Vector};

use crate::bench::{Bench, Dose};
use crate::event::Event;
use crate::experiment::{WARM_UPS, as_float, scaled};
use crate::opinions::{Opinions, grows_beyond_allowance};
use crate::order::order;
use crate::readings::Moment;
use crate::together::{level, share, units};
use crate::trial::Trial;

/// Fewer vectors are asked one by one, in turns.
pub const TOGETHER_MIN: usize = 5;
/// Those who did not stand out are asked together again, so many times in all.
const ROUNDS_MAX: usize = 8;
/// What the search may take of the budget; the rest is for those who have to be asked alone.
const TIME_SHARE: f64 = 0.5;
/// Doses of a search are shorter than those of a verdict: it has several rounds.
const DOSE_DIVISOR: u32 = 2;
/// So many are asked alone at most, and so many halves go on from one step to the next.
const SUSPECTS_MAX: usize = 8;
/// Doses after which a climb may be so plain that halves can be compared at once.
const GLANCE: usize = 4;
/// The slowest rise of such a climb, as a share of its fastest.
const STEADY_SHARE: f64 = 0.5;
/// Each half is asked so many times, in both orders, unless once shows enough.
const TURNS: usize = 2;
/// A half stands out when it grew by this share of what all grew, and by more than readings scatter.
const STANDS_OUT_SHARE: f64 = 0.15;
/// A dose of a comparison shall make the service grow by so many times what readings scatter.
const SEEN: f64 = 12.0;
/// Bounds of such a dose, as a multiple of what each vector did in a unit dose of all.
const FACTOR_MIN: f64 = 0.1;
const FACTOR_MAX: f64 = 8.0;
/// A vector that takes so many times as long as it should is cut; what it did counts.
const OVERTIME: u32 = 4;
const OVERTIME_MIN: Duration = Duration::from_secs(1);

/// A member that stood out.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    place: usize,
    grown: f64,
}

/// What a comparison goes by.
struct Yardstick {
    signal: Signal,
    /// What all grow by in a unit dose.
    expected: f64,
    noise: f64,
}

impl Bench<'_> {
    /// Whether these vectors are first asked together.
    pub(crate) fn is_a_crowd(&self, trials: &[Trial<'_>]) -> bool {
        let settings = self.settings();
        let is_free = settings.requests_max.is_none() && settings.rate.is_none();
        is_free && trials.iter().filter(|trial| is_quick(trial)).count() >= TOGETHER_MIN
    }

    /// Takes those away that need not be asked alone, and gives them back with what is known of them.
    pub(crate) async fn search<'a>(
        &mut self,
        name: &'a Vector,
        trials: &mut Vec<Trial<'a>>,
    ) -> Vec<Trial<'a>> {
        let deadline = self.deadline;
        self.deadline = Instant::now() + self.time_left().mul_f64(TIME_SHARE);
        self.dose = self.settings().dose / DOSE_DIVISOR;
        let (crowd, slow) = std::mem::take(trials).into_iter().partition(is_quick);
        let (told, suspects) = self.narrowed(name, crowd).await;
        self.deadline = deadline;
        if !suspects.is_empty() {
            let endpoints = suspects.iter().map(|suspect| suspect.vector.endpoint.clone()).collect();
            (self.on_event)(Event::Suspects { endpoints });
        }
        trials.extend(suspects.into_iter().map(|suspect| Trial::new(suspect.vector)));
        trials.extend(slow);
        told
    }

    /// Those who need not be asked alone, and those who do.
    async fn narrowed<'a>(
        &mut self,
        name: &'a Vector,
        mut crowd: Vec<Trial<'a>>,
    ) -> (Vec<Trial<'a>>, Vec<Trial<'a>>) {
        let mut suspects = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let mut whole = Trial::together(name, std::mem::take(&mut crowd));
            let found = self.ask_together(&mut whole).await;
            crowd = whole.dissolved();
            if found.is_empty() {
                break;
            }
            set_apart(&mut crowd, found, &mut suspects);
            if crowd.is_empty() {
                break;
            }
        }
        suspects.sort_by(|(one, _): &(f64, _), (other, _)| other.total_cmp(one));
        let mut suspects: Vec<_> = suspects.into_iter().map(|(_, trial)| trial).collect();
        crowd.extend(suspects.split_off(suspects.len().min(SUSPECTS_MAX)));
        (crowd, suspects)
    }

    /// Asks all until they are calm, or somebody stands out, or nothing could still decide. Those who stand out.
    async fn ask_together(&mut self, whole: &mut Trial<'_>) -> Vec<Suspect> {
        whole.planned = DOSES_MIN;
        whole.is_open = self.warmed_up(whole).await && self.rounds(from_mut(whole), 0, GLANCE).await;
        if let Some(signal) = self.climbing(whole) {
            let found = self.standing_out(whole, signal).await;
            if !found.is_empty() {
                self.look(from_mut(whole));
                return found;
            }
        }
        self.judge_together(whole).await;
        if whole.look == 0 {
            self.look(from_mut(whole));
        }
        match whole.opinions.restless() {
            Some(signal) => self.standing_out(whole, signal).await,
            None => Vec::new(),
        }
    }

    /// Doses of all, with looks, while more of them could decide.
    async fn judge_together(&mut self, whole: &mut Trial<'_>) {
        let (mut round, mut count) = (GLANCE, DOSES_MIN - GLANCE);
        while whole.is_open {
            let complete = self.rounds(from_mut(whole), round, count).await && !self.halted();
            self.look(from_mut(whole));
            if whole.opinions.rises() {
                return;
            }
            let question = whole.opinions.open_question().or_else(|| self.coarseness(whole));
            self.go_on(whole, question.filter(|_| complete), 1);
            (round, count) = (round + count, whole.doses_wanted);
        }
    }

    /// Calm of all says too little of the one that was asked least. The best signal counts: beside it, none has to clear
    /// anybody.
    fn coarseness(&self, whole: &Trial<'_>) -> Option<More> {
        let least = whole.members.iter().min_by_key(|member| member.unit)?;
        let share = share(least, units(&whole.members));
        let best = whole.opinions.floor.as_ref().or(whole.opinions.anon.as_ref())?;
        too_coarse(&best.evidence, share)
    }

    /// The signal that rises with every dose, evenly, and by more than the healthy.
    fn climbing(&self, whole: &Trial<'_>) -> Option<Signal> {
        let memory = whole.readings.best().into_iter();
        let climbs = |series: &&Series| climbs(series, self.policy(whole, series).allowance);
        memory.chain(whole.readings.counts()).find(climbs).map(|series| series.signal)
    }

    /// Whether members can be asked. Those who were asked before are warm.
    async fn warmed_up(&mut self, whole: &mut Trial<'_>) -> bool {
        if whole.members.iter().any(|member| member.unit == 0) {
            whole.planned += WARM_UPS;
            self.read(&mut [whole], Stage::Baseline, None).await;
            let is_open = self.warm_up(whole).await;
            level(&mut whole.members);
            return is_open;
        }
        whole.unit = units(&whole.members);
        let moment = Moment { vector: whole.vector.id, requests: 0, stage: Stage::WarmUp };
        whole.readings.add(&self.last, moment, &self.ledger);
        !self.halted()
    }

    /// Members that make the whole grow, as far as halves of it show.
    async fn standing_out(&mut self, whole: &mut Trial<'_>, signal: Signal) -> Vec<Suspect> {
        let Some(yardstick) = self.yardstick(whole, signal) else { return Vec::new() };
        let mut found = Vec::new();
        let mut groups = vec![(0..whole.members.len()).collect::<Vec<_>>()];
        let mut factor_max = 1.0;
        while !groups.is_empty() {
            factor_max = f64::min(factor_max * 2.0, FACTOR_MAX);
            let halves: Vec<_> = groups.iter().flat_map(|group| halves(group)).collect();
            let Some(out) = self.outstanding(whole, halves, &yardstick, factor_max).await else { break };
            let (single, several): (Vec<_>, Vec<_>) = out.into_iter().partition(|(half, _)| half.len() == 1);
            found.extend(single.into_iter().map(|(half, grown)| Suspect { place: half[0], grown }));
            groups = several.into_iter().map(|(half, _)| half).collect();
        }
        found
    }

    /// Those halves that stand out, the most first, with what they grew by in a dose like the usual ones. Where one short
    /// comparison shows nothing, a longer one may. `None` when there was no time for it.
    async fn outstanding(
        &mut self,
        whole: &mut Trial<'_>,
        halves: Vec<Vec<usize>>,
        yardstick: &Yardstick,
        factor_max: f64,
    ) -> Option<Vec<(Vec<usize>, f64)>> {
        let short = yardstick.factor(factor_max);
        let mut out = Vec::new();
        for (factor, turns) in [(short, yardstick.turns(short)), (factor_max, TURNS)] {
            let grown = self.compare(whole, &halves, yardstick.signal, (factor, turns)).await?;
            let all = halves.iter().cloned().zip(grown);
            out = all.filter(|(_, grown)| *grown >= yardstick.threshold(factor)).collect();
            if !out.is_empty() {
                out.iter_mut().for_each(|(_, grown)| *grown /= factor);
                break;
            }
        }
        out.sort_by(|(_, one): &(_, f64), (_, other)| other.total_cmp(one));
        out.truncate(SUSPECTS_MAX);
        Some(out)
    }

    fn yardstick(&self, whole: &Trial<'_>, signal: Signal) -> Option<Yardstick> {
        let series = whole.readings.series(signal)?;
        let unit = as_float(units(&whole.members));
        let noise = self.policy(whole, series).noise_floor.max(scatter(series) * unit);
        Some(Yardstick { signal, expected: late_slope(series)? * unit, noise })
    }

    /// How much the service grew over a dose of each half, in the middle of so many turns; `None` when not all were played.
    async fn compare(
        &mut self,
        whole: &mut Trial<'_>,
        halves: &[Vec<usize>],
        signal: Signal,
        (factor, turns): (f64, usize),
    ) -> Option<Vec<f64>> {
        let mut grown = vec![0.0; halves.len()];
        whole.planned = whole.doses + halves.len() * turns;
        for turn in 0..turns {
            for index in order(self.settings().seed, turn, halves.len()) {
                if self.halted() || self.time_left().is_zero() {
                    return None;
                }
                self.tell_dose(whole);
                whole.doses += 1;
                self.ask_some(&mut whole.members, &halves[index], factor).await;
                grown[index] += self.rise(signal)? / as_float(turns as u64);
            }
        }
        Some(grown)
    }

    async fn ask_some(&mut self, members: &mut [Trial<'_>], places: &[usize], factor: f64) {
        for place in places {
            let member = &mut members[*place];
            let count = scaled(member.unit, factor).max(1);
            let time_max = (member.reckoned(count) * OVERTIME).max(OVERTIME_MIN);
            let until = Until::Requests { count, time_max };
            self.play_alone(member, Dose { until, stage: Stage::Confirm, rate: None }).await;
        }
        self.rest_and_read(&mut [], Stage::Confirm, None).await;
    }

    /// By how much a signal rose between the last two readings; `None` where one was missed.
    fn rise(&self, signal: Signal) -> Option<f64> {
        Some(as_float(self.last.value(signal)?) - as_float(self.before.value(signal)?))
    }
}

impl Yardstick {
    /// How much of a unit dose shows the growth well.
    fn factor(&self, most: f64) -> f64 {
        if self.expected <= 0.0 {
            return most;
        }
        (SEEN * self.noise / self.expected).clamp(FACTOR_MIN, most)
    }

    /// Once is enough where the growth is that plain.
    fn turns(&self, factor: f64) -> usize {
        if self.expected * factor >= SEEN * self.noise { 1 } else { TURNS }
    }

    /// What a half that stands out has grown by in one dose.
    fn threshold(&self, factor: f64) -> f64 {
        (STANDS_OUT_SHARE * self.expected * factor).max(self.noise)
    }
}

impl Opinions {
    /// Whether something surely rises, be it a cache that fills: more doses of all would not tell whose it is.
    fn rises(&self) -> bool {
        let is_filling = |kind| matches!(kind, DoubtKind::CacheMayBeFilling | DoubtKind::PoolMayBeFilling);
        self.growing().is_some() || self.open_question().is_some_and(|more| is_filling(more.because.kind))
    }

    /// The signal that is not calm.
    fn restless(&self) -> Option<Signal> {
        let open = self.open_question().is_some();
        let is_open = |evidence: &drip_model::Evidence| open && evidence.growth == Growth::Undecided;
        let memory = || self.floor.iter().chain(&self.anon).map(|opinion| &opinion.evidence);
        let counts = || self.counts.iter().filter(|count| grows_beyond_allowance(count));
        let growing = self.growing().map(|evidence| evidence.signal);
        growing
            .or_else(|| counts().map(|count| count.evidence.signal).next().filter(|_| open))
            .or_else(|| memory().find(|evidence| is_open(evidence)).map(|evidence| evidence.signal))
    }
}

/// Whether a dose may be cut into short pieces.
fn is_quick(trial: &Trial<'_>) -> bool {
    !matches!(trial.vector.conduct, Conduct::SlowWrite(_) | Conduct::SlowRead(_))
}

fn halves(group: &[usize]) -> Vec<Vec<usize>> {
    let (one, other) = group.split_at(group.len().div_ceil(2));
    [one, other].into_iter().filter(|half| !half.is_empty()).map(<[usize]>::to_vec).collect()
}

/// Moves suspects out of the crowd.
fn set_apart<'a>(crowd: &mut Vec<Trial<'a>>, mut found: Vec<Suspect>, suspects: &mut Vec<(f64, Trial<'a>)>) {
    found.sort_by_key(|suspect| std::cmp::Reverse(suspect.place));
    suspects.extend(found.into_iter().map(|Suspect { place, grown }| (grown, crowd.remove(place))));
}

/// Growth per request in the later half of the judged readings.
fn late_slope(series: &Series) -> Option<f64> {
    let judged = judged(series);
    slope(judged.get(judged.len() / 2)?, judged.last()?)
}

/// Whether every dose made it rise, none much more slowly than another, by more than `allowance` in all.
fn climbs(series: &Series, allowance: f64) -> bool {
    let judged = judged(series);
    let slopes: Option<Vec<f64>> = judged.windows(2).map(|pair| slope(&pair[0], &pair[1])).collect();
    let Some(slopes) = slopes.filter(|slopes| slopes.len() >= GLANCE - 1) else { return false };
    let (least, most) = slopes
        .iter()
        .fold((f64::INFINITY, 0.0), |(least, most), slope| (f64::min(least, *slope), f64::max(most, *slope)));
    let rise = as_float(judged[judged.len() - 1].value) - as_float(judged[0].value);
    rise > allowance && least >= STEADY_SHARE * most
}

/// By how much the growth per request differs from dose to dose: the mean distance from its mean.
fn scatter(series: &Series) -> f64 {
    let slopes = slopes(series);
    let middle = mean(&slopes);
    mean(&slopes.into_iter().map(|slope| (slope - middle).abs()).collect::<Vec<_>>())
}

/// 0 of nothing.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / as_float(values.len().max(1) as u64)
}

/// Growth per request over each judged dose but the first.
fn slopes(series: &Series) -> Vec<f64> {
    judged(series).windows(2).filter_map(|pair| slope(&pair[0], &pair[1])).collect()
}

fn judged(series: &Series) -> Vec<Point> {
    series.points.iter().filter(|point| point.stage == Stage::Dose).copied().collect()
}

/// Growth per request between two readings.
fn slope(one: &Point, other: &Point) -> Option<f64> {
    let requests = other.requests.checked_sub(one.requests).filter(|requests| *requests > 0)?;
    Some((as_float(other.value) - as_float(one.value)) / as_float(requests))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readings of memory, 100 requests apart.
    fn series(values: &[u64]) -> Series {
        let point = |(place, value): (usize, &u64)| Point {
            at: Duration::from_secs(place as u64),
            requests: 100 * place as u64,
            value: *value,
            stage: Stage::Dose,
        };
        Series { points: values.iter().enumerate().map(point).collect(), ..Series::new(Signal::LiveHeap) }
    }

    #[test]
    fn only_an_even_rise_beyond_the_healthy_is_a_climb() {
        assert!(climbs(&series(&[0, 1000, 2000, 3000]), 500.0));
        assert!(!climbs(&series(&[0, 100, 200, 300]), 500.0));
        assert!(!climbs(&series(&[0, 2000, 2900, 3000]), 500.0));
        assert!(!climbs(&series(&[0, 3000, 2000, 5000]), 500.0));
        assert!(!climbs(&series(&[0, 1000, 2000]), 500.0));
    }

    #[test]
    fn what_scatters_is_no_sign_of_a_half() {
        assert!(scatter(&series(&[0, 1000, 2000, 3000])).abs() < 1e-9);
        assert!(scatter(&series(&[0, 5000, 1000, 6000])) > 10.0);
    }

    #[test]
    fn halves_have_all_and_none_is_empty() {
        assert_eq!(halves(&[4, 7, 9]), [vec![4, 7], vec![9]]);
        assert_eq!(halves(&[4]), [[4]]);
    }

    #[test]
    fn a_comparison_is_as_long_as_the_growth_needs_to_be_seen() {
        let of = |expected| Yardstick { signal: Signal::LiveHeap, expected, noise: 30e3 };
        assert!(of(3e6).factor(2.0) < 0.2 && of(3e6).turns(0.2) == 1);
        assert!(of(1e3).factor(2.0) >= 2.0 && of(1e3).turns(2.0) == TURNS);
        assert!(of(-1e3).factor(2.0) >= 2.0);
        assert!(of(1e3).threshold(2.0) >= 30e3);
    }
}
