//! Live heap of a Java virtual machine: its own attach listener is asked to collect and to count what is
//! left.
//!
//! This is what `jcmd PID GC.class_histogram` does, spoken by hand, so no JDK is needed. Only the totals of
//! the histogram and a few counts are kept. Nothing is loaded into the JVM and no code of the user runs.
//!
//! The floor is the bytes of the objects that are left. Not in it, because they lie outside of the heap: the
//! memory of direct buffers (they are counted beside it), loaded classes (counted too), compiled code, thread
//! stacks. Growth of these shows in anonymous memory. Softly reachable objects are left too: they are a cache
//! of the user's.
//!
//! What stays: HotSpot starts its thread `Attach Listener` at the first attachment and ends it only when it
//! exits. Its socket `/tmp/.java_pidN` stays as long in a JVM that we did not start, as it does after `jcmd`.
//! In one that we started it is removed when the floor is closed; should anybody attach later, HotSpot makes
//! a new one.

mod attach;
mod histogram;
mod hotspot;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use drip_model::{Runtime, Signal, Unit};
use drip_proc::{Identity, identity, is_alive};
use tokio::time::timeout;

use self::attach::Listener;
use self::histogram::Histogram;
use crate::{Attaching, Floor, FloorSource, MeterError, Part, Reading, Start, Target, Variables};

/// The floor of a Java virtual machine.
pub static SOURCE: FloorSource = FloorSource {
    name: "jvm-attach",
    runtime: Runtime::Jvm,
    how: "HotSpot's attach listener is asked for a histogram of the live objects, as jcmd does",
    cost: "nothing while requests run; one to five full collections for a reading; \
        one idle thread afterwards",
    prepare,
    is_ours: None,
    attach,
};

const WHAT: &str = "the JVM";
/// A full collection and a walk of 4 GB in 40 million objects take 5 to 10 s on two cores, a further round
/// twice that.
const COLLECT_SECONDS_MAX: u64 = 60;
/// No further round begins after this: what is left of the references then is noise, and time is dear.
const SETTLE_MAX: Duration = Duration::from_secs(2);
/// Until the JVM's threads for finalizers and cleaners had their turn; twice as long in each round without
/// effect.
const SETTLE_PAUSE: Duration = Duration::from_millis(20);
/// Of two full collections each, which makes four: see HotSpot's `MarkSweepAlwaysCompactCount`.
const STILL_ROUNDS: u32 = 2;
/// Growth that is not looked into: a few bytes a request.
const BYTES_SLACK: u64 = 16 << 10;
/// References that come and go without saying anything; one holds some hundred bytes.
const REFERENCES_SLACK: u64 = 64;

/// A running JVM is attached to as it is.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every floor")]
fn prepare(_start: &Start<'_>) -> std::io::Result<Variables> {
    Ok(Vec::new())
}

fn attach(target: Target) -> Attaching {
    Box::pin(async move {
        match JvmFloor::open(target).await {
            Ok(floor) => Ok(Box::new(floor) as Box<dyn Floor>),
            Err(error) => Err(error.to_string()),
        }
    })
}

/// One JVM.
struct Machine {
    process: Identity,
    listener: Listener,
    /// The last reading.
    last: Option<Histogram>,
}

struct JvmFloor {
    target: Target,
    machines: Vec<Machine>,
    /// JVMs that refuse and do not own the service's socket.
    left_out: Vec<u32>,
    heap_limit: Option<u64>,
}

impl JvmFloor {
    async fn open(target: Target) -> Result<Self, MeterError> {
        let mut floor = Self { target, machines: Vec::new(), left_out: Vec::new(), heap_limit: None };
        match floor.attach().await {
            Ok(()) => Ok(floor),
            Err(error) => {
                Box::new(floor).close().await;
                Err(error)
            }
        }
    }

    /// The JVMs that own the socket must accept. One below them that refuses is left out: it may be a tool
    /// that the service runs, and its anonymous memory is read anyway. A launcher (Maven, Gradle) is above
    /// them and not read.
    async fn attach(&mut self) -> Result<(), MeterError> {
        let mut refusal = MeterError::Gone;
        let mut pids = self.target.processes(Runtime::Jvm);
        if pids.is_empty() {
            // They may not be read, which is a better reason than that there are none.
            pids.clone_from(&self.target.owners);
        }
        for pid in pids {
            match Machine::open(pid).await {
                Ok(machine) => self.machines.push(machine),
                Err(error) if self.target.owners.contains(&pid) => return Err(error),
                Err(error) => {
                    self.left_out.push(pid);
                    refusal = error;
                }
            }
        }
        let owners = &self.target.owners;
        let owner = self.machines.iter().find(|machine| owners.contains(&machine.process.pid));
        let first = owner.or(self.machines.first()).ok_or(refusal)?;
        self.heap_limit = first.heap_limit().await?;
        Ok(())
    }

    /// A JVM that started since has a heap of its own, which would be missing in the sum.
    fn is_complete(&self) -> bool {
        let known = |pid: &u32| {
            self.left_out.contains(pid) || self.machines.iter().any(|machine| machine.process.pid == *pid)
        };
        self.target.processes(Runtime::Jvm).iter().all(known)
    }
}

