//! The wire form `drip.report/1`: what leaves the process, and what a saved result is read back from.
//!
//! Names and meanings here are a promise to other programs. Within version 1 a field may be added, never renamed,
//! removed or given another meaning. No number is made here; they come from the report.

mod compose;
mod thin;
mod vocabulary;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use compose::document;
pub use thin::{GAPS_PER_SERIES_MAX, POINTS_PER_SERIES_MAX};
pub use vocabulary::{
    Category, Confidence, GradeBasis, Growth, Runtime, Severity, Signal, Stage, Status, Unit, Verdict,
};

/// The name and version of the wire form.
pub const SCHEMA: &str = "drip.report/1";

/// The whole result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Name and version of this wire form.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// Unique.
    pub id: String,
    /// How far the run came.
    pub status: Status,
    /// Where the requests went.
    pub url: String,
    /// The worst verdict of all vectors; absent without a vector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// 0 to 100; absent when nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    pub score: Option<u8>,
    /// A, B, C, D or F; absent when nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<char>,
    /// What score and grade rest on; absent when nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade_basis: Option<GradeBasis>,
    /// The version of the scoring rules.
    pub scoring: u32,
    /// Begin of the run.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub created_at: Timestamp,
    /// End of the run.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub completed_at: Timestamp,
    /// The service under test, as far as it could be seen.
    pub service: Service,
    /// What the run was asked to do.
    pub settings: Settings,
    /// How to ask for the same once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// What of a description or plan was left out, and why; of very many, the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_tested: Vec<NotTested>,
    /// Where the run took place.
    pub environment: Environment,
    /// What concerns the whole run rather than one vector.
    pub doubts: Vec<Doubt>,
    /// One for each endpoint and pattern.
    pub vectors: Vec<Vector>,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// What the tool itself cost.
    pub footprint: Footprint,
    /// Who was to be told of the result, and whether that could be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notifications: Vec<Notification>,
}

/// A channel that was to tell of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notification {
    /// `slack`, `webhook`, …
    pub channel: String,
    /// Whether it took the message.
    pub delivered: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it did not take the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The service under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// The command, when the run started it; else empty.
    pub command: Vec<String>,
    /// The process that owns the service's socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Its runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Runtime>,
    /// Which HTTP was spoken with it, as `HTTP/2`; absent when it never answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// How its live memory was read; absent when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// Where its output went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Its last lines of output; filled when it died.
    pub last_output: Vec<String>,
}

/// The way in which live memory was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Floor {
    /// Stable name: `node-inspector`, `python-hook`, …
    pub name: String,
    /// What is done.
    pub how: String,
    /// Better ways that could not be taken, with their reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
}

/// What the run was asked to do, secrets left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Concurrent users.
    pub users: u32,
    /// Threads that sent their requests, where it was more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// Requests per second, when a rate was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Time that the run may take.
    pub budget_seconds: f64,
    /// Requests that the run may send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_max: Option<u64>,
    /// The randomness of slots.
    pub seed: u64,
    /// Length of one dose of requests.
    pub dose_seconds: f64,
    /// Memory was judged while requests came, without doses, rests or collections.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continuous: bool,
    /// What a cache may hold, when the user stated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assume_cache_bytes: Option<u64>,
    /// The memory limit to reckon with, when the user stated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
    /// The rate that time to the limit is reckoned at.
    pub rate_expected: f64,
    /// A host that the user declared to own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owned_host: Option<String>,
}

/// How to ask for the same once more: `drip` and these words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Replay {
    /// Verb, options, and the command after `--`; no secrets, and nothing of what is shown, gated or told.
    pub words: Vec<String>,
    /// Options that are missing in them, since their values are secrets, or others each time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
}

/// Where the run took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// The version of the tool.
    pub drip_version: String,
    /// The operating system that the tool ran on.
    pub os: String,
    /// The processor architecture that the tool ran on.
    pub arch: String,
    /// Processors that the tool could use.
    pub cpus: usize,
}

