//! Live heap of a Go program that serves `net/http/pprof`, on the service's port or on one of its own.
//!
//! `/debug/pprof/heap?gc=1&debug=1` collects and prints the runtime's own counters below the profile; it is
//! asked twice, since finalizers and pools let go only in the next collection. Nothing of the profile above
//! them is kept.
//!
//! Only programs that have the package linked in are asked, so that no other service finds strange requests
//! in its log. One connection is used for a reading and closed after it; it is part of the value, the same
//! each time. The goroutines that answer us are counted too.

use std::net::SocketAddr;
use std::path::PathBuf;

use async_trait::async_trait;
use drip_model::{Runtime, Signal};
use drip_proc::{Identity, Listener, identity, is_alive};

use super::get::{Connection, Page};
use super::{Live, binary, reading};
use crate::{Attaching, Floor, FloorSource, MeterError, Reading, Start, Target, Variables};

/// Live heap of a Go program that serves `net/http/pprof`.
pub static SOURCE: FloorSource = FloorSource {
    name: "go-pprof",
    runtime: Runtime::Go,
    how: "the service's own /debug/pprof is asked to collect and to tell its counters",
    cost: "nothing while requests run; two full collections and three requests for a reading",
    prepare,
    is_ours: None,
    attach,
};

const WHAT: &str = "/debug/pprof of the service";
const HEAP: &str = "/debug/pprof/heap?gc=1&debug=1";
const GOROUTINES: &str = "/debug/pprof/goroutine?debug=1";
/// A profile has one line for each place that allocates; the largest are a few megabytes.
const PAGE_BYTES_MAX: usize = 64 << 20;
/// A full collection of a heap of gigabytes takes seconds.
const PAGE_SECONDS_MAX: u64 = 30;
/// Whether it is there at all must be known sooner: a port may speak something else and stay silent.
const PROBE_SECONDS_MAX: u64 = 3;
/// Ports of one process that are tried.
const PORTS_MAX: usize = 16;

fn prepare(_start: &Start<'_>) -> std::io::Result<Variables> {
    Ok(Vec::new())
}

fn attach(target: Target) -> Attaching {
    Box::pin(async move {
        let mut endpoints = Vec::new();
        let processes = target.processes(Runtime::Go);
        for pid in &processes {
            match Endpoint::find(*pid, &target, &processes).await {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(why) if target.owners.contains(pid) => return Err(why),
                // It does not answer requests, so what it keeps is not the service's.
                Err(_) => {}
            }
        }
        if endpoints.is_empty() {
            return Err("no process of the service serves /debug/pprof".to_owned());
        }
        Ok(Box::new(PprofFloor { target, endpoints }) as Box<dyn Floor>)
    })
}

/// One process, and where it answers.
struct Endpoint {
    process: Identity,
    address: SocketAddr,
}

impl Endpoint {
    async fn find(pid: u32, target: &Target, all: &[u32]) -> Result<Self, String> {
        let process = identity(pid).ok_or("no process of the service is left")?;
        if !binary::links_pprof(&PathBuf::from(format!("/proc/{pid}/exe"))) {
            return Err(format!("process {pid} does not have net/http/pprof built in"));
        }
        let addresses = addresses_of(pid, target, all);
        if addresses.is_empty() {
            return Err(format!("process {pid} shares its port with others, so none can be asked alone"));
        }
        for address in addresses {
            if serves_pprof(address).await {
                return Ok(Self { process, address });
            }
        }
        Err(format!("process {pid} has net/http/pprof built in but does not serve /debug/pprof without more"))
    }

    async fn collect(&self) -> Result<Live, MeterError> {
        if !is_alive(&self.process) {
            return Err(MeterError::Gone);
        }
        let mut connection = Connection::open(WHAT, self.address).await?;
        connection.get(HEAP, PAGE_BYTES_MAX, PAGE_SECONDS_MAX).await?;
        let heap = connection.get(HEAP, PAGE_BYTES_MAX, PAGE_SECONDS_MAX).await?;
        let goroutines = connection.get(GOROUTINES, PAGE_BYTES_MAX, PAGE_SECONDS_MAX).await?;
        let [heap_alloc, stacks] = ["HeapAlloc", "Stack"].map(|name| counter(&heap, name));
        let missing = || MeterError::protocol(WHAT, "it did not tell the runtime's counters");
        Ok(Live {
            heap: heap_alloc.ok_or_else(missing)?,
            stacks: stacks.ok_or_else(missing)?,
            goroutines: goroutine_count(&goroutines).ok_or_else(missing)?,
        })
    }
}

