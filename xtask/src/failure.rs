//! Why a chore was not done.

use std::fmt;

/// Why a chore was not done, and what to do about it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Words that mean nothing here.
    Usage(String),
    /// Something is not installed, and only its owner may change this machine.
    Missing {
        /// What is not there.
        what: String,
        /// The one command that brings it.
        command: String,
    },
    /// A step did not do what it was asked.
    Step {
        /// Which step.
        step: String,
        /// What went wrong.
        why: String,
    },
}

impl Failure {
    pub(crate) fn step(step: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::Step { step: step.into(), why: why.to_string() }
    }

    /// 2 where the person has to change something first, else 1.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Missing { .. } => 2,
            Self::Step { .. } => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(words) => f.write_str(words),
            Self::Missing { what, command } => write!(f, "{what} is needed; install it with: {command}"),
            Self::Step { step, why } => write!(f, "{step}: {why}"),
        }
    }
}
