//! One run from beginning to end.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use drip_catalog::Context;
use drip_drive::Pulse;
use drip_model::{
    Doubt, DoubtKind, Footprint, Origin, Outcome, Report, Runtime, Scheme, Service, Settings, Status, Vector,
    VectorId, Weakness,
};
use tokio_util::sync::CancellationToken;

use crate::bench::Bench;
use crate::described;
use crate::event::Event;
use crate::experiment::idle_window;
use crate::flags::{go_heap_limit, jvm_heap_limit, memory_of};
use crate::footprint::{cpu_seconds, footprint};
use crate::gauges::Gauges;
use crate::halt::{Halt, Reason, interrupted};
use crate::job::{Job, Place};
use crate::ledger::Ledger;
use crate::outcome::outcome;
use crate::probes::Prober;
use crate::readings::Taken;
use crate::secret;
use crate::subject::{self, Subject};
use crate::telemetry;
use crate::together::together;
use crate::trial::Trial;
use crate::trouble::Trouble;
use crate::witness::{LAST_LINES, Witness};

/// The service may take half of what the machine can spare, unless a limit was stated.
const SPARE_SHARE: u64 = 2;

/// A budget that is over leaves so many doses of time to finish what was begun.
const LATE_DOSES: u32 = 6;
/// A vector that grew this much more than the one under way is what a death is laid to, if it grew by that much at all.
const GUILT_RATIO: f64 = 4.0;
const GUILT_BYTES_MIN: f64 = 4e6;

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// Always there; marked failed or partial where it is.
    pub report: Report,
    /// Why nothing could be judged at all.
    pub trouble: Option<Trouble>,
}

/// Runs a job. `stop` interrupts it: what was measured is judged and reported, the service is stopped.
pub async fn run(job: &Job, stop: &CancellationToken, on_event: &mut (dyn FnMut(Event) + Send)) -> Run {
    let halt = Halt::default();
    let clock = Clock::now();
    tokio::select! {
        done = conduct(job, &halt, clock, on_event) => done,
        never = interrupted(stop, &halt) => match never {},
    }
}

/// What came of a run whose service never answered.
#[must_use]
pub fn never_began(job: &Job, trouble: Trouble) -> Run {
    let clock = Clock::now();
    Run { report: failed(job, clock, &trouble), trouble: Some(trouble) }
}

#[derive(Debug, Clone, Copy)]
struct Clock {
    created_at: SystemTime,
    started: Instant,
    cpu_seconds: f64,
}

impl Clock {
    fn now() -> Self {
        Self { created_at: SystemTime::now(), started: Instant::now(), cpu_seconds: cpu_seconds() }
    }

    fn footprint(&self, requests: u64) -> Footprint {
        footprint(requests, self.started.elapsed(), self.cpu_seconds)
    }
}

async fn conduct(job: &Job, halt: &Halt, clock: Clock, on_event: &mut (dyn FnMut(Event) + Send)) -> Run {
    match subject::open(job, halt, &mut |pid| on_event(Event::Started { pid })).await {
        Ok(subject) => measure(job, subject, halt, clock, on_event).await,
        Err(trouble) => Run { report: failed(job, clock, &trouble), trouble: Some(trouble) },
    }
}

/// A report of a run that never began: what was asked, and nothing else.
fn failed(job: &Job, clock: Clock, trouble: &Trouble) -> Report {
    let origin = match &job.place {
        Place::Running { origin, .. } => origin.clone(),
        Place::Launch(launch) => {
            Origin { scheme: Scheme::Http, host: "127.0.0.1".into(), port: launch.port.unwrap_or(0) }
        }
    };
    Report {
        id: job.id.clone(),
        status: Status::Failed,
        origin,
        service: Service { last_output: trouble.output().to_vec(), ..described(job, None) },
        settings: job.settings.clone(),
        created_at: clock.created_at,
        completed_at: SystemTime::now(),
        outcomes: Vec::new(),
        findings: Vec::new(),
        score: None,
        doubts: vec![Doubt::new(DoubtKind::NotEnoughData, trouble.to_string())],
        footprint: clock.footprint(0),
    }
}

