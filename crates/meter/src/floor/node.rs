//! Live heap of Node.js: V8's inspector is opened, asked to collect, read, and closed again.
//!
//! The user's code is not touched. A Node process opens its inspector on SIGUSR1; when we start the service,
//! `--inspect-port=127.0.0.1:0` in `NODE_OPTIONS` makes that a random port of the loopback. An inspector that
//! the user opened is used and left open.
//!
//! The floor is `usedSize + external`: array buffers are part of external. In a cluster the process that owns the
//! socket may only pass connections on, so every Node process below it counts.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use drip_model::{Runtime, Signal};
use drip_proc::{Identity, identity};
use nix::sys::signal::{Signal as Posix, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::inspector::{Inspector, listens_at};
use crate::{Attaching, Existing, Floor, FloorSource, MeterError, Opened, Reading, Variables, runtime_of};

/// The floor of Node.js.
pub static SOURCE: FloorSource =
    FloorSource { name: "node-inspector", runtime: Runtime::Node, environment, attach };

const OPTIONS: &str = "NODE_OPTIONS";
const RANDOM_PORT: &str = "--inspect-port=127.0.0.1:0";
/// Until a process that got the signal listens; its event loop must come round once.
const OPEN_SECONDS_MAX: u64 = 5;
const POLL: Duration = Duration::from_millis(20);
/// Processes of one service that are read; a cluster has one for each core.
const PROCESSES_MAX: usize = 64;
/// Weak references and finalizers free some objects only in the next collection.
const COLLECTIONS: usize = 2;

fn environment(existing: Existing<'_>) -> Variables {
    let options = existing(OPTIONS).unwrap_or_default();
    if options.contains("--inspect") {
        return Vec::new();
    }
    vec![(OPTIONS.to_owned(), format!("{options} {RANDOM_PORT}").trim().to_owned())]
}

fn attach(owners: Vec<u32>) -> Attaching {
    Box::pin(async move {
        match NodeFloor::open(&owners).await {
            Ok(floor) => Opened::Yes(Box::new(floor)),
            Err(error) => Opened::No(error.to_string()),
        }
    })
}

/// One process with its inspector.
struct Isolate {
    process: Identity,
    inspector: Inspector,
    opened_by_us: bool,
}

struct NodeFloor {
    owners: Vec<u32>,
    isolates: Vec<Isolate>,
    heap_limit: Option<u64>,
}

impl NodeFloor {
    /// Attaches to every Node process; where one refuses, what was opened is closed again.
    async fn open(owners: &[u32]) -> Result<Self, MeterError> {
        let mut floor = Self { owners: owners.to_vec(), isolates: Vec::new(), heap_limit: None };
        match floor.attach().await {
            Ok(()) => Ok(floor),
            Err(error) => {
                Box::new(floor).close().await;
                Err(error)
            }
        }
    }

    async fn attach(&mut self) -> Result<(), MeterError> {
        for pid in node_processes(&self.owners) {
            self.isolates.push(Isolate::open(pid).await?);
        }
        let limit = "require('v8').getHeapStatistics().heap_size_limit";
        let first = self.isolates.first_mut().ok_or(MeterError::Gone)?;
        self.heap_limit = first.inspector.evaluate(limit).await?.as_u64();
        Ok(())
    }

    /// A worker that started since has a heap of its own, which would be missing in the sum.
    fn is_complete(&self) -> bool {
        let known = |pid: &u32| self.isolates.iter().any(|isolate| isolate.process.pid == *pid);
        node_processes(&self.owners).iter().all(known)
    }
}

/// The owners and all below them that are Node.
fn node_processes(owners: &[u32]) -> Vec<u32> {
    let mut pids: Vec<u32> = owners.iter().flat_map(|owner| drip_proc::with_descendants(*owner)).collect();
    pids.sort_unstable();
    pids.dedup();
    pids.retain(|pid| runtime_of(*pid) == Runtime::Node);
    pids.truncate(PROCESSES_MAX);
    pids
}

#[async_trait]
impl Floor for NodeFloor {
    fn signal(&self) -> Signal {
        Signal::LiveHeap
    }

    async fn collect(&mut self) -> Result<Reading, MeterError> {
        if !self.is_complete() {
            return Err(MeterError::protocol("the service", "it started further Node processes"));
        }
        let mut reading = Reading { value: 0, processes: Vec::new() };
        for isolate in &mut self.isolates {
            reading.value += isolate.collect().await?;
            reading.processes.push(isolate.process);
        }
        Ok(reading)
    }

    fn heap_limit(&self) -> Option<u64> {
        self.heap_limit
    }

    async fn close(self: Box<Self>) {
        for isolate in self.isolates {
            isolate.close().await;
        }
    }
}

impl Isolate {
    async fn open(pid: u32) -> Result<Self, MeterError> {
        let process = identity(pid).ok_or(MeterError::Gone)?;
        let (address, opened_by_us) = match existing_inspector(pid).await {
            Some(address) => (address, false),
            None => (open_inspector(pid).await?, true),
        };
        let mut isolate = Self { process, inspector: Inspector::connect(address).await?, opened_by_us };
        match isolate.inspector.call("HeapProfiler.enable", json!({})).await {
            Ok(_) => Ok(isolate),
            Err(error) => {
                isolate.close().await;
                Err(error)
            }
        }
    }

    async fn collect(&mut self) -> Result<u64, MeterError> {
        for _ in 0..COLLECTIONS {
            self.inspector.call("HeapProfiler.collectGarbage", json!({})).await?;
        }
        let usage = self.inspector.call("Runtime.getHeapUsage", json!({})).await?;
        let external = self.inspector.evaluate("process.memoryUsage().external").await?;
        Ok(bytes(&usage["usedSize"])? + bytes(&external)?)
    }

    /// The port is closed in the next turn of the event loop, after our connection was told that it was heard.
    async fn close(mut self) {
        if self.opened_by_us {
            let close = "(inspector => { setImmediate(() => inspector.close()); })(require('inspector'))";
            // A service that is gone has closed its port by itself.
            let _ = self.inspector.evaluate(close).await;
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bytes")]
fn bytes(value: &Value) -> Result<u64, MeterError> {
    let number = value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
    number
        .map(|number| number as u64)
        .ok_or_else(|| MeterError::protocol("the V8 inspector", "no size in its answer"))
}

fn listening(pid: u32) -> Vec<SocketAddr> {
    drip_proc::listeners(&[pid]).into_iter().map(|listener| listener.reachable()).collect()
}

/// Only looked for where the command line or the environment speaks of it: asking every port of a service would
/// put requests of ours into it.
async fn existing_inspector(pid: u32) -> Option<SocketAddr> {
    let arguments = drip_proc::command_line(pid).unwrap_or_default();
    let options = drip_proc::environment_value(pid, OPTIONS).unwrap_or_default();
    let spoken_of = arguments.iter().any(|argument| argument.starts_with("--inspect"))
        || options.replace(RANDOM_PORT, "").contains("--inspect");
    if !spoken_of {
        return None;
    }
    for address in listening(pid) {
        if listens_at(address).await {
            return Some(address);
        }
    }
    None
}

/// Signals the process and waits for the port that appears.
async fn open_inspector(pid: u32) -> Result<SocketAddr, MeterError> {
    let refuse = |why: &str| Err(MeterError::protocol("the V8 inspector", why));
    if !drip_proc::catches(pid, Posix::SIGUSR1 as i32) {
        return refuse("the process does not listen for SIGUSR1, which would kill it");
    }
    let before = listening(pid);
    let Ok(target) = i32::try_from(pid) else { return Err(MeterError::Gone) };
    kill(Pid::from_raw(target), Posix::SIGUSR1).map_err(|errno| MeterError::protocol("SIGUSR1", errno))?;
    let deadline = Instant::now() + Duration::from_secs(OPEN_SECONDS_MAX);
    while Instant::now() < deadline {
        if let Some(address) = listening(pid).into_iter().find(|address| !before.contains(address)) {
            return Ok(address);
        }
        tokio::time::sleep(POLL).await;
    }
    refuse("it was not opened on SIGUSR1; the port may be taken, or the service handles the signal itself")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(existing: Option<&str>) -> Variables {
        environment(&|name| existing.filter(|_| name == OPTIONS).map(str::to_owned))
    }

    #[test]
    fn options_of_the_user_are_kept() {
        assert_eq!(prepared(None), [(OPTIONS.into(), RANDOM_PORT.into())]);
        let both = format!("--max-old-space-size=400 {RANDOM_PORT}");
        assert_eq!(prepared(Some("--max-old-space-size=400")), [(OPTIONS.into(), both)]);
    }

    #[test]
    fn an_inspector_of_the_user_is_respected() {
        assert_eq!(prepared(Some("--inspect=127.0.0.1:9999")), []);
    }
}
