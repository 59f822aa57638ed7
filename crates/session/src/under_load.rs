//! Memory while requests come: the whole experiment for a service that must not pause, and beside readings at rest their
//! cross-check.

use drip_drive::Until;
use drip_judge::{Cause, Identity, Reading, Terms, Watch};
use drip_model::{Evidence, Signal, Stage};

use crate::bench::{Bench, Dose};
use crate::experiment::{as_float, scaled};
use crate::sampler::Sample;
use crate::trial::Trial;

impl Bench<'_> {
    /// Asks without rest until the judge knows, or the budget is spent. Nothing tells time from requests here.
    pub(crate) async fn without_rests(&mut self, trial: &mut Trial<'_>) {
        self.read(&mut [trial], Stage::Baseline, None).await;
        if !self.piece(trial).await {
            return;
        }
        let mut judge = self.judge_of_load(trial, self.affordable_requests(trial));
        let (mut seen, mut answer) = (None, None);
        while answer.is_none() && self.piece(trial).await {
            let fresh = trial.samples.after(seen);
            seen = fresh.last().map(|sample| sample.point.at).or(seen);
            answer = fresh.iter().find_map(|sample| judge.push(reading(sample)));
        }
        trial.opinions.ran_out = answer.is_none();
        trial.opinions.anon = Some(answer.unwrap_or_else(|| judge.conclude()));
        trial.opinions.cause = Some(Cause::Unclear);
        self.read(&mut [trial], Stage::Load, None).await;
    }

    /// What the samples beside all doses say.
    ///
    /// Nothing where what the requests make is deleted after each dose: until then it is there.
    pub(crate) fn under_load(&self, trial: &Trial<'_>) -> Option<Evidence> {
        if trial.undone.is_some() {
            return None;
        }
        let samples = trial.samples.after(None);
        let requests = samples.last()?.point.requests.saturating_sub(samples.first()?.point.requests);
        let mut judge = self.judge_of_load(trial, requests);
        for sample in &samples {
            judge.push(reading(sample));
        }
        Some(judge.conclude().evidence)
    }

    fn judge_of_load(&self, trial: &Trial<'_>, requests: u64) -> Watch {
        let base = trial.readings.anon().and_then(|anon| anon.points.first()).map_or(0, |point| point.value);
        Watch::new(Terms::of(&self.judged(trial, Signal::Anon, as_float(base))), requests)
    }

    /// Plays on for a while; whether anything succeeded so far and the run may go on.
    async fn piece(&mut self, trial: &mut Trial<'_>) -> bool {
        let time = self.dose.min(self.time_left());
        let left = self.requests_share.map(|max| max.saturating_sub(trial.sent));
        if self.halted() || time.is_zero() || left == Some(0) {
            return false;
        }
        self.tell_dose(trial);
        let until = left.map_or(Until::Elapsed(time), |count| Until::Requests { count, time_max: time });
        self.play_on(trial, Dose { until, stage: Stage::Load, rate: None }).await;
        !trial.none_succeeded()
    }

    /// What the time that is left and the requests that are left allow.
    fn affordable_requests(&self, trial: &Trial<'_>) -> u64 {
        let by_time = scaled(1, trial.rate() * self.time_left().as_secs_f64());
        self.requests_share.unwrap_or(u64::MAX).min(by_time)
    }
}

fn reading(sample: &Sample) -> Reading {
    let Sample { point, processes } = *sample;
    Reading { at: point.at, process: Identity(processes), requests: point.requests, value: point.value }
}
