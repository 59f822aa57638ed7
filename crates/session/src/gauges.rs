//! Reading the memory of a service at rest, by every source that could be had.

use std::time::{Duration, Instant};

use drip_meter::source::anon::Anon;
use drip_meter::{Attached, Meter, MeterError, Reading, attach};
use drip_model::{Doubt, DoubtKind, FloorUsed, Gap, Gauge, Point, Runtime, Series, Signal, Stage, Unit};
use drip_proc::Identity;

use crate::job::Job;
use crate::room::Bounds;
use crate::subject::Subject;

/// A floor that missed so many readings in a row is given up.
const MISSES_MAX: usize = 2;

/// The sources of one run.
pub(crate) struct Gauges {
    floor: Option<Attached>,
    anon: Option<Anon>,
    /// How the floor is had, also when it was given up since.
    pub(crate) used: Option<FloorUsed>,
    /// Why there is no floor, or none any more.
    pub(crate) refused: Option<String>,
    misses: usize,
    /// What limits the service.
    pub(crate) bounds: Bounds,
    /// Whether the runtime has garbage at all: memory that is freed at once needs no floor.
    has_collector: bool,
    started: Instant,
}

/// What was read at rest for one vector.
#[derive(Debug, Clone)]
pub(crate) struct Readings {
    pub(crate) floor: Series,
    pub(crate) anon: Series,
    pub(crate) gauges: Vec<Gauge>,
    /// The longest reading of the floor.
    pub(crate) longest: Option<Duration>,
    first: Option<Vec<Identity>>,
    last: Vec<Identity>,
}

impl Readings {
    pub(crate) const fn new(floor: Signal) -> Self {
        Self {
            floor: Series::new(floor),
            anon: Series::new(Signal::Anon),
            gauges: Vec::new(),
            longest: None,
            first: None,
            last: Vec::new(),
        }
    }

    /// Whether a process that was read first is not there any more: its memory went with it.
    pub(crate) fn process_was_replaced(&self) -> bool {
        self.first.as_ref().is_some_and(|first| first.iter().any(|process| !self.last.contains(process)))
    }

    /// What was read beside the signals under this name.
    pub(crate) fn gauge(&self, name: &str) -> Option<&Gauge> {
        self.gauges.iter().find(|gauge| gauge.name == name)
    }

    fn note_processes(&mut self, stage: Stage, processes: Vec<Identity>) {
        // Until the judged part begins, a service may still start and end processes of its own.
        if stage == Stage::WarmUp {
            self.first = Some(processes.clone());
        }
        self.last = processes;
    }

    fn note_gauge(&mut self, name: &str, unit: Unit, point: Point) {
        match self.gauges.iter_mut().find(|gauge| gauge.name == name) {
            Some(gauge) => gauge.points.push(point),
            None => self.gauges.push(Gauge { name: name.to_owned(), unit, points: vec![point] }),
        }
    }
}

/// When a reading is taken.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Duration,
    requests: u64,
    stage: Stage,
}

impl Moment {
    const fn point(self, value: u64) -> Point {
        Point { at: self.at, requests: self.requests, value, stage: self.stage }
    }
}

impl Gauges {
    pub(crate) async fn open(job: &Job, subject: &Subject, started: Instant) -> Self {
        let (floor, refused) = match attached(job, subject).await {
            Ok(attached) => (Some(attached), None),
            Err(reason) => (None, Some(reason)),
        };
        Self {
            used: floor.as_ref().map(used),
            floor,
            anon: subject.scope.map(Anon),
            refused,
            misses: 0,
            bounds: Bounds::of(subject),
            has_collector: subject.runtime != Some(Runtime::Native),
            started,
        }
    }

    /// The best signal there is.
    pub(crate) fn signal(&self) -> Option<Signal> {
        self.floor_signal().or_else(|| self.anon.as_ref().map(Meter::signal))
    }

