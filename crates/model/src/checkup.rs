//! What can be measured on a machine, and of one service on it.

use std::time::Duration;

use crate::place::Runtime;
use crate::report::FloorUsed;
use crate::series::{Gauge, Signal};

/// The answer of `drip doctor`.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkup {
    /// The machine.
    pub machine: Machine,
    /// Every way to read live memory that is known, by runtime, the better ones first.
    pub floors: Vec<KnownFloor>,
    /// The service, when one was given.
    pub service: Option<ServiceSeen>,
}

/// The machine that Drip runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Bytes.
    pub memory_total: Option<u64>,
    /// Bytes that could be had without swapping.
    pub memory_available: Option<u64>,
    /// The memory limit of the cgroup that Drip itself is in, bytes, and which one it is.
    pub container_limit: Option<(u64, String)>,
    /// Whether proportional shares can be read, so that memory shared by forked workers counts once.
    pub shares_are_told: bool,
}

/// A way to read the live memory of a runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFloor {
    /// Whose.
    pub runtime: Runtime,
    /// Stable name.
    pub name: &'static str,
    /// What is done, in a sentence fragment.
    pub how: &'static str,
    /// What it costs the service, in a sentence fragment.
    pub cost: &'static str,
    /// The program of this runtime in `PATH`, where there is one.
    pub program: Option<String>,
}

/// One process of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessSeen {
    /// Its number.
    pub pid: u32,
    /// The file name of its executable.
    pub name: String,
    /// What runs in it.
    pub runtime: Runtime,
    /// Whether it owns the service's socket.
    pub listens: bool,
}

/// One memory limit of a service, and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitSeen {
    /// Which one.
    pub what: String,
    /// Bytes.
    pub bytes: u64,
    /// Bytes.
    pub used: u64,
}

/// What a run could read of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceSeen {
    /// Where it answers.
    pub url: String,
    /// Why what is read may not be the service.
    pub stranger: Option<String>,
    /// Its processes.
    pub processes: Vec<ProcessSeen>,
    /// The signal that a verdict would rest on.
    pub signal: Option<Signal>,
    /// How live memory is read; `None` where it is not.
    pub floor: Option<FloorUsed>,
    /// Why live memory cannot be read, or was not read in the end.
    pub refused: Option<String>,
    /// The signal's last value, bytes.
    pub value: Option<u64>,
    /// The longest of some readings.
    pub longest_reading: Option<Duration>,
    /// Parts and counts, read at rest.
    pub gauges: Vec<Gauge>,
    /// Limits, the one that is nearest first.
    pub limits: Vec<LimitSeen>,
}
