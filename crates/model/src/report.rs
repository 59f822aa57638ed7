//! All that a run found, before anybody renders it.

use std::time::{Duration, SystemTime};

use crate::finding::Finding;
use crate::latency::LatencyWindow;
use crate::outcome::{Doubt, Evidence, ToLimit, Verdict};
use crate::place::Runtime;
use crate::series::{Gauge, Series};
use crate::symptom::Symptom;
use crate::tally::Tally;
use crate::target::{Origin, Protocol};
use crate::undo::Undone;
use crate::vector::{Pattern, VectorId};

/// How far the run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// To its end.
    Completed,
    /// It was interrupted; what is there is true, more was planned.
    Partial,
    /// It could not be done.
    Failed,
}

impl Status {
    /// As documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// One vector and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Position in the plan.
    pub vector: VectorId,
    /// `GET /data`.
    pub endpoint: String,
    /// What changed between requests.
    pub pattern: Pattern,
    /// The verdict.
    pub verdict: Verdict,
    /// All requests completed for this vector, warm-up included.
    pub requests: u64,
    /// What came back.
    pub tally: Tally,
    /// What the verdict rests on; `None` when no signal could be judged.
    pub evidence: Option<Evidence>,
    /// What other signals said.
    pub others: Vec<Evidence>,
    /// Time to the limit, where memory grows.
    pub to_limit: Option<ToLimit>,
    /// Why it is not surer.
    pub doubts: Vec<Doubt>,
    /// Every reading.
    pub series: Vec<Series>,
    /// What was read beside them.
    pub gauges: Vec<Gauge>,
    /// What reading and answering cost the service.
    pub service_cost: ServiceCost,
    /// Whether doses after the verdict bore it out; `None` where none were played.
    pub confirmed: Option<bool>,
    /// What a scan that cannot see memory noticed.
    pub symptoms: Vec<Symptom>,
    /// Latencies of its doses, in their order.
    pub latencies: Vec<LatencyWindow>,
    /// With how many other vectors it was asked, where the evidence is of all of them together.
    pub asked_with: Option<usize>,
    /// How far what its requests made was deleted again before memory was read.
    pub undone: Option<Undone>,
}

/// What a vector cost the service, as far as it could be seen.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServiceCost {
    /// Its processor time for one request of the judged doses, seconds; readings left out.
    pub cpu_seconds_per_request: Option<f64>,
    /// The longest reading of its live memory, during which it may have stood still.
    pub longest_reading: Option<Duration>,
}

/// The service under test, as far as it could be seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Service {
    /// The command, when we started it.
    pub command: Vec<String>,
    /// The process that owns the service's socket.
    pub pid: Option<u32>,
    /// Its runtime.
    pub runtime: Option<Runtime>,
    /// Which HTTP was spoken with it, once it has answered.
    pub protocol: Option<Protocol>,
    /// How its live memory was read.
    pub floor: Option<FloorUsed>,
    /// Where its output went.
    pub log: Option<String>,
    /// Its last lines of output; filled when it died.
    pub last_output: Vec<String>,
}

/// The way in which live memory was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FloorUsed {
    /// Stable name: `node-inspector`.
    pub name: String,
    /// What is done, in a sentence fragment.
    pub how: String,
    /// Better ways that could not be taken, with their reasons.
    pub passed_over: Vec<String>,
}

/// What the run was asked to do, secrets left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Concurrent users.
    pub users: u32,
    /// Threads that send their requests.
    pub threads: u32,
    /// Requests per second, when a rate was asked for.
    pub rate: Option<f64>,
    /// Time that the run may take.
    pub budget: Duration,
    /// Requests that the run may send.
    pub requests_max: Option<u64>,
    /// The randomness of slots.
    pub seed: u64,
    /// Length of one unit dose.
    pub dose: Duration,
    /// Whether memory is judged while requests come, without doses, rests or collections.
    pub continuous: bool,
    /// What a cache may hold, when stated by the user.
    pub assume_cache: Option<u64>,
    /// The memory limit to reckon with, when stated by the user.
    pub limit: Option<u64>,
    /// The rate that time to the limit is reckoned at.
    pub rate_expected: f64,
    /// A host that the user declared to own.
    pub owned_host: Option<String>,
}

/// Where a grade comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GradeBasis {
    /// Memory was measured.
    Memory,
    /// Only symptoms were.
    Symptoms,
}

impl GradeBasis {
    /// As documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Symptoms => "symptoms",
        }
    }
}

/// Points and letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// 0 to 100.
    pub points: u8,
    /// A, B, C, D or F.
    pub grade: char,
    /// What it rests on.
    pub basis: GradeBasis,
}

/// What we ourselves cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Footprint {
    /// Requests sent in all.
    pub requests: u64,
    /// Our own user and system time.
    pub cpu_seconds: f64,
    /// Our own highest resident set.
    pub peak_rss_bytes: u64,
    /// From start to end.
    pub wall_seconds: f64,
}

/// The whole result of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Unique.
    pub id: String,
    /// How far it came.
    pub status: Status,
    /// Where the requests went.
    pub origin: Origin,
    /// The service, as far as it could be seen.
    pub service: Service,
    /// What was asked for.
    pub settings: Settings,
    /// Begin.
    pub created_at: SystemTime,
    /// End.
    pub completed_at: SystemTime,
    /// One for each vector.
    pub outcomes: Vec<Outcome>,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// `None` when nothing was measured.
    pub score: Option<Score>,
    /// What concerns the whole run rather than one vector.
    pub doubts: Vec<Doubt>,
    /// What we ourselves cost.
    pub footprint: Footprint,
}

impl Report {
    /// The worst verdict of all vectors; `None` without a vector.
    pub fn worst(&self) -> Option<&Outcome> {
        self.outcomes.iter().min_by_key(|outcome| outcome.verdict.badness_rank())
    }
}