    /// What the floor reads, where there is one.
    pub(crate) fn floor_signal(&self) -> Option<Signal> {
        self.floor.as_ref().map(|attached| attached.floor.signal())
    }

    /// Whether anonymous memory says anything that the floor does not: a floor that reads it too is the same figure.
    pub(crate) fn anon_is_apart(&self) -> bool {
        self.floor_signal() != Some(Signal::AnonAfterGc)
    }

    /// The step in which the floor's values move.
    pub(crate) fn resolution(&self) -> Option<u64> {
        self.floor.as_ref().map(|attached| attached.floor.resolution())
    }

    pub(crate) const fn anon(&self) -> Option<Anon> {
        self.anon
    }

    pub(crate) fn heap_limit(&self) -> Option<u64> {
        self.floor.as_ref().and_then(|attached| attached.floor.heap_limit())
    }

    /// Reads every source once, the floor first: it collects, and what it frees must not count below.
    pub(crate) async fn read(&mut self, requests: u64, stage: Stage, readings: &mut Readings) {
        let moment = |started: Instant| Moment { at: started.elapsed(), requests, stage };
        self.read_floor(moment(self.started), readings).await;
        let Some(anon) = self.anon else { return };
        let reading = anon.read().await;
        if let Some(reading) = note(&mut readings.anon, moment(self.started), reading) {
            readings.note_processes(stage, reading.processes);
        }
        // Some of its processes may be another user's, and then there are no counts.
        if let Ok(counts) = drip_proc::counts(&anon.0.pids()) {
            for (name, value) in counts.named() {
                readings.note_gauge(name, Unit::Count, moment(self.started).point(value));
            }
        }
    }

    async fn read_floor(&mut self, moment: Moment, readings: &mut Readings) {
        let Some(attached) = &mut self.floor else { return };
        let began = Instant::now();
        let reading = attached.floor.collect().await;
        self.misses = if reading.is_ok() { 0 } else { self.misses + 1 };
        if let (Err(error), true) = (&reading, self.misses >= MISSES_MAX) {
            self.refused = Some(error.to_string());
            if let Some(attached) = self.floor.take() {
                attached.floor.close().await;
            }
        }
        let took = began.elapsed();
        if let Some(reading) = note(&mut readings.floor, moment, reading) {
            readings.longest = readings.longest.max(Some(took));
            for part in reading.parts {
                readings.note_gauge(part.name, part.unit, moment.point(part.value));
            }
        }
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
        if let Some(attached) = self.floor {
            attached.floor.close().await;
        }
    }
}

async fn attached(job: &Job, subject: &Subject) -> Result<Attached, String> {
    match (subject.target(), subject.runtime) {
        (Some(target), Some(runtime)) if job.attach => {
            attach(runtime, &target).await.map_err(|reason| with_unprepared(reason, &subject.unprepared))
        }
        (Some(_), _) => Err("--no-attach leaves the service untouched".to_owned()),
        (None, _) => Err("no process of the service is known".to_owned()),
    }
}

/// The reason why a floor cannot be had, with what went wrong before the service started.
fn with_unprepared(reason: String, unprepared: &[String]) -> String {
    std::iter::once(reason).chain(unprepared.iter().cloned()).collect::<Vec<_>>().join("; ")
}

fn used(attached: &Attached) -> FloorUsed {
    FloorUsed {
        name: attached.source.name.to_owned(),
        how: attached.source.how.to_owned(),
        passed_over: attached.passed_over.clone(),
    }
}

/// Adds a reading to its series; a missed one is a gap.
fn note(series: &mut Series, moment: Moment, reading: Result<Reading, MeterError>) -> Option<Reading> {
    match reading {
        Ok(reading) => {
            series.points.push(moment.point(reading.value));
            Some(reading)
        }
        Err(error) => {
            series.gaps.push(Gap { at: moment.at, reason: error.to_string() });
            None
        }
    }
}
