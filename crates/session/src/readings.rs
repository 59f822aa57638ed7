//! What was read at rest for one vector: every signal and gauge, credited with what its own doses brought.

use std::time::Duration;

use drip_model::{Gap, Gauge, Point, Series, Signal, Stage, Unit, VectorId};
use drip_proc::Identity;

use crate::ledger::Ledger;

/// Why growth between two readings is nobody's.
const SHARED: &str = "the reading before this dose was missed, and other endpoints were asked meanwhile";

/// All sources at one moment of rest.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Since the run began.
    pub(crate) at: Duration,
    /// What is judged, better signals first; or why it was missed.
    pub(crate) signals: Vec<(Signal, Result<u64, String>)>,
    /// What explains it.
    pub(crate) figures: Vec<Figure>,
    /// The processes that were read.
    pub(crate) processes: Vec<Identity>,
    /// Anonymous memory of each of them.
    pub(crate) each: Vec<(Identity, u64)>,
    /// How long the floor took.
    pub(crate) took: Option<Duration>,
}

/// One figure beside the signals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) value: u64,
}

impl Taken {
    /// What a signal was read at.
    pub(crate) fn value(&self, signal: Signal) -> Option<u64> {
        let found = self.signals.iter().find(|(read, _)| *read == signal);
        found.and_then(|(_, value)| value.as_ref().ok().copied())
    }

    /// Every source that was read, by its name.
    pub(crate) fn values(&self) -> Vec<(&str, u64)> {
        let signals = self.signals.iter().filter_map(|(s, value)| Some((s.name(), *value.as_ref().ok()?)));
        signals.chain(self.figures.iter().map(|figure| (figure.name, figure.value))).collect()
    }
}

/// When and for whom a reading is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) vector: VectorId,
    pub(crate) requests: u64,
    pub(crate) stage: Stage,
}

/// What was read at rest for one vector.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readings {
    /// Better signals first.
    pub(crate) signals: Vec<Series>,
    pub(crate) gauges: Vec<Gauge>,
    /// The longest reading of the floor.
    pub(crate) longest: Option<Duration>,
    /// Time under this vector's doses and in the rests after them.
    clock: Duration,
    first: Option<Vec<Identity>>,
    last: Vec<Identity>,
}

impl Readings {
    /// The series of a signal; `None` when it was never read nor missed.
    pub(crate) fn series(&self, signal: Signal) -> Option<&Series> {
        self.signals.iter().find(|series| series.signal == signal)
    }

    /// That of the floor.
    pub(crate) fn floor(&self) -> Option<&Series> {
        self.signals.iter().find(|series| series.signal.is_floor())
    }

    /// That of the whole memory: anonymous memory of the processes, or what the service tells of itself.
    pub(crate) fn anon(&self) -> Option<&Series> {
        self.series(Signal::Anon).or_else(|| self.series(Signal::Rss))
    }

    /// Those of descriptors, threads and the like.
    pub(crate) fn counts(&self) -> impl Iterator<Item = &Series> {
        self.signals.iter().filter(|series| series.signal.unit() == Unit::Count)
    }

    /// The series that counts most.
    pub(crate) fn best(&self) -> Option<&Series> {
        self.floor().filter(|floor| !floor.points.is_empty()).or_else(|| self.anon())
    }

    /// Whether a process that was read first is not there any more: its memory went with it.
    pub(crate) fn process_was_replaced(&self) -> bool {
        self.first.as_ref().is_some_and(|first| first.iter().any(|process| !self.last.contains(process)))
    }

    /// Whether the floor was read often enough to be judged: at half of the doses or more.
    pub(crate) fn floor_counts(&self) -> bool {
        let (floor, anon) = (self.floor().map_or(0, dosed), self.anon().map_or(0, dosed));
        floor > 0 && floor * 2 >= anon
    }

    /// What was read beside the signals under this name.
    pub(crate) fn gauge(&self, name: &str) -> Option<&Gauge> {
        self.gauges.iter().find(|gauge| gauge.name == name)
    }

    /// Takes a reading in. What comes before the judged part is noted as it was read; from then on only this vector's
    /// share is.
    pub(crate) fn add(&mut self, taken: &Taken, moment: Moment, ledger: &Ledger) {
        let is_whole = matches!(moment.stage, Stage::Baseline | Stage::WarmUp);
        self.clock = if is_whole { taken.at } else { self.clock + ledger.since(taken.at) };
        for (signal, value) in &taken.signals {
            let series = self.series_mut(*signal);
            let last = series.points.last().map(|point| point.value).filter(|_| !is_whole);
            let credited = value.as_ref().map_err(String::as_str).and_then(|value| {
                ledger.credit(signal.name(), moment.vector, last, *value).map_err(|_| SHARED)
            });
            self.note(*signal, moment, credited.map_err(str::to_owned));
        }
        for figure in &taken.figures {
            self.note_figure(*figure, moment, ledger, is_whole);
        }
        self.longest = self.longest.max(taken.took);
        self.note_processes(moment.stage, taken);
    }