impl Environment {
    /// That of this process. Asked once, by whoever composes a live result.
    pub fn here() -> Self {
        Self {
            drip_version: env!("CARGO_PKG_VERSION").to_owned(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// One endpoint asked in one pattern, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vector {
    /// `GET /data`.
    pub endpoint: String,
    /// What changed between requests: `repeated`, `unique-query`, …
    pub pattern: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What the verdict rests on; absent when no signal could be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    /// What the signal counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// What the signal did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
    /// All requests completed for this vector, warm-up included.
    pub requests: u64,
    /// Those of them that the verdict rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged_requests: Option<u64>,
    /// Growth per request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request: Option<Interval>,
    /// The smallest growth per request that would have been seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smallest_detectable: Option<f64>,
    /// Growth without requests, bytes per hour (`growing-with-time`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<Interval>,
    /// Where growth stopped, above the begin of the judged part (`settling`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plateau: Option<f64>,
    /// Which part of the request makes memory grow (`unbounded`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How the service died (`crashed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<Crash>,
    /// Time until a limit, where memory grows, and requests where these make it grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_limit: Option<ToLimit>,
    /// Whether growth was seen again in doses that took no part in the verdict; absent where none were played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<bool>,
    /// With how many other vectors it was asked, where its numbers come from all of them together: what they keep in all is
    /// laid to it alone. Absent where it was asked alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_with: Option<u64>,
    /// How far what its requests made was deleted again before memory was read. Absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
    /// Why the verdict is not surer.
    pub doubts: Vec<Doubt>,
    /// Every threshold used.
    pub thresholds: Vec<Threshold>,
    /// What came back.
    pub tally: Tally,
    /// Latencies of its doses; absent where none was timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latencies: Option<Latencies>,
    /// What other signals said.
    pub others: Vec<Evidence>,
    /// The readings.
    pub series: Vec<Series>,
    /// What was read at rest beside them: parts of the heap, and counts of things.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gauges: Vec<Gauge>,
    /// Processor time of the service for one request of the judged doses, readings left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_cpu_seconds_per_request: Option<f64>,
    /// The longest reading of live memory, during which the service may have stood still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_reading_seconds: Option<f64>,
}

impl Vector {
    /// All that was read: signals by their words, then gauges by their names.
    pub fn tracks(&self) -> impl Iterator<Item = (&str, Unit, &[Point])> {
        let unit = |signal| Unit::from(drip_model::Signal::from(signal).unit());
        let signals = self.series.iter();
        let signals =
            signals.map(move |series| (series.signal.name(), unit(series.signal), &series.points[..]));
        let gauges = self.gauges.iter();
        signals.chain(gauges.map(|gauge| (gauge.name.as_str(), gauge.unit, &gauge.points[..])))
    }
}

/// Readings at rest of one part of the heap, or of one count of things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gauge {
    /// `array buffers`, `goroutines`, `sockets close-wait`, …
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// Growth per request over the judged part, from its first to its last reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request: Option<f64>,
    /// The readings.
    pub points: Vec<Point>,
}

/// What a further signal said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Which signal.
    pub signal: Signal,
    /// What it counts.
    pub unit: Unit,
    /// What it did.
    pub growth: Growth,
    /// Where its growth stopped, above the begin of the judged part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plateau: Option<f64>,
    /// Requests in the judged part.
    pub judged_requests: u64,
    /// Growth per request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request: Option<Interval>,
    /// The smallest growth per request that would have been seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smallest_detectable: Option<f64>,
    /// Every threshold used.
    pub thresholds: Vec<Threshold>,
    /// What keeps it from being sure.
    pub doubts: Vec<Doubt>,
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Best value.
    pub estimate: f64,
    /// Upper end.
    pub high: f64,
    /// Confidence level, e.g. 0.99.
    pub level: f64,
}

/// A threshold that a verdict used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Threshold {
    /// Stable name: `allowance`, `cache`, …
    pub name: String,
    /// How much.
    pub value: f64,
    /// What it counts; absent for a plain number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// What it is for.
    pub why: String,
}

/// A reason for not being sure, with what would resolve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Doubt {
    /// Which kind: `cache-may-be-filling`, …
    pub kind: String,
    /// A sentence for a person.
    pub message: String,
}

/// The death of a service under test. Without exit code and signal, nobody saw how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Crash {
    /// The status that it exited with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Requests until then.
    pub after_requests: u64,
    /// What proves that memory ran out; absent leaves the cause open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_memory: Option<String>,
}

/// What requests made, and deleted again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Undone {
    /// The request that deletes: `DELETE /items/{id}`.
    pub by: String,
    /// Requests that were answered with success.
    pub made: u64,
    /// What was deleted again.
    pub deleted: u64,
}

