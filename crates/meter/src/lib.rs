//! Memory sources, and floors that force a collection before they read.
//!
//! A [`Meter`] only looks, as often as anybody likes. A [`Floor`] acts on the service and is used only while no
//! request is in flight. Nothing here judges, and nothing here sends load.

mod error;
pub mod floor;
mod prepare;
mod runtime;
mod scope;
pub mod source;
mod target;
pub mod telemetry;

use async_trait::async_trait;
use drip_model::{Runtime, Signal, Unit};
use drip_proc::Identity;

pub use error::MeterError;
pub use floor::{FLOORS, is_inspector};
pub use prepare::{Existing, FOLDER_VARIABLE, Prepared, Start, Variables, make_sockets, prepare, sockets};
pub use runtime::runtime_of;
pub use scope::Scope;
pub use target::{Target, Trace, TraceLine};

/// One reading of a memory source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Bytes or things, by the signal's unit.
    pub value: u64,
    /// What the value is made of, and what else was counted at the same moment.
    pub parts: Vec<Part>,
    /// The processes that were read: a change of identity is a restart, a fall in memory is not.
    pub processes: Vec<Identity>,
}

/// One figure beside the value of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// As people know it: `heap used`, `array buffers`, `goroutines`.
    pub name: &'static str,
    /// Bytes or things.
    pub unit: Unit,
    /// How many.
    pub value: u64,
}

/// A source that only looks.
#[async_trait]
pub trait Meter: Send + Sync {
    /// What it reads.
    fn signal(&self) -> Signal;

    /// Reads once.
    ///
    /// # Errors
    /// When the process is gone or its figures cannot be read.
    async fn read(&self) -> Result<Reading, MeterError>;
}

/// A source that forces a collection and reads what is left.
#[async_trait]
pub trait Floor: Send {
    /// What it reads.
    fn signal(&self) -> Signal;

    /// Collects, then reads. Call it only while no request is in flight.
    ///
    /// # Errors
    /// When the process is gone or does not answer within a bounded time.
    async fn collect(&mut self) -> Result<Reading, MeterError>;

    /// The runtime's own heap limit, bytes.
    fn heap_limit(&self) -> Option<u64> {
        None
    }

    /// The step in which its values move, bytes: differences below it mean nothing.
    fn resolution(&self) -> u64 {
        1
    }

    /// Leaves the service as it was found.
    async fn close(self: Box<Self>);
}

/// A floor that is ready to be used; or, in a sentence fragment, why it cannot be had here.
pub type Opened = Result<Box<dyn Floor>, String>;

/// An attachment under way.
pub type Attaching = std::pin::Pin<Box<dyn Future<Output = Opened> + Send>>;

/// One way in which the floor of a runtime is had.
pub struct FloorSource {
    /// Stable name, for messages, reports and documentation: `node-inspector`.
    pub name: &'static str,
    /// Whose floor it is.
    pub runtime: Runtime,
    /// What is done, in a sentence fragment: `V8's inspector is opened on the loopback for a reading`.
    pub how: &'static str,
    /// What that costs the service, in a sentence fragment.
    pub cost: &'static str,
    /// What must stand in the service's environment when we start it. Files that it needs go to the folder of the
    /// start.
    pub prepare: fn(&Start<'_>) -> std::io::Result<Variables>,
    /// Which lines of the service's output were caused by what was prepared, and are kept from its log; `None` when
    /// it prints nothing.
    pub is_ours: Option<fn(line: &str) -> bool>,
    /// Attaches to the processes of the service.
    pub attach: fn(Target) -> Attaching,
}

/// A floor in use, and where it comes from.
pub struct Attached {
    /// Which way was taken.
    pub source: &'static FloorSource,
    /// The floor.
    pub floor: Box<dyn Floor>,
    /// Better ways that could not be taken, each with its reason.
    pub passed_over: Vec<String>,
}

/// Attaches to the first floor of the runtime that can be had, in the order of [`FLOORS`].
///
/// # Errors
/// Why none can be had, in a sentence fragment.
pub async fn attach(runtime: Runtime, target: &Target) -> Result<Attached, String> {
    let mut passed_over = Vec::new();
    for source in FLOORS.iter().filter(|source| source.runtime == runtime) {
        match (source.attach)(target.clone()).await {
            Ok(floor) => return Ok(Attached { source, floor, passed_over }),
            Err(reason) => passed_over.push(reason),
        }
    }
    if passed_over.is_empty() {
        return Err(format!("no way to force a collection in {runtime} is known yet"));
    }
    Err(passed_over.join("; "))
}
