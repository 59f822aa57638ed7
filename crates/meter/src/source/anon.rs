//! Anonymous memory of the service's process tree: what it allocated, without the files it maps.
//!
//! Proportional shares, so that pages that forked workers share are counted once; swapped pages count as well.

use async_trait::async_trait;
use drip_model::Signal;
use drip_proc::{identity, tree_memory};

use crate::{Meter, MeterError, Reading, Scope};

/// Anonymous memory of a scope.
#[derive(Debug, Clone, Copy)]
pub struct Anon(pub Scope);

#[async_trait]
impl Meter for Anon {
    fn signal(&self) -> Signal {
        Signal::Anon
    }

    async fn read(&self) -> Result<Reading, MeterError> {
        let pids = self.0.pids();
        let processes: Vec<_> = pids.iter().filter_map(|pid| identity(*pid)).collect();
        if processes.is_empty() {
            return Err(MeterError::Gone);
        }
        Ok(Reading { value: tree_memory(&pids).anon, parts: Vec::new(), processes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn what_this_process_allocates_is_seen() {
        let meter = Anon(Scope::From(std::process::id()));
        let before = meter.read().await.unwrap();
        let held = vec![1u8; 30_000_000];
        let after = meter.read().await.unwrap();
        assert!(after.value >= before.value + 29_000_000, "{before:?} {after:?} {}", held.len());
        assert!(after.processes.iter().any(|process| process.pid == std::process::id()));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_scope_without_processes_is_gone() {
        assert!(matches!(Anon(Scope::From(u32::MAX)).read().await, Err(MeterError::Gone)));
    }
}
