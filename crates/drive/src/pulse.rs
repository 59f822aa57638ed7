//! The only thing that is shared while a load runs: how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of a whole run, over all its doses. A clone shows the same counters.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    completed: AtomicU64,
    in_flight: AtomicU64,
}

impl Pulse {
    /// Requests that got their answer so far.
    pub fn completed(&self) -> u64 {
        self.0.completed.load(Relaxed)
    }

    /// Requests that are under way now.
    pub fn in_flight(&self) -> u64 {
        self.0.in_flight.load(Relaxed)
    }

    /// A request begins; it ends when the returned value is dropped, also when its user is cancelled.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.0.in_flight.fetch_add(1, Relaxed);
        InFlight(&self.0)
    }
}

/// A request under way.
pub(crate) struct InFlight<'a>(&'a Counters);

impl InFlight<'_> {
    /// It got its answer.
    pub(crate) fn complete(&self) {
        self.0.completed.fetch_add(1, Relaxed);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