/// Time until a limit, and requests where these are what fills it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToLimit {
    /// The limit in bytes, where it is one of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
    /// The limit where it is one of things, such as descriptors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_count: Option<u64>,
    /// Which limit that is, in words.
    pub limit: String,
    /// What depends on requests. Absent where memory grows with time alone.
    #[serde(flatten)]
    pub by_requests: Option<ByRequests>,
    /// Seconds until it is reached, at the estimate.
    pub seconds: u64,
    /// The same at the ends of the interval. Absent in documents of the first builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_range: Option<Range>,
}

/// Requests until a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ByRequests {
    /// Requests until it is reached, at the estimate.
    pub requests: u64,
    /// The same at the ends of the interval.
    pub requests_range: Range,
    /// The rate that time is reckoned at.
    pub rate_per_second: f64,
}

impl ToLimit {
    /// The limit in words.
    pub(crate) fn amount(&self) -> String {
        match (self.limit_bytes, self.limit_count) {
            (Some(bytes), _) => crate::quantity::limit(bytes),
            (None, count) => crate::quantity::number(count.unwrap_or_default() as f64, 6),
        }
    }
}

/// Requests or seconds until a limit, at the ends of the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// At the fastest growth.
    pub low: u64,
    /// At the slowest growth; absent where that never reaches the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<u64>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Requests that got a whole answer head, whatever its status.
    pub completed: u64,
    /// How many answers had which status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that got no answer, by the reason in words.
    pub errors: BTreeMap<String, u64>,
    /// The first error in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    /// Bytes of response bodies.
    pub body_bytes: u64,
    /// Bodies that were cut at the reader's bound.
    pub bodies_cut: u64,
    /// Time under load.
    pub busy_seconds: f64,
    /// Latencies in milliseconds.
    pub latency_ms: Latency,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotTested {
    /// What: an operation, a pattern of it, a host.
    pub what: String,
    /// Why, and what to do about it.
    pub why: String,
}

/// Latencies of every dose, counted in classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Latencies {
    /// Where one class ends and the next begins, milliseconds.
    pub edges_ms: Vec<f64>,
    /// The doses in their order.
    pub doses: Vec<LatencyDose>,
}

/// Latencies of one dose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyDose {
    /// Requests of the vector until its end.
    pub requests: u64,
    /// How many were in each class, from below the first edge to above the last.
    pub counts: Vec<u64>,
}

/// Readings of one signal, in the order in which they were taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// What was read.
    pub signal: Signal,
    /// How many readings there were; more than points where a long series was thinned.
    pub readings: u64,
    /// How many were missed.
    pub missed: u64,
    /// The readings. Of those under load only a part is kept when there are very many.
    pub points: Vec<Point>,
    /// The first missed readings.
    pub gaps: Vec<Gap>,
}

/// One reading beside how many requests were completed by then.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Since the run began.
    pub at_seconds: f64,
    /// Requests completed so far, warm-up included.
    pub requests: u64,
    /// Bytes or things, by the signal's unit.
    pub value: u64,
    /// What came just before.
    pub stage: Stage,
}

/// A reading that was missed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// Since the run began.
    pub at_seconds: f64,
    /// Why.
    pub reason: String,
}

/// One thing to be mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// `DRIP001`, stable for ever.
    pub id: String,
    /// What it costs.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What is exhausted.
    pub category: Category,
    /// One line.
    pub title: String,
    /// What was seen, with its numbers.
    pub description: String,
    /// What to change, for the runtime that was seen.
    pub remediation: String,
    /// `GET /data`; absent when it concerns the whole service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// `CWE-401`, …
    pub cwe: Vec<String>,
    /// Where in the source; empty when unknown.
    pub locations: Vec<Location>,
    /// That somebody decided to live with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppression>,
}

impl Finding {
    /// Whether it fails nothing, for now.
    pub fn is_suppressed(&self) -> bool {
        self.suppressed.as_ref().is_some_and(|suppression| !suppression.expired)
    }
}

/// A decision to live with a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suppression {
    /// Why.
    pub reason: String,
    /// The last day, as 2027-01-31.
    pub until: String,
    /// Whether that day was over when the run ended.
    pub expired: bool,
}

/// A place in the source of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What holds the memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
}

/// What the tool itself cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Footprint {
    /// Requests sent in all.
    pub requests: u64,
    /// User and system time.
    pub cpu_seconds: f64,
    /// Highest resident set.
    pub peak_rss_bytes: u64,
    /// From start to end.
    pub wall_seconds: f64,
}
