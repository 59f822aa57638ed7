//! What could be measured here, found out by doing it, without a request to the service beyond "are you there".

use std::time::Instant;

use drip_meter::{FLOORS, runtime_of};
use drip_model::{
    Checkup, KnownFloor, LimitSeen, Machine, ProcessSeen, Runtime, ServiceSeen, Signal, Stage, VectorId,
};
use tokio_util::sync::CancellationToken;

use crate::gauges::Gauges;
use crate::job::Job;
use crate::ledger::Ledger;
use crate::readings::{Moment, Readings};
use crate::room::limits_of;
use crate::subject::Subject;
use crate::trouble::Trouble;
use crate::visit::visited;

/// The first reading loads what a hook needs; the ones after it are like those of a run.
const READINGS: usize = 3;

/// What each runtime's program is called in `PATH`.
const PROGRAMS: [(Runtime, &str); 5] = [
    (Runtime::Node, "node"),
    (Runtime::Python, "python3"),
    (Runtime::Go, "go"),
    (Runtime::Jvm, "java"),
    (Runtime::Ruby, "ruby"),
];

/// The machine, the known floors and, when a job is given, the service: it is started or found, read a few times, and
/// stopped again if we started it.
///
/// # Errors
/// When the service could not be started, did not answer, or could not be stopped.
pub async fn checkup(job: Option<&Job>, stop: &CancellationToken) -> Result<Checkup, Trouble> {
    let service = match job {
        Some(job) => Some(visited(job, stop, async |subject| read(job, subject).await).await?),
        None => None,
    };
    Ok(Checkup { machine: machine(), floors: FLOORS.iter().map(|source| known(source)).collect(), service })
}

fn machine() -> Machine {
    let own = std::process::id();
    Machine {
        memory_total: drip_proc::memory_total(),
        memory_available: drip_proc::memory_available(),
        container_limit: drip_proc::cgroup_limit(own).map(|limit| (limit.bytes, limit.what)),
        shares_are_told: drip_proc::shares_are_told(own),
    }
}

fn known(source: &drip_meter::FloorSource) -> KnownFloor {
    let program = PROGRAMS.iter().find(|(runtime, _)| *runtime == source.runtime);
    let path = program.and_then(|(_, name)| which::which(name).ok());
    KnownFloor {
        runtime: source.runtime,
        name: source.name,
        how: source.how,
        cost: source.cost,
        program: path.map(|path| path.display().to_string()),
    }
}

async fn read(job: &Job, subject: &Subject) -> ServiceSeen {
    let mut gauges = Gauges::open(job, subject, None, Instant::now()).await;
    let mut readings = Readings::default();
    let moment = Moment { vector: VectorId(0), requests: 0, stage: Stage::Baseline };
    for _ in 0..READINGS {
        readings.add(&gauges.read().await, moment, &Ledger::default());
    }
    let signal = gauges.signal();
    let series = signal.and_then(|signal| readings.series(signal));
    let floor = readings.floor().filter(|floor| floor.points.is_empty());
    let silent = floor.and_then(|floor| floor.gaps.last());
    let seen = ServiceSeen {
        url: subject.origin.to_string(),
        stranger: subject.stranger.as_ref().map(|doubt| doubt.message.clone()),
        processes: processes(subject),
        signal,
        floor: gauges.used.clone().filter(|_| gauges.refused.is_none()),
        refused: gauges.refused.clone().or(silent.map(|gap| gap.reason.clone())),
        value: series.and_then(|series| series.points.last()).map(|point| point.value),
        longest_reading: readings.longest,
        limits: limits(job, subject, &gauges, &readings),
        gauges: readings.gauges,
    };
    gauges.close().await;
    seen
}

fn processes(subject: &Subject) -> Vec<ProcessSeen> {
    let owners = subject.owner_pids();
    let pids = subject.scope.map(drip_meter::Scope::pids).unwrap_or_default();
    let process = |pid: u32| ProcessSeen {
        pid,
        name: drip_proc::name(pid).unwrap_or_default(),
        runtime: runtime_of(pid),
        listens: owners.contains(&pid),
    };
    pids.into_iter().map(process).collect()
}

/// The nearest first.
fn limits(job: &Job, subject: &Subject, gauges: &Gauges, readings: &Readings) -> Vec<LimitSeen> {
    let growing = readings.floor().map_or(Signal::LiveHeap, |floor| floor.signal);
    let mut limits: Vec<LimitSeen> = limits_of(&job.settings, subject, gauges, readings, growing)
        .into_iter()
        .map(|(_, limit)| LimitSeen { what: limit.what, bytes: limit.amount, used: limit.used })
        .collect();
    limits.sort_by_key(|limit| limit.bytes.saturating_sub(limit.used));
    limits
}
