//! What a run is asked to do, settled and checked.

use std::path::PathBuf;
use std::time::Duration;

use drip_drive::Trust;
use drip_model::{Origin, Runtime, Settings, Vector};

use crate::reach::Reach;

/// A service that we start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Program and arguments.
    pub command: Vec<String>,
    /// The port it listens on, when the user named it.
    pub port: Option<u16>,
    /// Asked until it answers; any answer counts unless the user named the path.
    pub ready_path: Option<String>,
    /// How long it may take until it answers.
    pub ready_time_max: Duration,
    /// Variables of our own environment that it must not have.
    pub withheld: Vec<String>,
    /// Where its output goes.
    pub log: PathBuf,
    /// Our own executable, which becomes the guard of the service.
    pub guard: PathBuf,
}

/// Where the service comes from.
#[derive(Debug, Clone)]
pub enum Place {
    /// We start it.
    Launch(Launch),
    /// It runs already.
    Running {
        /// Where it answers.
        origin: Origin,
        /// A process of it on this machine, the root of its tree.
        pid: Option<u32>,
    },
}

/// How a description is known that a service publishes.
#[derive(Debug, Clone, Copy)]
pub struct Describes {
    /// Paths where one may be.
    pub places: &'static [&'static str],
    /// How many endpoints the page of a path describes; none if it is no description.
    pub endpoints: fn(&str, &[u8]) -> usize,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Unique.
    pub id: String,
    /// The service.
    pub place: Place,
    /// What to ask; at least one.
    pub vectors: Vec<Vector>,
    /// How much, how long, reckoned with what.
    pub settings: Settings,
    /// Whether we may attach to the runtime to force collections.
    pub attach: bool,
    /// Whether a library may be preloaded into a native service.
    pub preload: bool,
    /// The runtime, when the user knows better.
    pub runtime: Option<Runtime>,
    /// How it is reached.
    pub reach: Reach,
    /// Whom TLS believes, and who we are to the service.
    pub trust: Trust,
    /// Whether requests carry credentials: a leak behind them costs an attacker more.
    pub credentials: bool,
    /// What to look for where the user may not know that there is more to ask.
    pub describes: Option<Describes>,
    /// Whether it is also sent what hurts a service without limits.
    pub probes: bool,
    /// Whether users or rate, and the number of requests, were stated by the user: load on a host that is not this
    /// machine is never a default.
    pub load_is_explicit: bool,
}
