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
}

/// What one dose has told the pulse. It is told once in each turn of the loop rather than with each request.
#[derive(Debug)]
pub(crate) struct Share {
    pulse: Pulse,
    completed: u64,
    in_flight: u64,
}

impl Share {
    pub(crate) const fn of(pulse: Pulse) -> Self {
        Self { pulse, completed: 0, in_flight: 0 }
    }

    /// Tells how many requests of this dose have got their answer, and how many are under way.
    pub(crate) fn tell(&mut self, completed: u64, in_flight: u64) {
        let counters = &self.pulse.0;
        counters.completed.fetch_add(completed - self.completed, Relaxed);
        // Wraps around when fewer are under way than before, and so does the addition.
        counters.in_flight.fetch_add(in_flight.wrapping_sub(self.in_flight), Relaxed);
        (self.completed, self.in_flight) = (completed, in_flight);
    }
}

/// Whatever ends the dose, nothing of it is under way any more.
impl Drop for Share {
    fn drop(&mut self) {
        self.tell(self.completed, 0);
    }
}
