//! Looks at the service's memory while requests are in flight: for the picture, and to protect the machine.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use drip_drive::Pulse;
use drip_meter::Meter;
use drip_meter::source::anon::Anon;
use drip_model::{Point, Stage};
use drip_proc::Identity;
use tokio::time::{MissedTickBehavior, interval};

use crate::halt::{Halt, Reason};

const PERIOD: Duration = Duration::from_millis(100);
/// Ten minutes at the first period; then every other sample goes and the period doubles.
const SAMPLES_MAX: usize = 6000;

/// What the sampler needs to know.
pub(crate) struct Watch {
    pub(crate) anon: Anon,
    pub(crate) pulse: Arc<Pulse>,
    /// Completed in the whole run, and of this vector, before the dose began.
    pub(crate) completed_before: u64,
    pub(crate) requests_before: u64,
    pub(crate) started: Instant,
    /// More than this ends the run.
    pub(crate) guard_bytes: u64,
    pub(crate) halt: Halt,
}

/// One look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) point: Point,
    /// Which processes were read: another number as soon as one of them is another.
    pub(crate) processes: u64,
}

/// Samples taken so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Arc<Mutex<Vec<Sample>>>);

impl Samples {
    pub(crate) fn take(&self) -> Vec<Point> {
        std::mem::take(&mut *self.lock()).into_iter().map(|sample| sample.point).collect()
    }

    /// Those later than a moment; `None`: all.
    pub(crate) fn after(&self, at: Option<Duration>) -> Vec<Sample> {
        self.lock().iter().filter(|sample| at.is_none_or(|at| sample.point.at > at)).copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Sample>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was thinned, so that the next should come later.
    fn push(&self, sample: Sample) -> bool {
        let mut samples = self.lock();
        samples.push(sample);
        let full = samples.len() >= SAMPLES_MAX;
        if full {
            let mut keep = false;
            samples.retain(|_| {
                keep = !keep;
                keep
            });
        }
        full
    }
}

/// Samples until it is dropped.
pub(crate) async fn sample(watch: Watch, samples: Samples) {
    let mut period = PERIOD;
    loop {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if look(&watch, &samples).await {
                break;
            }
        }
        period *= 2;
    }
}

/// A missed look is no gap in the judged series: those are read at rest.
async fn look(watch: &Watch, samples: &Samples) -> bool {
    let Ok(reading) = watch.anon.read().await else { return false };
    if reading.value > watch.guard_bytes {
        watch.halt.because(Reason::MemoryGuard);
    }
    let requests = watch.requests_before + watch.pulse.completed().saturating_sub(watch.completed_before);
    let point = Point { at: watch.started.elapsed(), requests, value: reading.value, stage: Stage::Load };
    samples.push(Sample { point, processes: hash_of(&reading.processes) })
}

fn hash_of(processes: &[Identity]) -> u64 {
    let mut hasher = DefaultHasher::new();
    processes.hash(&mut hasher);
    hasher.finish()
}
