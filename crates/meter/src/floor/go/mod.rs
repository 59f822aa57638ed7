//! Floors of Go, best first.
//!
//! All of them read the same runtime, so what a reading is made of is said here once.

mod binary;
mod command;
pub mod gctrace;
mod get;
pub mod overlay;
pub mod pprof;

use drip_model::Unit;
use drip_proc::Identity;

use crate::{Part, Reading};

/// What one process has after two collections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Live {
    /// `HeapAlloc`, bytes.
    heap: u64,
    /// `StackInuse`, bytes.
    stacks: u64,
    goroutines: u64,
}

/// The sum over processes. Stacks are part of the value: what a goroutine keeps that never ends lies mostly
/// there.
fn reading(processes: &[(Identity, Live)]) -> Reading {
    let sum = |field: fn(&Live) -> u64| processes.iter().map(|(_, live)| field(live)).sum::<u64>();
    let (heap, stacks) = (sum(|live| live.heap), sum(|live| live.stacks));
    Reading {
        value: heap + stacks,
        parts: vec![
            Part { name: "heap", unit: Unit::Bytes, value: heap },
            Part { name: "stacks", unit: Unit::Bytes, value: stacks },
            Part { name: "goroutines", unit: Unit::Count, value: sum(|live| live.goroutines) },
        ],
        processes: processes.iter().map(|(process, _)| *process).collect(),
    }
}
