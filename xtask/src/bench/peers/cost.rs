//! What a program costs while it runs: processor time and the most memory that it held.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::failure::Failure;
use crate::program;

/// Between two looks at its memory.
const LOOK: Duration = Duration::from_millis(50);

/// What one run cost.
#[derive(Debug, Clone)]
pub(super) struct Cost {
    pub(super) cpu_seconds: f64,
    pub(super) seconds: f64,
    /// Resident memory at each look, in bytes.
    pub(super) memory: Vec<f64>,
    pub(super) printed: String,
}

impl Cost {
    pub(super) fn peak(&self) -> f64 {
        self.memory.iter().copied().fold(0.0, f64::max)
    }
}

/// Runs a program to its end.
pub(super) fn measure(mut command: Command, what: &str) -> Result<Cost, Failure> {
    let (start, before) = (Instant::now(), children_cpu(what)?);
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = started.map_err(|error| program::not_started(&command, what, &error))?;
    let memory = watch(&mut child, what)?;
    // It has ended, and what these programs print fits into a pipe.
    let output = child.wait_with_output().map_err(|error| Failure::step(what, error))?;
    if !output.status.success() {
        return Err(Failure::step(what, output.status));
    }
    Ok(Cost {
        cpu_seconds: children_cpu(what)? - before,
        seconds: start.elapsed().as_secs_f64(),
        memory,
        printed: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

fn watch(child: &mut Child, what: &str) -> Result<Vec<f64>, Failure> {
    let mut memory = Vec::new();
    while child.try_wait().map_err(|error| Failure::step(what, error))?.is_none() {
        memory.extend(resident(child.id()));
        std::thread::sleep(LOOK);
    }
    Ok(memory)
}

fn resident(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? * 1024.0)
}

/// Of all children that have ended and were waited for.
fn children_cpu(what: &str) -> Result<f64, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| Failure::step(what, error))?;
    Ok((usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6)
}
