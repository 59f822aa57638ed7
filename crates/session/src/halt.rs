//! Why a run must end before it is done: one token that everything listens to, and the first reason given.

use std::convert::Infallible;
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
}

impl Halt {
    /// Ends the run; only the first reason counts.
    pub(crate) fn because(&self, reason: Reason) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.token.cancel();
    }

    /// The reason, once there is one.
    pub(crate) fn reason(&self) -> Option<Reason> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancelled as soon as there is a reason.
    pub(crate) const fn token(&self) -> &CancellationToken {
        &self.token
    }
}

/// Ends the run when somebody asks for it; never ends by itself.
pub(crate) async fn interrupted(stop: &CancellationToken, halt: &Halt) -> Infallible {
    stop.cancelled().await;
    halt.because(Reason::Interrupted);
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

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