#[async_trait]
impl Floor for JvmFloor {
    fn signal(&self) -> Signal {
        Signal::LiveHeap
    }

    async fn collect(&mut self) -> Result<Reading, MeterError> {
        if !self.is_complete() {
            return Err(MeterError::protocol("the service", "it started further Java processes"));
        }
        // One that is no owner may end when it likes.
        let owners = &self.target.owners;
        self.machines.retain(|machine| owners.contains(&machine.process.pid) || is_alive(&machine.process));
        let (mut sum, mut processes) = (Histogram::default(), Vec::new());
        for machine in &mut self.machines {
            sum.add(&machine.collect().await?);
            processes.push(machine.process);
        }
        Ok(Reading { value: sum.bytes, parts: parts(&sum), processes })
    }

    fn heap_limit(&self) -> Option<u64> {
        self.heap_limit
    }

    async fn close(self: Box<Self>) {
        let started_by_us = self.target.folder.is_some();
        for machine in self.machines {
            machine.listener.leave(&machine.process, started_by_us);
        }
    }
}

impl Machine {
    async fn open(pid: u32) -> Result<Self, MeterError> {
        let process = identity(pid).ok_or(MeterError::Gone)?;
        let listener = Listener::open(&process).await?;
        Ok(Self { process, listener, last: None })
    }

    async fn ask(&self, words: &[&str]) -> Result<String, MeterError> {
        let answer = self.listener.ask(&self.process, words).await;
        if is_alive(&self.process) { answer } else { Err(MeterError::Gone) }
    }

    async fn collect(&mut self) -> Result<Histogram, MeterError> {
        let late = |_| MeterError::Timeout { what: WHAT, seconds: COLLECT_SECONDS_MAX };
        let bound = Duration::from_secs(COLLECT_SECONDS_MAX);
        let histogram = timeout(bound, self.settle()).await.map_err(late)??;
        self.last = Some(histogram);
        Ok(histogram)
    }

    /// A histogram that is like the last reading is taken as it is. Otherwise some of it may be about to go:
    /// what finalizers and cleaners hold is freed by threads of the JVM after a collection, and by the next
    /// one; and Serial and G1 leave dead objects where moving the others is not worth it, which a histogram
    /// counts, in all but every fourth full collection. So it is collected until the references stood still
    /// that long.
    async fn settle(&self) -> Result<Histogram, MeterError> {
        let (begun, mut before, mut still) = (Instant::now(), None, 0);
        loop {
            let now = self.histogram().await?;
            still = if is_near(before, now.references) { still + 1 } else { 0 };
            let last = self.last.map(|last| last.references);
            let is_like_last = self.last.is_some_and(|last| now.bytes <= last.bytes + BYTES_SLACK);
            let is_settled = is_like_last && is_near(last, now.references) || still == STILL_ROUNDS;
            if is_settled || begun.elapsed() >= SETTLE_MAX {
                return Ok(now);
            }
            before = Some(now.references);
            let pause = if is_near(last, now.references) { Duration::ZERO } else { SETTLE_PAUSE };
            self.free_references(pause * 2_u32.pow(still)).await?;
        }
    }

    /// The collection of a histogram is not enough: with some collectors it does not wake the threads that
    /// free.
    async fn free_references(&self, pause: Duration) -> Result<(), MeterError> {
        self.ask(&["jcmd", "GC.run"]).await?;
        tokio::time::sleep(pause).await;
        // Helps the finalizer's thread; a JVM that does not know the command has the pause.
        let _ = self.ask(&["jcmd", "GC.run_finalization"]).await;
        Ok(())
    }

    /// Collects and counts.
    async fn histogram(&self) -> Result<Histogram, MeterError> {
        let text = self.ask(&["jcmd", "GC.class_histogram"]).await?;
        Histogram::parse(&text).ok_or_else(|| MeterError::protocol(WHAT, "its histogram was not understood"))
    }

    /// The most that the heap may grow to, bytes.
    async fn heap_limit(&self) -> Result<Option<u64>, MeterError> {
        let bound = Duration::from_secs(COLLECT_SECONDS_MAX);
        let late = |_| MeterError::Timeout { what: WHAT, seconds: COLLECT_SECONDS_MAX };
        let answer = timeout(bound, self.ask(&["printflag", "MaxHeapSize"])).await.map_err(late)??;
        Ok(answer.trim().strip_prefix("-XX:MaxHeapSize=").and_then(|bytes| bytes.parse().ok()))
    }
}

fn is_near(before: Option<u64>, now: u64) -> bool {
    before.is_some_and(|before| before.abs_diff(now) <= REFERENCES_SLACK)
}

fn parts(sum: &Histogram) -> Vec<Part> {
    vec![
        Part { name: "live heap", unit: Unit::Bytes, value: sum.bytes },
        Part { name: "objects", unit: Unit::Count, value: sum.objects },
        Part { name: "classes", unit: Unit::Count, value: sum.classes },
        Part { name: "direct buffers", unit: Unit::Count, value: sum.direct_buffers },
    ]
}