    fn series_mut(&mut self, signal: Signal) -> &mut Series {
        let at = self.signals.partition_point(|series| series.signal < signal);
        if self.signals.get(at).is_none_or(|series| series.signal != signal) {
            self.signals.insert(at, Series::new(signal));
        }
        &mut self.signals[at]
    }

    /// Adds a reading to its series; a missed one is a gap.
    fn note(&mut self, signal: Signal, moment: Moment, value: Result<u64, String>) {
        let at = self.clock;
        let series = self.series_mut(signal);
        match value {
            Ok(value) => series.points.push(point(at, moment, value)),
            Err(reason) => series.gaps.push(Gap { at, reason }),
        }
    }

    fn note_figure(&mut self, figure: Figure, moment: Moment, ledger: &Ledger, is_whole: bool) {
        let gauge = self.gauge_mut(figure);
        let last = gauge.points.last().map(|point| point.value).filter(|_| !is_whole);
        let credited = ledger.credit(figure.name, moment.vector, last, figure.value);
        let at = self.clock;
        if let Ok(value) = credited {
            self.gauge_mut(figure).points.push(point(at, moment, value));
        }
    }

    fn gauge_mut(&mut self, figure: Figure) -> &mut Gauge {
        let known = self.gauges.iter().position(|gauge| gauge.name == figure.name);
        let at = known.unwrap_or_else(|| {
            let Figure { name, unit, .. } = figure;
            self.gauges.push(Gauge { name: name.to_owned(), unit, points: Vec::new() });
            self.gauges.len() - 1
        });
        &mut self.gauges[at]
    }

    fn note_processes(&mut self, stage: Stage, taken: &Taken) {
        if taken.processes.is_empty() {
            return;
        }
        // Until the judged part begins, a service may still start and end processes of its own.
        if stage == Stage::WarmUp {
            self.first = Some(taken.processes.clone());
        }
        self.last.clone_from(&taken.processes);
    }
}

/// Readings after judged doses.
pub(crate) fn dosed(series: &Series) -> usize {
    series.points.iter().filter(|point| point.stage == Stage::Dose).count()
}

const fn point(at: Duration, moment: Moment, value: u64) -> Point {
    Point { at, requests: moment.requests, value, stage: moment.stage }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: VectorId = VectorId(0);
    const B: VectorId = VectorId(1);

    /// Plays readings of live heap (seconds, bytes) and keeps the books as a run does.
    struct Books {
        ledger: Ledger,
        of: [Readings; 2],
    }

    impl Books {
        fn new() -> Self {
            Self { ledger: Ledger::default(), of: Default::default() }
        }

        fn read(&mut self, seconds: u64, bytes: Result<u64, String>, vector: VectorId, stage: Stage) {
            let taken = Taken {
                at: Duration::from_secs(seconds),
                signals: vec![(Signal::LiveHeap, bytes)],
                ..Taken::default()
            };
            let readings = &mut self.of[vector.0];
            let requests = 10 * readings.floor().map_or(0, |series| series.points.len() as u64);
            readings.add(&taken, Moment { vector, requests, stage }, &self.ledger);
            self.ledger.close(taken.at, &taken.values(), Some(vector));
        }

        fn floor(&self, vector: VectorId) -> Vec<(u64, u64)> {
            let points = &self.of[vector.0].floor().unwrap().points;
            points.iter().map(|point| (point.at.as_secs(), point.value)).collect()
        }
    }

    #[test]
    fn the_warm_up_is_what_was_read_and_the_rest_is_what_is_owed() {
        let mut books = Books::new();
        books.read(1, Ok(100), A, Stage::WarmUp);
        books.read(2, Ok(150), B, Stage::WarmUp);
        books.read(4, Ok(250), A, Stage::Dose);
        books.read(9, Ok(255), B, Stage::Dose);
        books.read(11, Ok(355), A, Stage::Dose);
        assert_eq!(books.floor(A), [(1, 100), (3, 200), (5, 300)]);
        assert_eq!(books.floor(B), [(2, 150), (7, 155)]);
    }

    #[test]
    fn growth_that_is_nobodys_is_a_gap() {
        let mut books = Books::new();
        books.read(1, Ok(100), A, Stage::WarmUp);
        books.read(2, Ok(100), B, Stage::WarmUp);
        books.read(3, Err("missed".into()), A, Stage::Dose);
        books.read(4, Ok(400), B, Stage::Dose);
        books.read(5, Ok(500), A, Stage::Dose);
        assert_eq!(books.floor(B), [(2, 100)]);
        assert_eq!(books.of[1].floor().unwrap().gaps[0].reason, SHARED);
        assert_eq!(books.floor(A), [(1, 100), (3, 200)]);
    }
}
