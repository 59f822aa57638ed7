//! Heap of a Go program after its own last collection, as `GODEBUG=gctrace=1` makes the runtime print it.
//!
//! The way for an executable that was built before, stripped or not, and serves no `/debug/pprof`. Nothing is
//! forced: the value is what the last collection left, in steps of a megabyte, and a reading is missed when
//! none happened since the one before.
//!
//! The lines never reach the user's log. They carry no process, so a service of several Go processes is
//! refused.
//!
//! The variable is given only to a command that starts an executable of Go and nothing else. It must never
//! come near a build: the toolchain is written in Go, the compiler's own trace would pass for its warnings,
//! and the `go` tool would keep them in the user's build cache and print them again in every later build.

use std::io;

use async_trait::async_trait;
use drip_model::{Runtime, Signal, Unit};
use drip_proc::{Identity, environment_value, identity, is_alive};

use super::command;
use crate::{
    Attaching, Floor, FloorSource, MeterError, Part, Reading, Start, Target, Trace, Variables, runtime_of,
};

/// Heap of a Go program after its last collection, by its trace.
pub static SOURCE: FloorSource = FloorSource {
    name: "go-gctrace",
    runtime: Runtime::Go,
    how: "the collector is made to print a line after each collection, which is kept from the service's log",
    cost: "about forty short writes for each collection; values are whole megabytes",
    prepare,
    is_ours: Some(is_ours),
    attach,
};

const WHAT: &str = "the trace of Go's collector";
const DEBUG: &str = "GODEBUG";
const TRACE: &str = "gctrace=1";
const MEGABYTE: u64 = 1 << 20;
/// A line is about 200 bytes.
const LINE_BYTES_MAX: usize = 512;

fn prepare(start: &Start<'_>) -> io::Result<Variables> {
    let builds = command::go_tool(start.command).is_some();
    let search_path = (start.existing)("PATH");
    if builds || command::executable(start.command, search_path.as_deref()).is_none() {
        return Ok(Vec::new());
    }
    let debug = (start.existing)(DEBUG).unwrap_or_default();
    if debug.contains("gctrace=") {
        return Err(io::Error::other(format!("{DEBUG} has gctrace already, whose lines belong in your log")));
    }
    let separator = if debug.is_empty() { "" } else { "," };
    Ok(vec![(DEBUG.to_owned(), format!("{debug}{separator}{TRACE}"))])
}

fn is_ours(line: &str) -> bool {
    Collection::parse(line).is_some()
}

fn attach(target: Target) -> Attaching {
    Box::pin(async move {
        let trace =
            target.trace.clone().ok_or("its collector's trace can be had only when Drip starts it")?;
        let pid = only_process(&target)?;
        let process = identity(pid).ok_or("no process of the service is left")?;
        if !environment_value(pid, DEBUG).is_some_and(|debug| debug.split(',').any(|word| word == TRACE)) {
            return Err(format!("process {pid} was not started with the trace of Go's collector"));
        }
        Ok(Box::new(TraceFloor { target, trace, process, read: 0 }) as Box<dyn Floor>)
    })
}

fn only_process(target: &Target) -> Result<u32, String> {
    let mut processes = target.scope.pids();
    processes.retain(|pid| runtime_of(*pid) == Runtime::Go);
    match processes[..] {
        [pid] => Ok(pid),
        [] => Err("no process of the service is of Go".to_owned()),
        _ => Err("several processes of Go print into one trace, which does not tell them apart".to_owned()),
    }
}

struct TraceFloor {
    target: Target,
    trace: Trace,
    process: Identity,
    /// The number of the line that was read last.
    read: u64,
}

#[async_trait]
impl Floor for TraceFloor {
    fn signal(&self) -> Signal {
        Signal::HeapAfterGc
    }

    async fn collect(&mut self) -> Result<Reading, MeterError> {
        if !is_alive(&self.process) {
            return Err(MeterError::Gone);
        }
        only_process(&self.target).map_err(|why| MeterError::protocol(WHAT, why))?;
        let line = (self.trace)().filter(|line| line.number > self.read);
        let line = line.ok_or(MeterError::NothingNew)?;
        let unreadable = || MeterError::protocol(WHAT, format!("a line of another kind: {}", line.text));
        let collection = Collection::parse(&line.text).ok_or_else(unreadable)?;
        self.read = line.number;
        Ok(collection.reading(self.process))
    }

