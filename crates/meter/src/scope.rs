//! Which processes are the service.

use drip_proc::{descendants, with_descendants};

/// A set of processes that is looked up anew at each reading, since services fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All below this process, which is ours and not part of the service.
    Below(u32),
    /// This process and all below it.
    From(u32),
}

impl Scope {
    /// The processes now.
    pub fn pids(self) -> Vec<u32> {
        match self {
            Self::Below(root) => descendants(root),
            Self::From(root) => with_descendants(root),
        }
    }
}
