//! What Linux says of processes: which belong together, how much memory they hold, where they listen, what
//! runs in them, and what limits them.
//!
//! Synchronous and read-only: nothing here starts, signals or changes a process. Everything is read from
//! `/proc` and from the cgroup file systems, at the moment of the call; a process may end between two calls,
//! so "it is gone" is an ordinary answer.

pub mod cgroup;
pub mod count;
pub mod cpu;
mod descriptor;
pub mod kind;
pub mod limit;
pub mod memory;
pub mod process;
pub mod socket;
mod table;
pub mod tree;

#[cfg(test)]
mod testing;

pub use cgroup::{Limit, OomCounter, cgroup_limit, oom_kills};
pub use count::{Counts, Sockets, counts};
pub use cpu::cpu_time;
pub use kind::{Kind, kind};
pub use limit::{ProcessLimit, Resource, process_limits};
pub use memory::{
    Memory, memory, memory_available, memory_total, peak_resident, shares_are_told, tree_memory,
};
pub use process::{
    Identity, ProcError, catches, command_line, environment_value, identity, innermost_pid, is_alive, name,
};
pub use socket::{Listener, listener_owner, listeners, unix_owners};
pub use tree::{children, descendants, with_descendants};