    fn resolution(&self) -> u64 {
        MEGABYTE
    }

    async fn close(self: Box<Self>) {}
}

/// One collection, as its line tells it: `gc 7 @0.3s 2%: … ms clock, … ms cpu, 4->5->3 MB, 5 MB goal,
/// 0 MB stacks, 0 MB globals, 8 P`, with ` (forced)` behind it if it was.
#[derive(Debug, PartialEq, Eq)]
struct Collection {
    /// The last of the three sizes: what was found to be live, megabytes.
    live: u64,
    /// Megabytes; told by Go 1.18 and later.
    stacks: Option<u64>,
}

impl Collection {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim_end();
        if line.len() > LINE_BYTES_MAX {
            return None;
        }
        let (head, rest) = line.strip_prefix("gc ")?.split_once("%: ")?;
        let (number, when) = head.split_once(" @")?;
        let (seconds, percent) = when.split_once("s ")?;
        number.parse::<u64>().ok()?;
        seconds.parse::<f64>().ok()?;
        percent.parse::<u64>().ok()?;
        Self::of_fields(&rest.split(", ").collect::<Vec<_>>())
    }

    fn of_fields(fields: &[&str]) -> Option<Self> {
        let [clock, cpu, sizes, goal, more @ ..] = fields else { return None };
        let processors = more.last()?.trim_end_matches(" (forced)").strip_suffix(" P")?;
        processors.parse::<u64>().ok()?;
        let is_whole = clock.ends_with(" ms clock") && cpu.ends_with(" ms cpu") && goal.ends_with(" MB goal");
        let sizes: Option<Vec<u64>> =
            sizes.strip_suffix(" MB")?.split("->").map(|size| size.parse().ok()).collect();
        let [_, _, live] = sizes?[..] else { return None };
        let stacks = more.iter().find_map(|field| field.strip_suffix(" MB stacks")?.parse().ok());
        is_whole.then_some(Self { live, stacks })
    }

    fn reading(&self, process: Identity) -> Reading {
        let part = |name, megabytes: u64| Part { name, unit: Unit::Bytes, value: megabytes * MEGABYTE };
        let stacks = self.stacks.map(|stacks| part("stacks", stacks));
        let parts = std::iter::once(part("heap", self.live)).chain(stacks).collect();
        Reading { value: self.live * MEGABYTE, parts, processes: vec![process] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "gc 1 @0.014s 0%: 0.009+0.56+0.002 ms clock, 0.018+0/0.043/0.12+0.005 ms cpu, \
        4->5->3 MB, 5 MB goal, 2 P";
    const NEW: &str = "gc 31 @12.5s 7%: 2.3+7.0+0.005 ms clock, 4.7+1.9/6.5/0.034+0.011 ms cpu, \
        14->16->12 MB, 16 MB goal, 2 MB stacks, 0 MB globals, 2 P (forced)";

    #[test]
    fn lines_of_the_collector_are_recognised() {
        assert_eq!(Collection::parse(OLD), Some(Collection { live: 3, stacks: None }));
        assert_eq!(Collection::parse(NEW), Some(Collection { live: 12, stacks: Some(2) }));
        assert_eq!(Collection::parse(&format!("{NEW}\r")), Some(Collection { live: 12, stacks: Some(2) }));
    }

    #[test]
    fn lines_of_the_service_are_not() {
        let torn = NEW.replacen("12.5s", "12.2026/11/25 listening", 1);
        let glued = format!("{OLD}hello");
        let quoted = format!("log: {OLD}");
        let cut = &OLD[..OLD.len() - 3];
        for line in ["", "gc ", "gc stats: 4->5->3 MB", &torn, &glued, &quoted, cut, "GET /gc 1 @0.1s 2%: x"]
        {
            assert!(!is_ours(line), "{line}");
        }
    }
}
