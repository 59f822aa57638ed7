//! What a run tells while it works. Progress line, web page and log are consumers of the same events.

use drip_model::{Runtime, Signal};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The service's command was started.
    Started {
        /// Its process.
        pid: u32,
    },
    /// It answers.
    Answering {
        /// Where.
        url: String,
        /// What runs there, where that can be seen.
        runtime: Option<Runtime>,
        /// What will be read; `None` for a black box.
        signal: Option<Signal>,
    },
    /// A better signal could not be had.
    FloorRefused {
        /// Why.
        reason: String,
    },
    /// A dose begins.
    Dose {
        /// What is asked.
        endpoint: String,
        /// Doses before it, warm-up included.
        done: usize,
        /// Doses that are planned so far.
        planned: usize,
    },
    /// A reading at rest.
    Reading {
        /// What was read.
        signal: Signal,
        /// Its value.
        value: u64,
        /// Requests of this vector so far.
        requests: u64,
    },
    /// The judge wants more.
    Open {
        /// What it is about.
        question: String,
    },
    /// Of many that were asked together, these stand out and are asked alone.
    Suspects {
        /// What they ask.
        endpoints: Vec<String>,
    },
    /// A probe begins.
    Probe {
        /// By what.
        what: &'static str,
    },
    /// The service publishes a description of its endpoints, which were not asked for.
    Described {
        /// Where.
        path: &'static str,
        /// How many endpoints it has.
        endpoints: usize,
    },
    /// The service is being stopped.
    Stopping,
}
