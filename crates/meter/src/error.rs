//! Why a reading was missed.

use drip_proc::ProcError;

/// Why a reading was missed.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// No process is left to read.
    #[error("no process of the service is left")]
    Gone,
    /// There is nothing newer than what was read last. That is no failure of the source.
    #[error("no collection happened since the last reading")]
    NothingNew,
    /// A process of the service that was read before did not answer this time.
    #[error("process {pid} did not answer this time")]
    Silent {
        /// The process.
        pid: u32,
    },
    /// What Linux says of a process could not be read.
    #[error(transparent)]
    Proc(#[from] ProcError),
    /// The service did not answer in time.
    #[error("{what} did not answer within {seconds} s")]
    Timeout {
        /// Who was asked.
        what: &'static str,
        /// How long we waited.
        seconds: u64,
    },
    /// The connection to the runtime broke or said something unexpected.
    #[error("{what}: {why}")]
    Protocol {
        /// Who was asked.
        what: &'static str,
        /// What went wrong.
        why: String,
    },
}

impl MeterError {
    pub(crate) fn protocol(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Protocol { what, why: why.to_string() }
    }
}
