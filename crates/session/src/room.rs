//! How much room a service has: what is read of it and of its processes, made into limits.

use drip_judge::Limit;
use drip_model::{Evidence, Growth, Interval, Point, Runtime, Series, Settings, Signal, begin};
use drip_proc::{ProcessLimit, Resource};

use crate::flags::{JvmFlags, go_memory_limit, jvm_flags, v8_heap_is_set};
use crate::gauges::Gauges;
use crate::limits::{Filling, Room, limits};
use crate::readings::Readings;
use crate::subject::Subject;

/// The part of Node's floor that V8's heap limit is about.
const HEAP_PART: &str = "heap used";

/// What the processes of a service say of their limits, read before the first request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bounds {
    cgroup: Option<u64>,
    heap_is_set: bool,
    jvm: JvmFlags,
    go_memory: Option<u64>,
    process: Vec<ProcessLimit>,
}

impl Bounds {
    /// How many descriptors the process may open.
    pub(crate) fn descriptors(&self) -> Option<u64> {
        let limit = self.process.iter().find(|limit| limit.resource == Resource::Descriptors);
        limit.map(|limit| limit.most)
    }

    /// Those of the process that owns the socket; none where it is not known.
    pub(crate) fn of(subject: &Subject) -> Self {
        let Some(owner) = subject.owners.first().map(|owner| owner.pid) else { return Self::default() };
        Self {
            cgroup: drip_proc::cgroup_limit(owner).map(|limit| limit.bytes),
            heap_is_set: v8_heap_is_set(owner),
            jvm: jvm_flags(owner).unwrap_or_default(),
            go_memory: go_memory_limit(owner),
            process: drip_proc::process_limits(owner).unwrap_or_default(),
        }
    }
}

/// The limits that a growing signal runs into. So much of them is used as when the judged part began, or as was read
/// last where none did. The heap's own limit counts only where it is the heap that grows.
pub(crate) fn limits_of(
    settings: &Settings,
    subject: &Subject,
    gauges: &Gauges,
    readings: &Readings,
    growing: Signal,
) -> Vec<(Filling, Limit)> {
    let bounds = gauges.bounds.clone();
    let of_heap = matches!(growing, Signal::LiveHeap | Signal::HeapAfterGc);
    let heap = readings.gauge(HEAP_PART).and_then(|gauge| first(&gauge.points));
    let room = Room {
        stated: settings.limit,
        cgroup: bounds.cgroup,
        heap: gauges.heap_limit(),
        heap_is_set: bounds.heap_is_set,
        jvm: bounds.jvm,
        go_memory: bounds.go_memory,
        live_used: readings.floor().and_then(|series| first(&series.points)).filter(|_| of_heap),
        heap_used: heap.filter(|_| of_heap),
        processes: gauges.processes() as u64,
        anon_used: readings.anon().and_then(|series| first(&series.points)),
        process: bounds.process,
    };
    limits(subject.runtime.unwrap_or(Runtime::Unknown), &room)
}

/// By how much what fills a limit grows with each request, when the verdict rests on this evidence.
///
/// Anonymous memory counts against the whole only where it surely grows by more than what is live: it holds what
/// collections would free, and that gives way.
pub(crate) fn growth_of(
    filling: Filling,
    evidence: &Evidence,
    others: &[Evidence],
    readings: &Readings,
) -> Interval {
    let judged = evidence.per_request;
    match filling {
        Filling::Live => judged,
        Filling::Heap => heap_share(readings).map_or(judged, |share| scaled(judged, share)),
        Filling::Whole => {
            let anon =
                others.iter().find(|other| other.signal == Signal::Anon && other.growth == Growth::Grows);
            anon.map(|anon| anon.per_request).filter(|anon| anon.low > judged.high).unwrap_or(judged)
        }
    }
}

pub(crate) fn scaled(interval: Interval, share: f64) -> Interval {
    let Interval { low, estimate, high, level } = interval;
    Interval { low: low * share, estimate: estimate * share, high: high * share, level }
}

fn first(points: &[Point]) -> Option<u64> {
    begin(points).map(|point| point.value)
}

/// How much of the floor's growth is that of the heap alone.
fn heap_share(readings: &Readings) -> Option<f64> {
    let heap = readings.gauge(HEAP_PART)?.per_request()?;
    let whole = readings.floor().and_then(Series::per_request).filter(|growth| *growth > 0.0)?;
    Some((heap / whole).clamp(0.0, 1.0))
}
