//! One dose of requests, then rest, then a reading: the only way in which this crate asks a service anything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use drip_drive::{Load, Pulse, Until, play};
use drip_model::{Settings, Signal, Stage, Tally, Vector};
use tokio::time::sleep;

use crate::event::Event;
use crate::gauges::{Gauges, Readings};
use crate::halt::{Halt, Reason};
use crate::sampler::{Samples, Watch, sample};
use crate::subject::Subject;

/// From the last answer to the reading: sockets close, timers of a few milliseconds fire.
const REST: Duration = Duration::from_millis(300);
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
}

/// What has been asked and read for one vector.
pub(crate) struct Trial<'a> {
    pub(crate) vector: &'a Vector,
    /// Completed before this vector began.
    before: u64,
    /// Number of the first request, and of the next: slots go on counting from dose to dose.
    first: u64,
    next: u64,
    pub(crate) requests: u64,
    pub(crate) doses: usize,
    /// Length of a unit dose.
    pub(crate) dose: Duration,
    pub(crate) tally: Tally,
    pub(crate) readings: Readings,
    /// Processor time that the service used in the judged doses, and requests of these.
    pub(crate) cpu: (Duration, u64),
    pub(crate) samples: Samples,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(vector: &'a Vector, pulse: &Pulse, first: u64, floor: Signal) -> Self {
        Self {
            vector,
            before: pulse.completed(),
            first,
            next: first,
            requests: 0,
            doses: 0,
            dose: Duration::ZERO,
            tally: Tally::default(),
            readings: Readings::new(floor),
            cpu: (Duration::ZERO, 0),
            samples: Samples::default(),
        }
    }

    /// Requests sent so far, answered or not.
    pub(crate) const fn sent(&self) -> u64 {
        self.next - self.first
    }

    /// Number of the request after them.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }
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
    pub(crate) async fn dose(&mut self, trial: &mut Trial<'_>, until: Until, stage: Stage) -> Tally {
        let before = self.service_cpu();
        let tally = self.play(trial, until).await;
        if stage == Stage::Dose {
            trial.cpu.0 += self.service_cpu().saturating_sub(before);
            trial.cpu.1 += tally.completed;
        }
        trial.requests += tally.completed;
        trial.next += tally.completed + tally.failed();
        trial.doses += 1;
        trial.tally.add(&tally);
        if tally.failed() > 0 {
            self.notice_death().await;
        }
        self.rest(REST).await;
        self.read(trial, stage).await;
        tally
    }

    fn service_cpu(&self) -> Duration {
        self.subject.scope.map_or(Duration::ZERO, |scope| drip_proc::cpu_time(&scope.pids()))
    }

    async fn play(&self, trial: &Trial<'_>, until: Until) -> Tally {
        let settings = self.settings();
        let load = Load {
            origin: &self.subject.origin,
            address: self.subject.address,
            template: &trial.vector.template,
            seed: settings.seed,
            first: trial.next,
            until,
            users: settings.users,
            rate: settings.rate,
            request_time_max: REQUEST_TIME_MAX,
        };
        tokio::select! {
            tally = play(&load, &self.pulse, self.halt.token()) => tally,
            () = self.watch_exit() => unreachable!("the watch never ends by itself"),
            () = self.sample(trial) => unreachable!("the sampler never ends by itself"),
        }
    }

    /// Halts the dose when the service ends; never returns.
    async fn watch_exit(&self) {
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

    async fn sample(&self, trial: &Trial<'_>) {
        let Some(anon) = self.gauges.anon() else { return std::future::pending().await };
        let watch = Watch {
            anon,
            pulse: Arc::clone(&self.pulse),
            before: trial.before,
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

    /// Reads every source, and tells the best one's value.
    pub(crate) async fn read(&mut self, trial: &mut Trial<'_>, stage: Stage) {
        self.gauges.read(trial.requests, stage, &mut trial.readings).await;
        let series = [&trial.readings.floor, &trial.readings.anon];
        if let Some((signal, point)) = series.iter().find_map(|s| Some((s.signal, s.points.last()?))) {
            (self.on_event)(Event::Reading { signal, value: point.value, requests: trial.requests });
        }
    }
}
