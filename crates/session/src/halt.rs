//! Why a run must end before it is done: one token that everything listens to, and the first reason given.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The user asked for it.
    Interrupted,
    /// The service died.
    Died,
    /// Its memory passed what this machine can spare.
    MemoryGuard,
    /// The time is over.
    Budget,
}

/// Shared by everything that may end a run or must hear of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Halt {
    token: CancellationToken,
    reason: Arc<Mutex<Option<Reason>>>,
    /// The whole run's, where this is a part's.
    whole: Option<Arc<Self>>,
}

impl Halt {
    /// That of a part of the run: time that is over ends the part alone, everything else the run.
    pub(crate) fn child(&self) -> Self {
        Self { token: self.token.child_token(), reason: Arc::default(), whole: Some(Arc::new(self.clone())) }
    }

    /// Ends the run, or the part; only the first reason counts.
    pub(crate) fn because(&self, reason: Reason) {
        if let Some(whole) = self.whole.as_ref().filter(|_| reason != Reason::Budget) {
            return whole.because(reason);
        }
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.token.cancel();
    }

    /// The reason, once there is one.
    pub(crate) fn reason(&self) -> Option<Reason> {
        let whole = self.whole.as_ref().and_then(|whole| whole.reason());
        whole.or_else(|| *self.reason.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Cancelled as soon as there is a reason.
    pub(crate) const fn token(&self) -> &CancellationToken {
        &self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_part_ends_the_part_alone() {
        let whole = Halt::default();
        let (first, second) = (whole.child(), whole.child());
        first.because(Reason::Budget);
        assert_eq!((first.reason(), second.reason(), whole.reason()), (Some(Reason::Budget), None, None));
        second.because(Reason::Died);
        assert_eq!(whole.reason(), Some(Reason::Died));
        assert!(whole.token().is_cancelled() && second.token().is_cancelled());
    }

    #[test]
    fn the_first_reason_counts() {
        let halt = Halt::default();
        assert_eq!(halt.reason(), None);
        halt.because(Reason::Died);
        halt.because(Reason::Interrupted);
        assert_eq!(halt.reason(), Some(Reason::Died));
        assert!(halt.token().is_cancelled());
    }
}
