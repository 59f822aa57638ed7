//! One dose of requests, then rest, then a reading: the only way in which this crate asks a service anything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use drip_drive::{Arrivals, Load, Model, Pulse, Until, play};
use drip_model::{Settings, Stage, Tally, VectorId};
use tokio::time::sleep;

use crate::event::Event;
use crate::gauges::Gauges;
use crate::halt::{Halt, Reason};
use crate::ledger::Ledger;
use crate::readings::{Moment, Taken};
use crate::sampler::{Watch, sample};
use crate::subject::Subject;
use crate::trial::Trial;

/// From the last answer to the reading: sockets close, timers of a few milliseconds fire.
pub(crate) const REST: Duration = Duration::from_millis(300);
/// One request.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// After the last request of a dose failed, a dying service gets this long to be dead.
const DEATH_TIME: Duration = Duration::from_millis(500);

/// Everything that doses need.
pub(crate) struct Bench<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) gauges: Gauges,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) halt: Halt,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
    pub(crate) guard_bytes: u64,
    /// How far a collector that nobody can call may let garbage pile up.
    pub(crate) heap_limit: Option<u64>,
    pub(crate) on_event: &'a mut (dyn FnMut(Event) + Send),
    /// Length of a unit dose.
    pub(crate) dose: Duration,
    /// Requests that each vector may send, where they are counted.
    pub(crate) requests_share: Option<u64>,
    /// Number of the next request: slots go on counting from dose to dose and from vector to vector.
    pub(crate) next: u64,
    /// Whose dose was played last.
    pub(crate) asked: Option<VectorId>,
    pub(crate) ledger: Ledger,
    /// The last reading of all sources, and the one before it.
    pub(crate) last: Taken,
    pub(crate) before: Taken,
}

/// One dose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dose {
    pub(crate) until: Until,
    pub(crate) stage: Stage,
    /// Requests per second, where it is slower than the run.
    pub(crate) rate: Option<f64>,
}

impl Bench<'_> {
    pub(crate) const fn settings(&self) -> &Settings {
        &self.subject.settings
    }

    pub(crate) fn halted(&self) -> bool {
        self.halt.reason().is_some()
    }

    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Plays one dose, rests, reads. What came back is also added to the trial.
    pub(crate) async fn dose(&mut self, trial: &mut Trial<'_>, dose: Dose) -> Tally {
        let tally = self.play_on(trial, dose).await;
        let asked = trial.vector.id;
        self.rest_and_read(&mut [trial], dose.stage, Some(asked)).await;
        tally
    }

    /// Reads every source after a moment of rest.
    pub(crate) async fn rest_and_read(
        &mut self,
        trials: &mut [&mut Trial<'_>],
        stage: Stage,
        asked: Option<VectorId>,
    ) {
        self.rest(REST).await;
        self.read(trials, stage, asked).await;
    }

    /// Plays one dose.
    pub(crate) async fn play_on(&mut self, trial: &mut Trial<'_>, dose: Dose) -> Tally {
        if trial.members.is_empty() {
            self.play_alone(trial, dose).await
        } else {
            self.play_together(trial, dose).await
        }
    }

    /// Plays one dose of one vector.
    pub(crate) async fn play_alone(&mut self, trial: &mut Trial<'_>, dose: Dose) -> Tally {
        let before = self.service_cpu();
        self.asked = Some(trial.vector.id);
        let tally = match self.undo(trial) {
            Some(undo) => self.play_and_undo(trial, dose, undo).await,
            None => self.play(trial, dose).await,
        };
        if matches!(dose.stage, Stage::Dose | Stage::Load) {
            trial.cpu.0 += self.service_cpu().saturating_sub(before);
            trial.cpu.1 += tally.played();
        }
        self.next += tally.sent();
        trial.count(&tally);
        if tally.failed() > 0 {
            self.notice_death().await;
        }
        tally
    }

    fn service_cpu(&self) -> Duration {
        self.subject.scope.map_or(Duration::ZERO, |scope| drip_proc::cpu_time(&scope.pids()))
    }

    async fn play(&self, trial: &Trial<'_>, dose: Dose) -> Tally {
        let load = self.load(trial, dose.until, dose.rate);
        tokio::select! {
            tally = play(&load, &self.pulse, self.halt.token()) => tally,
            () = self.watch_exit() => unreachable!("the watch never ends by itself"),
            () = self.sample(trial) => unreachable!("the sampler never ends by itself"),
        }
    }

    /// The requests of a trial; `rate` where it is slower than that of the run.
    pub(crate) fn load<'a>(&'a self, trial: &'a Trial<'_>, until: Until, rate: Option<f64>) -> Load<'a> {
        let settings = self.settings();
        Load {
            origin: &self.subject.origin,
            endpoint: self.subject.endpoint.clone(),
            template: &trial.vector.template,
            seed: settings.seed,
            first: self.next,
            until,
            users: settings.users,
            threads: settings.threads,
            model: rate.or(settings.rate).map_or(Model::Closed, |rate| Model::Open(Arrivals::constant(rate))),
            conduct: trial.vector.conduct,
            protocol: self.subject.protocol,
            trust: &self.subject.trust,
            request_time_max: REQUEST_TIME_MAX,
        }
    }

    /// Halts the dose when the service ends; never returns.
    pub(crate) async fn watch_exit(&self) {
        if let Some(service) = &self.subject.service {
            service.wait_exit().await;
            self.notice_death().await;
        }
        std::future::pending().await
    }

    /// A dead service is seen as such once its processes are gone, a moment after its last connection broke.
    async fn notice_death(&self) {
        let deadline = Instant::now() + DEATH_TIME;
        while Instant::now() < deadline && !self.halted() {
            if self.subject.is_dead() {
                return self.halt.because(Reason::Died);
            }
            sleep(DEATH_TIME / 20).await;
        }
    }

    pub(crate) async fn sample(&self, trial: &Trial<'_>) {
        let Some(anon) = self.gauges.anon() else { return std::future::pending().await };
        let watch = Watch {
            anon,
            pulse: Arc::clone(&self.pulse),
            completed_before: self.pulse.completed(),
            requests_before: trial.requests,
            started: self.started,
            guard_bytes: self.guard_bytes,
            halt: self.halt.clone(),
        };
        sample(watch, trial.samples.clone()).await;
    }

    /// Waits, unless the run must end.
    pub(crate) async fn rest(&self, time: Duration) {
        tokio::select! { () = sleep(time) => (), () = self.halt.token().cancelled() => () }
    }

    /// Reads every source and credits it to these trials; `asked` is the vector whose dose came before.
    pub(crate) async fn read(
        &mut self,
        trials: &mut [&mut Trial<'_>],
        stage: Stage,
        asked: Option<VectorId>,
    ) {
        let taken = self.gauges.read().await;
        for trial in trials {
            let moment = Moment { vector: trial.vector.id, requests: trial.requests, stage };
            trial.readings.add(&taken, moment, &self.ledger);
            if let Some((series, point)) = trial.readings.best().and_then(|s| Some((s, s.points.last()?))) {
                let (signal, value, requests) = (series.signal, point.value, trial.requests);
                (self.on_event)(Event::Reading { signal, value, requests });
            }
        }
        self.ledger.close(taken.at, &taken.values(), asked);
        self.before = std::mem::replace(&mut self.last, taken);
    }
}
