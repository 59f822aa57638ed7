//! Whether an outcome rests on memory or on symptoms alone. It must never look at the verdict: an unclear
//! answer about memory is still an answer about memory.

use drip_model::{Outcome, Signal, Unit};

/// Whether any reading of memory was had, judged or not.
pub(crate) fn memory_was_seen(outcome: &Outcome) -> bool {
    let judged = outcome.evidence.iter().chain(&outcome.others).any(|evidence| is_memory(evidence.signal));
    let read = |series: &drip_model::Series| is_memory(series.signal) && !series.points.is_empty();
    judged || outcome.series.iter().any(read)
}

const fn is_memory(signal: Signal) -> bool {
    !matches!((signal, signal.unit()), (Signal::Symptoms, _) | (_, Unit::Count))
}
