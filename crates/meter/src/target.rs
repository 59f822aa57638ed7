//! What a floor attaches to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use drip_model::Runtime;

use crate::{Scope, runtime_of};

/// Processes of one service that are read; a cluster has one for each core.
const PROCESSES_MAX: usize = 64;

/// The last of the service's lines that a floor claimed by `is_ours`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// How many lines were claimed so far, this one included.
    pub number: u64,
    /// Its text.
    pub text: String,
}

/// Looks up the last claimed line; `None` before the first.
pub type Trace = Arc<dyn Fn() -> Option<TraceLine> + Send + Sync>;

/// A service that runs and answers.
#[derive(Clone)]
pub struct Target {
    /// The processes that own the service's socket.
    pub owners: Vec<u32>,
    /// All processes of the service.
    pub scope: Scope,
    /// Where it answers requests.
    pub address: SocketAddr,
    /// Where [`crate::prepare`] put its files; `None` when we did not start the service.
    pub folder: Option<PathBuf>,
    /// Lines of its output that a floor claimed; `None` when we did not start the service.
    pub trace: Option<Trace>,
}

impl Target {
    /// Those that owned the socket at first, and those that own it by now: workers that share a port begin one after
    /// the other.
    fn owners_now(&self) -> Vec<u32> {
        let listeners = drip_proc::listeners(&self.scope.pids());
        let by_now = listeners.iter().filter(|listener| listener.address.port() == self.address.port());
        self.owners.iter().copied().chain(by_now.map(|listener| listener.pid)).collect()
    }

    /// The owners of the socket and all below them that are of this runtime, now. In a cluster the process that owns
    /// the socket may only pass connections on.
    pub fn processes(&self, runtime: Runtime) -> Vec<u32> {
        let mut pids: Vec<u32> =
            self.owners_now().iter().flat_map(|owner| drip_proc::with_descendants(*owner)).collect();
        pids.sort_unstable();
        pids.dedup();
        pids.retain(|pid| runtime_of(*pid) == runtime);
        pids.truncate(PROCESSES_MAX);
        pids
    }
}
