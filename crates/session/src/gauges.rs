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
    /// How many processes the last reading of the floor was of.
    processes: usize,
    /// What limits the service.
    pub(crate) bounds: Bounds,
    /// Whether nobody misses a floor: memory that is freed at once needs none.
    needs_none: bool,
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
    /// The processes of the floor's last reading.
    floor_processes: Vec<Identity>,
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
            floor_processes: Vec::new(),
            first: None,
            last: Vec::new(),
        }
    }

    /// Whether a process that was read first is not there any more: its memory went with it.
    pub(crate) fn process_was_replaced(&self) -> bool {
        self.first.as_ref().is_some_and(|first| first.iter().any(|process| !self.last.contains(process)))
    }

    /// A reading that lacks a process which lives and was in the last one would be too small by all that it holds.
    fn whole(&self, reading: Reading) -> Result<Reading, MeterError> {
        let is_lost =
            |process: &&Identity| !reading.processes.contains(process) && drip_proc::is_alive(process);
        match self.floor_processes.iter().find(is_lost) {
            Some(process) => Err(MeterError::Silent { pid: process.pid }),
            None => Ok(reading),
        }
    }

    /// Whether the floor was read often enough to be judged: at half of the doses or more.
    pub(crate) fn floor_counts(&self) -> bool {
        let dosed = |series: &Series| series.points.iter().filter(|point| point.stage == Stage::Dose).count();
        let floor = dosed(&self.floor);
        floor > 0 && floor * 2 >= dosed(&self.anon)
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
            used: floor.as_ref().map(|attached| used(attached, &subject.unprepared)),
            floor,
            anon: subject.scope.map(Anon),
            refused,
            misses: 0,
            bounds: Bounds::of(subject),
            processes: 1,
            needs_none: needs_no_floor(subject.runtime, job.preload),
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

    /// The heap limit of each process, and how many of them share what was read.
    pub(crate) fn heap_limit(&self) -> Option<u64> {
        self.floor.as_ref().and_then(|attached| attached.floor.heap_limit())
    }

    pub(crate) const fn processes(&self) -> usize {
        self.processes
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
        let reading = attached.floor.collect().await.and_then(|reading| readings.whole(reading));
        readings.longest = readings.longest.max(Some(began.elapsed()));
        self.count_miss(reading.as_ref().err()).await;
        if let Some(reading) = note(&mut readings.floor, moment, reading) {
            self.processes = reading.processes.len().max(1);
            readings.floor_processes = reading.processes;
            for part in reading.parts {
                readings.note_gauge(part.name, part.unit, moment.point(part.value));
            }
        }
    }

    /// A floor that fails again and again is given up.
    async fn count_miss(&mut self, error: Option<&MeterError>) {
        match error {
            None => self.misses = 0,
            // It is there and had nothing to say.
            Some(MeterError::NothingNew) => {}
            Some(error) => {
                self.misses += 1;
                if self.misses >= MISSES_MAX {
                    self.refused = Some(error.to_string());
                    self.give_up().await;
                }
            }
        }
    }

    async fn give_up(&mut self) {
        if let Some(attached) = self.floor.take() {
            attached.floor.close().await;
        }
    }

    /// What it means that there is no floor, or that some of its readings are missing.
    pub(crate) fn doubts(&self, readings: &Readings) -> Vec<Doubt> {
        let silent = readings.floor.gaps.last().filter(|_| !readings.floor_counts()).map(|gap| &gap.reason);
        let reason = self.refused.as_ref().or(silent);
        let reason = reason.filter(|_| self.anon.is_some() && !self.needs_none);
        reason.map(|reason| not_available(reason)).into_iter().chain(missed(&readings.floor)).collect()
    }

    pub(crate) async fn close(self) {
        if let Some(attached) = self.floor {
            attached.floor.close().await;
        }
    }
}

async fn attached(job: &Job, subject: &Subject) -> Result<Attached, String> {
    match (subject.target(), subject.runtime) {
        (Some(target), Some(runtime)) if job.attach => attach(runtime, &target).await.map_err(|reason| {
            subject.unprepared.iter().cloned().chain([reason]).collect::<Vec<_>>().join("; ")
        }),
        (Some(_), _) => Err("--no-attach leaves the service untouched".to_owned()),
        (None, _) => Err("no process of the service is known".to_owned()),
    }
}

/// PHP frees at the end of each request, native code at once; whoever asked for the preloaded library wants to know why
/// it does not answer.
fn needs_no_floor(runtime: Option<Runtime>, preload: bool) -> bool {
    match runtime {
        Some(Runtime::Php) => true,
        Some(Runtime::Native) => !preload,
        _ => false,
    }
}

fn used(attached: &Attached, unprepared: &[String]) -> FloorUsed {
    FloorUsed {
        name: attached.source.name.to_owned(),
        how: attached.source.how.to_owned(),
        passed_over: unprepared.iter().chain(&attached.passed_over).cloned().collect(),
    }
}

fn not_available(reason: &str) -> Doubt {
    let message = format!(
        "live heap could not be read ({reason}), so anonymous memory was judged: it includes garbage and what the \
         allocator keeps, and needs more requests for the same certainty"
    );
    Doubt::new(DoubtKind::FloorNotAvailable, message)
}

/// Readings of the floor that are not in the series that was judged.
fn missed(floor: &Series) -> Option<Doubt> {
    let (first, count) = (floor.gaps.first()?, floor.gaps.len());
    let message = format!("{count} readings of the live memory were missed (first: {})", first.reason);
    (!floor.points.is_empty()).then(|| Doubt::new(DoubtKind::ReadingMissed, message))
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
