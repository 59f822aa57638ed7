//! Starts the service under test, watches it, keeps what it prints, and ends it with everything that it started.
//!
//! The service is never a child of Drip itself but of a guard, which is Drip's executable run again (see
//! [`guard`]). The guard ends the service when its standard input closes, so the service ends in the same way
//! whether Drip finished, panicked or was killed. Nothing here speaks HTTP or reads memory, and nothing of what
//! the service prints reaches our own output.

mod event;
pub mod guard;
mod output;
mod service;
mod sweep;

pub use event::End;
pub use output::{LINE_BYTES_MAX, LOG_BYTES_MAX, OUTPUT_LINES_MAX};
pub use service::{Command, GRACE, LaunchError, Service, start};
