//! Reading the memory of a service at rest, by every source that could be had.

use std::time::{Duration, Instant};

use drip_meter::source::anon::Anon;
use drip_meter::{Floor, Meter, MeterError, Opened, Reading, attach};
use drip_model::{Doubt, DoubtKind, Gap, Point, Runtime, Series, Signal, Stage};
use drip_proc::Identity;

use crate::job::Job;
use crate::subject::Subject;

/// A floor that missed so many readings in a row is given up.
const MISSES_MAX: usize = 2;

/// The sources of one run.
pub(crate) struct Gauges {
    floor: Option<Box<dyn Floor>>,
    anon: Option<Anon>,
    /// Why there is no floor, or none any more.
    pub(crate) refused: Option<String>,
    misses: usize,
    /// Whether the runtime has garbage at all: memory that is freed at once needs no floor.
    has_collector: bool,
    started: Instant,
}

/// What was read at rest for one vector.
#[derive(Debug, Clone)]
pub(crate) struct Readings {
    pub(crate) floor: Series,
    pub(crate) anon: Series,
    first: Option<Vec<Identity>>,
    last: Vec<Identity>,
}

impl Readings {
    pub(crate) const fn new() -> Self {
        Self {
            floor: Series::new(Signal::LiveHeap),
            anon: Series::new(Signal::Anon),
            first: None,
            last: Vec::new(),
        }
    }

    /// Whether a process that was read first is not there any more: its memory went with it.
    pub(crate) fn process_was_replaced(&self) -> bool {
        self.first.as_ref().is_some_and(|first| first.iter().any(|process| !self.last.contains(process)))
    }

    fn note_processes(&mut self, stage: Stage, processes: Vec<Identity>) {
        // Until the judged part begins, a service may still start and end processes of its own.
        if stage == Stage::WarmUp {
            self.first = Some(processes.clone());
        }
        self.last = processes;
    }
}

impl Gauges {
    pub(crate) async fn open(job: &Job, subject: &Subject, started: Instant) -> Self {
        let anon = subject.scope.map(Anon);
        let opened = match (subject.scope, subject.runtime) {
            (Some(_), Some(runtime)) if job.attach => attach(runtime, subject.owner_pids()).await,
            (Some(_), _) => Opened::No("--no-attach leaves the service untouched".to_owned()),
            (None, _) => Opened::No("no process of the service is known".to_owned()),
        };
        let (floor, refused) = match opened {
            Opened::Yes(floor) => (Some(floor), None),
            Opened::No(reason) => (None, Some(reason)),
        };
        let has_collector = subject.runtime != Some(Runtime::Native);
        Self { floor, anon, refused, misses: 0, has_collector, started }
    }

    /// The best signal there is.
    pub(crate) fn signal(&self) -> Option<Signal> {
        let floor = self.floor.as_ref().map(|floor| floor.signal());
        floor.or_else(|| self.anon.as_ref().map(Meter::signal))
    }

    pub(crate) const fn anon(&self) -> Option<Anon> {
        self.anon
    }

    pub(crate) fn heap_limit(&self) -> Option<u64> {
        self.floor.as_ref().and_then(|floor| floor.heap_limit())
    }

    /// Reads every source once, the floor first: it collects, and what it frees must not count below.
    pub(crate) async fn read(&mut self, requests: u64, stage: Stage, readings: &mut Readings) {
        self.read_floor(requests, stage, readings).await;
        let Some(anon) = self.anon else { return };
        let reading = anon.read().await;
        let processes = reading.as_ref().ok().map(|reading| reading.processes.clone());
        note(&mut readings.anon, self.started.elapsed(), requests, stage, reading);
        if let Some(processes) = processes {
            readings.note_processes(stage, processes);
        }
    }

    async fn read_floor(&mut self, requests: u64, stage: Stage, readings: &mut Readings) {
        let Some(floor) = &mut self.floor else { return };
        let reading = floor.collect().await;
        self.misses = if reading.is_ok() { 0 } else { self.misses + 1 };
        if let (Err(error), true) = (&reading, self.misses >= MISSES_MAX) {
            self.refused = Some(error.to_string());
            if let Some(floor) = self.floor.take() {
                floor.close().await;
            }
        }
        note(&mut readings.floor, self.started.elapsed(), requests, stage, reading);
    }

    /// What it means that there is no floor.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        let reason = self.refused.as_ref().filter(|_| self.anon.is_some() && self.has_collector)?;
        let message = format!(
            "live heap could not be read ({reason}), so anonymous memory was judged: it includes garbage and what the \
             allocator keeps, and needs more requests for the same certainty"
        );
        Some(Doubt::new(DoubtKind::FloorNotAvailable, message))
    }

    pub(crate) async fn close(self) {
        if let Some(floor) = self.floor {
            floor.close().await;
        }
    }
}

fn note(
    series: &mut Series,
    at: Duration,
    requests: u64,
    stage: Stage,
    reading: Result<Reading, MeterError>,
) {
    match reading {
        Ok(reading) => series.points.push(Point { at, requests, value: reading.value, stage }),
        Err(error) => series.gaps.push(Gap { at, reason: error.to_string() }),
    }
}
