//! Telemetry that services serve over HTTP: where it may be, the marks by which it is recognised, what a stranger gets by
//! it, and what it tells of memory. Pure: whoever fetches pages gives them here. One file a kind, one line in [`TELEMETRY`].
//!
//! A page that answers 200 to everything has none of the marks. Nothing here names a page that costs the service more
//! than its own monitoring does: profiles and dumps are never fetched, only the lists that link to them.

mod actuator;
mod expvar;
mod jolokia;
mod pprof;
mod prometheus;
mod server_status;
mod status_monitor;

use drip_model::{Runtime, Severity};

/// One kind of telemetry.
pub struct Telemetry {
    /// What it is, in a sentence fragment.
    pub what: &'static str,
    /// Where it usually is.
    pub paths: &'static [&'static str],
    /// What it costs that a stranger can read this page; `None` when the page is something else.
    pub exposes: fn(page: &str) -> Option<Severity>,
    /// What it tells of memory.
    pub figures: fn(page: &str) -> Option<Figures>,
}

/// What a service tells of its own memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Resident memory of the process, bytes.
    pub resident: u64,
    /// Another number where another process answers: when it started, as it tells it. 0 where it does not.
    pub started: u64,
    /// What runs there, where the figures show it.
    pub runtime: Option<Runtime>,
}

/// All kinds; those that tell of memory first.
pub static TELEMETRY: &[&Telemetry] = &[
    &prometheus::TELEMETRY,
    &expvar::TELEMETRY,
    &pprof::TELEMETRY,
    &actuator::TELEMETRY,
    &jolokia::TELEMETRY,
    &status_monitor::TELEMETRY,
    &server_status::TELEMETRY,
];

/// For pages that tell nothing of memory, or nothing that can be judged.
const fn no_figures(_page: &str) -> Option<Figures> {
    None
}
