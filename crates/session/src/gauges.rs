//! Reading the memory of a service at rest, by every source that could be had.

use std::time::Instant;

use drip_meter::source::anon::Anon;
use drip_meter::telemetry::Figures;
use drip_meter::{Attached, Meter, MeterError, Part, Reading, attach};
use drip_model::{Doubt, DoubtKind, FloorUsed, Runtime, Series, Signal, Unit};
use drip_proc::{Counts, Identity};

use crate::job::Job;
use crate::readings::{Figure, Readings, Taken};
use crate::room::Bounds;
use crate::subject::Subject;
use crate::telemetry::Teller;

/// A floor that missed so many readings in a row is given up.
const MISSES_MAX: usize = 2;

/// The sources of one run.
pub(crate) struct Gauges {
    floor: Option<Attached>,
    anon: Option<Anon>,
    /// What the service tells of itself, where its processes are not seen.
    teller: Option<Teller>,
    /// How the floor is had, also when it was given up since.
    pub(crate) used: Option<FloorUsed>,
    /// Why there is no floor, or none any more.
    pub(crate) refused: Option<String>,
    misses: usize,
    /// The processes of the floor's last reading.
    floor_processes: Vec<Identity>,
    /// What limits the service.
    pub(crate) bounds: Bounds,
    /// Whether nobody misses a floor: memory that is freed at once needs none.
    needs_none: bool,
    started: Instant,
}

impl Gauges {
    pub(crate) async fn open(job: &Job, subject: &Subject, teller: Option<Teller>, started: Instant) -> Self {
        let (floor, refused) = match attached(job, subject).await {
            Ok(attached) => (Some(attached), None),
            Err(reason) => (None, Some(reason)),
        };
        Self {
            used: floor.as_ref().map(|attached| used(attached, &subject.unprepared)),
            floor,
            anon: subject.scope.map(Anon),
            teller: teller.filter(|_| subject.scope.is_none()),
            refused,
            misses: 0,
            bounds: Bounds::of(subject),
            floor_processes: Vec::new(),
            needs_none: needs_no_floor(subject.runtime, job.preload),
            started,
        }
    }

    /// The best signal there is.
    pub(crate) fn signal(&self) -> Option<Signal> {
        let anon = || self.anon.as_ref().map(Meter::signal);
        let told = || self.teller.as_ref().map(|_| Signal::Rss);
        self.floor_signal().or_else(anon).or_else(told)
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

    pub(crate) fn processes(&self) -> usize {
        self.floor_processes.len().max(1)
    }

    /// Reads every source once, the floor first: it collects, and what it frees must not count below.
    pub(crate) async fn read(&mut self) -> Taken {
        let mut taken = Taken { at: self.started.elapsed(), ..Taken::default() };
        self.read_floor(&mut taken).await;
        let Some(anon) = self.anon else {
            self.ask_teller(&mut taken).await;
            return taken;
        };
        let reading = anon.read().await.map_err(|error| error.to_string());
        taken
            .signals
            .push((Signal::Anon, reading.as_ref().map(|reading| reading.value).map_err(Clone::clone)));
        taken.processes = reading.map(|reading| reading.processes).unwrap_or_default();
        let each = taken.processes.iter().map(|process| (*process, drip_proc::memory(process.pid)));
        taken.each = each.filter_map(|(process, memory)| Some((process, memory.ok()?.anon))).collect();
        // Some of its processes may be another user's, and then there are no counts.
        if let Ok(counts) = drip_proc::counts(&anon.0.pids()) {
            taken.count(&counts);
        }
        taken
    }

    async fn ask_teller(&self, taken: &mut Taken) {
        let Some(teller) = &self.teller else { return };
        let told = teller.ask().await;
        // It has no number that means anything here; another start is another process.
        let process = |told: &Figures| Identity { pid: 0, start_ticks: told.started };
        taken.processes = told.as_ref().map(process).into_iter().collect();
        taken.signals.push((Signal::Rss, told.map(|told| told.resident)));
    }

    async fn read_floor(&mut self, taken: &mut Taken) {
        let Some(attached) = &mut self.floor else { return };
        let (signal, began) = (attached.floor.signal(), Instant::now());
        let reading = attached.floor.collect().await;
        let reading = reading.and_then(|reading| whole(reading, &self.floor_processes));
        taken.took = Some(began.elapsed());
        self.count_miss(reading.as_ref().err()).await;
        taken
            .signals
            .push((signal, reading.as_ref().map(|reading| reading.value).map_err(ToString::to_string)));
        if let Ok(reading) = reading {
            self.floor_processes = reading.processes;
            taken.explain(&reading.parts);
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
        let floor = readings.floor();
        let last_gap = floor.and_then(|floor| floor.gaps.last()).map(|gap| &gap.reason);
        let silent = last_gap.filter(|_| !readings.floor_counts());
        let reason = self.refused.as_ref().or(silent);
        let reason = reason.filter(|_| self.anon.is_some() && !self.needs_none);
        let told = self.teller.as_ref().map(told_only);
        let not_read = reason.map(|reason| not_available(reason)).or(told);
        not_read.into_iter().chain(floor.and_then(missed)).collect()
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
        (Some(_), _) if subject.settings.continuous => {
            Err("--continuous leaves the service no rest to be read in".to_owned())
        }
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

fn told_only(teller: &Teller) -> Doubt {
    let message = format!(
        "memory is what the service tells of itself ({}): resident memory, which includes garbage and what the allocator \
         keeps, and needs more requests for the same certainty",
        teller.name()
    );
    Doubt::new(DoubtKind::FloorNotAvailable, message)
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

/// A reading that lacks a process which lives and was in the last one would be too small by all that it holds.
fn whole(reading: Reading, before: &[Identity]) -> Result<Reading, MeterError> {
    let is_lost = |process: &&Identity| !reading.processes.contains(process) && drip_proc::is_alive(process);
    match before.iter().find(is_lost) {
        Some(process) => Err(MeterError::Silent { pid: process.pid }),
        None => Ok(reading),
    }
}

impl Taken {
    /// Parts of the floor; what the runtime counts is judged as well.
    fn explain(&mut self, parts: &[Part]) {
        for Part { name, unit, value } in parts.iter().copied() {
            self.figures.push(Figure { name, unit, value });
            if name == Signal::Goroutines.name() {
                self.signals.push((Signal::Goroutines, Ok(value)));
            }
        }
    }

    /// What the system counts.
    fn count(&mut self, counts: &Counts) {
        let named = counts.named().into_iter();
        self.figures.extend(named.map(|(name, value)| Figure { name, unit: Unit::Count, value }));
        self.signals.extend([
            (Signal::Descriptors, Ok(counts.descriptors)),
            (Signal::Sockets, Ok(counts.sockets.total().saturating_sub(counts.sockets.listen))),
            (Signal::Threads, Ok(counts.threads)),
            (Signal::Children, Ok(counts.children + counts.zombies)),
        ]);
    }
}