/// Where this process alone answers, the service's own port first. Requests to a port that several processes
/// accept on go to any of them.
fn addresses_of(pid: u32, target: &Target, all: &[u32]) -> Vec<SocketAddr> {
    if !shares_our_network(pid) {
        // Its loopback is another one than ours; only the service's address leads to it.
        return if target.owners == [pid] { vec![target.address] } else { Vec::new() };
    }
    let listeners = drip_proc::listeners(all);
    let is_shared =
        |own: &Listener| listeners.iter().any(|other| other.pid != pid && other.address == own.address);
    let alone = listeners.iter().filter(|own| own.pid == pid && !is_shared(own)).map(Listener::reachable);
    let near = |address: &SocketAddr| address.ip().is_loopback() || address.ip() == target.address.ip();
    let mut addresses: Vec<SocketAddr> = alone.filter(near).collect();
    addresses.sort_by_key(|address| address.port() != target.address.port());
    addresses.dedup();
    addresses.truncate(PORTS_MAX);
    addresses
}

fn shares_our_network(pid: u32) -> bool {
    let network = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net")).ok();
    network(&pid.to_string()) == network("self")
}

/// A page for every path, as many frontends have it, is not a profile.
async fn serves_pprof(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(WHAT, address).await else { return false };
    let page = connection.get(GOROUTINES, PAGE_BYTES_MAX, PROBE_SECONDS_MAX).await;
    page.is_ok_and(|page| goroutine_count(&page).is_some())
}

/// `# HeapAlloc = 123` or `# Stack = 123 / 456`, of which the first number is meant.
fn counter(page: &Page, name: &str) -> Option<u64> {
    let is_profile = page.status == 200 && page.text.starts_with("heap profile: ");
    let beginning = format!("# {name} = ");
    let value = page.text.lines().rev().find_map(|line| line.strip_prefix(&beginning))?;
    value.split(' ').next().filter(|_| is_profile)?.parse().ok()
}

fn goroutine_count(page: &Page) -> Option<u64> {
    let count = page.text.lines().next()?.strip_prefix("goroutine profile: total ")?;
    if page.status == 200 { count.trim().parse().ok() } else { None }
}

struct PprofFloor {
    target: Target,
    endpoints: Vec<Endpoint>,
}

impl PprofFloor {
    /// A process that started to listen since has a heap of its own, which would be missing in the sum.
    fn is_complete(&self) -> bool {
        let known = |pid: &u32| self.endpoints.iter().any(|endpoint| endpoint.process.pid == *pid);
        let processes = self.target.processes(Runtime::Go);
        let listeners = drip_proc::listeners(&processes);
        let port = self.target.address.port();
        let mut answering = listeners.iter().filter(|listener| listener.address.port() == port);
        answering.all(|listener| known(&listener.pid))
    }
}

#[async_trait]
impl Floor for PprofFloor {
    fn signal(&self) -> Signal {
        Signal::LiveHeap
    }

    async fn collect(&mut self) -> Result<Reading, MeterError> {
        if !self.is_complete() {
            return Err(MeterError::protocol("the service", "it started further Go processes"));
        }
        let mut processes = Vec::new();
        for endpoint in &self.endpoints {
            processes.push((endpoint.process, endpoint.collect().await?));
        }
        Ok(reading(&processes))
    }

    async fn close(self: Box<Self>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "heap profile: 4: 5408 [27: 65536] @ heap/1048576\n1: 4096 [1: 4096] @ 0x4a \n\n\
        # runtime.MemStats\n# Alloc = 300\n# HeapAlloc = 123456\n# HeapObjects = 77\n\
        # Stack = 360448 / 400000\n";

    fn page(status: u16, text: &str) -> Page {
        Page { status, text: text.to_owned() }
    }

    #[test]
    fn the_counters_below_a_profile_are_read() {
        let profile = page(200, PROFILE);
        assert_eq!(counter(&profile, "HeapAlloc"), Some(123_456));
        assert_eq!(counter(&profile, "Stack"), Some(360_448));
        assert_eq!(counter(&profile, "Heap"), None);
        assert_eq!(goroutine_count(&page(200, "goroutine profile: total 17\n1 @ 0x4a\n")), Some(17));
    }

    #[test]
    fn anything_else_is_no_profile() {
        for other in [page(404, PROFILE), page(200, "<html># HeapAlloc = 12\n"), page(200, "")] {
            assert_eq!(counter(&other, "HeapAlloc"), None, "{}", other.text);
        }
        let html = "<html>goroutine profile: total 4";
        for other in [page(401, "goroutine profile: total 4"), page(200, html), page(200, "")] {
            assert_eq!(goroutine_count(&other), None, "{}", other.text);
        }
    }
}