fn described(job: &Job, subject: Option<&Subject>) -> Service {
    let launch = match &job.place {
        Place::Launch(launch) => Some(launch),
        Place::Running { .. } => None,
    };
    Service {
        command: launch.map(|launch| secret::hidden(&launch.command)).unwrap_or_default(),
        pid: subject.and_then(|subject| subject.owners.first()).map(|owner| owner.pid),
        runtime: subject.and_then(|subject| subject.runtime),
        protocol: subject.map(|subject| subject.protocol),
        floor: None,
        log: launch.map(|launch| launch.log.display().to_string()),
        last_output: Vec::new(),
    }
}

async fn measure(
    job: &Job,
    mut subject: Subject,
    halt: &Halt,
    clock: Clock,
    on_event: &mut (dyn FnMut(Event) + Send),
) -> Run {
    let mut shown = telemetry::look(job, &subject, halt).await;
    let (teller, told) = shown.teller.unzip();
    subject.runtime = subject.runtime.or_else(|| told?.runtime);
    let gauges = Gauges::open(job, &subject, teller, clock.started).await;
    if gauges.signal().is_none() {
        // Pauses are seen by one user who waits for each answer; several would see the queue that they make.
        (subject.settings.users, subject.settings.threads) = (1, 1);
    }
    on_event(Event::Answering {
        url: subject.origin.to_string(),
        runtime: subject.runtime,
        signal: gauges.signal(),
    });
    if let (Some(reason), Some(_)) = (&gauges.refused, gauges.anon()) {
        on_event(Event::FloorRefused { reason: reason.clone() });
    }
    let witness = Witness::of(&subject);
    let mut bench = Bench {
        guard_bytes: guard_bytes(&subject.settings),
        heap_limit: heap_limit(&subject),
        subject: &subject,
        gauges,
        pulse: Arc::new(Pulse::default()),
        halt: halt.clone(),
        started: clock.started,
        deadline: Instant::now() + subject.settings.budget,
        on_event,
        dose: subject.settings.dose,
        requests_share: None,
        next: first_number(job),
        asked: None,
        ledger: Ledger::default(),
        last: Taken::default(),
        before: Taken::default(),
    };
    let outcomes = try_all(job, &mut bench, &witness).await;
    let requests = bench.pulse.completed();
    let of_floor = |outcome: &Outcome| outcome.series.iter().any(|series| series.signal.is_floor());
    let judged_by_floor =
        |outcome: &Outcome| outcome.evidence.as_ref().is_some_and(|evidence| evidence.signal.is_floor());
    let was_read = outcomes.iter().any(|outcome| of_floor(outcome) || judged_by_floor(outcome));
    let floor = bench.gauges.used.clone().filter(|_| was_read);
    if job.probes {
        let (vectors, seed) = (job.vectors.as_slice(), subject.settings.seed);
        let mut prober = Prober { subject: &subject, vectors, seed, halt, on_event: bench.on_event };
        shown.weaknesses.extend(prober.all().await);
    }
    if let Some(described) = described::look(job, &subject, halt).await {
        (bench.on_event)(described);
    }
    (bench.on_event)(Event::Stopping);
    bench.gauges.close().await;
    let mut report = report(job, &subject, clock, (outcomes, &shown.weaknesses), requests, halt);
    report.service.floor = floor;
    end(subject, report).await
}

/// Stops what we started; the report stands in any case.
async fn end(subject: Subject, report: Report) -> Run {
    let stopped = match subject.service {
        Some(service) => service.stop().await,
        None => Ok(()),
    };
    Run { report, trouble: stopped.err().map(Trouble::from) }
}

fn guard_bytes(settings: &Settings) -> u64 {
    settings
        .limit
        .or_else(|| drip_proc::memory_available().map(|bytes| bytes / SPARE_SHARE))
        .unwrap_or(u64::MAX)
}

