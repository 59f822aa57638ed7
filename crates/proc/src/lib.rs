//! What Linux says of processes: which belong together, how much memory they hold, where they listen, what
//! runs in them, and what limits them.
//!
//! Synchronous and read-only: nothing here starts, signals or changes a process. Everything is read from
//! `/proc` and from the cgroup file systems, at the moment of the call; a process may end between two calls,
//! so "it is gone" is an ordinary answer.

pub mod cgroup;
pub mod kind;
pub mod memory;
pub mod process;
pub mod socket;
pub mod tree;

#[cfg(test)]
mod testing;

pub use cgroup::{Limit, OomCounter, cgroup_limit, oom_kills};
pub use kind::{Kind, kind};
pub use memory::{Memory, memory, memory_available, memory_total, peak_resident, tree_memory};
pub use process::{
    Counts, Identity, ProcError, catches, command_line, counts, environment_value, identity, is_alive, name,
};
pub use socket::{Listener, listener_owner, listeners};
pub use tree::{children, descendants, with_descendants};