/// How far garbage may pile up where nobody can call the collector.
fn heap_limit(subject: &Subject) -> Option<u64> {
    let owner = subject.owners.first()?.pid;
    match subject.runtime? {
        Runtime::Jvm => jvm_heap_limit(owner),
        Runtime::Go => go_heap_limit(owner),
        Runtime::DotNet => memory_of(owner),
        _ => None,
    }
}

/// Every vector gets its doses, and then its outcome.
async fn try_all(job: &Job, bench: &mut Bench<'_>, witness: &Witness) -> Vec<Outcome> {
    let together = together(&job.vectors);
    let mut trials: Vec<_> = job.vectors.iter().map(Trial::new).collect();
    bounded(bench, &together, &mut trials).await;
    let accused = accused(bench, &trials);
    let mut outcomes = Vec::new();
    for trial in trials {
        let died_of_it = accused == Some(trial.vector.id);
        outcomes.push(outcome(bench, trial, died_of_it, witness).await);
    }
    outcomes
}

/// Whose requests a death is laid to: those that were under way, unless another vector had made the service grow far more.
fn accused(bench: &Bench<'_>, trials: &[Trial<'_>]) -> Option<VectorId> {
    let asked = bench.asked.filter(|_| bench.halt.reason() == Some(Reason::Died))?;
    let growth = |trial: &Trial<'_>| trial.growth().unwrap_or(0.0);
    let own = trials.iter().find(|trial| trial.vector.id == asked).map_or(0.0, growth);
    let most = trials.iter().max_by(|a, b| growth(a).total_cmp(&growth(b)))?;
    let is_far_more = growth(most) > GUILT_RATIO * own.max(GUILT_BYTES_MIN);
    Some(if is_far_more { most.vector.id } else { asked })
}

/// A service that runs already may hold the keys of an earlier run: with another seed, the counter is another too.
const fn first_number(job: &Job) -> u64 {
    const COUNTED_MAX: u64 = 1_000_000;
    match job.place {
        Place::Launch(_) => 0,
        Place::Running { .. } => (job.settings.seed % (1 << 32)) * COUNTED_MAX,
    }
}

/// The experiment minds its budget; a service that answers ever more slowly is cut off a little later.
async fn bounded<'a>(bench: &mut Bench<'_>, together: &'a Vector, trials: &mut Vec<Trial<'a>>) {
    let (halt, dose) = (bench.halt.clone(), bench.settings().dose);
    let late = bench.deadline + dose * LATE_DOSES + idle_window(dose);
    tokio::select! {
        () = bench.experiment(together, trials) => (),
        () = cut_off(&halt, late) => unreachable!("the watch never ends by itself"),
    }
}

async fn cut_off(halt: &Halt, when: Instant) {
    tokio::time::sleep_until(when.into()).await;
    halt.because(Reason::Budget);
    std::future::pending().await
}

fn report(
    job: &Job,
    subject: &Subject,
    clock: Clock,
    (outcomes, weaknesses): (Vec<Outcome>, &[Weakness]),
    requests: u64,
    halt: &Halt,
) -> Report {
    let context = Context {
        runtime: subject.runtime,
        platform: None,
        credentials_needed: job.credentials,
        rate_expected: subject.settings.rate_expected,
    };
    let findings = drip_catalog::findings(&outcomes, weaknesses, &context);
    let died = halt.reason() == Some(Reason::Died);
    let last_output =
        subject.service.as_ref().filter(|_| died).map(|service| service.last_output(LAST_LINES));
    Report {
        id: job.id.clone(),
        status: if halt.reason() == Some(Reason::Interrupted) { Status::Partial } else { Status::Completed },
        origin: subject.origin.clone(),
        service: Service { last_output: last_output.unwrap_or_default(), ..described(job, Some(subject)) },
        settings: subject.settings.clone(),
        created_at: clock.created_at,
        completed_at: SystemTime::now(),
        score: drip_catalog::score(&findings, &outcomes),
        findings,
        outcomes,
        doubts: Vec::new(),
        footprint: clock.footprint(requests),
    }
}
