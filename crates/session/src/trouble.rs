//! Why nothing could be judged at all.

use drip_launch::LaunchError;
use drip_model::Exit;

/// Why nothing could be judged at all. Everything softer is a doubt in the report.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The command could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The port that the service shall have is somebody else's.
    #[error("port {port} is already taken by {who}; stop it, or name another with --port")]
    PortTaken {
        /// The port.
        port: u16,
        /// Process and name, as far as known.
        who: String,
    },
    /// Somebody listens already on the socket that the service shall have.
    #[error("{path} is already listened on; stop who does, or name another with --unix-socket")]
    SocketTaken {
        /// The socket.
        path: String,
    },
    /// The command ended before it answered.
    #[error("the service ended with {exit} before it answered")]
    Ended {
        /// How.
        exit: Exit,
        /// Its last lines.
        output: Vec<String>,
    },
    /// It runs and does not answer.
    #[error(
        "the service did not answer within {seconds} s ({seen}); is --port right, is --ready-timeout long enough, is there a better --ready-path?"
    )]
    NeverAnswered {
        /// How long we waited.
        seconds: u64,
        /// What was seen instead.
        seen: String,
        /// Its last lines.
        output: Vec<String>,
    },
    /// More than one port answers.
    #[error("the service answers HTTP on ports {}; name the one to test with --port", list(ports))]
    SeveralPorts {
        /// Which.
        ports: Vec<u16>,
    },
    /// The host has no address.
    #[error("{host}: no such host ({why})")]
    UnknownHost {
        /// As given.
        host: String,
        /// The resolver's words.
        why: String,
    },
    /// Nobody answers at a URL.
    #[error("{url}: {why}")]
    Unreachable {
        /// Where.
        url: String,
        /// What happened.
        why: String,
    },
    /// The process named as memory source does not exist.
    #[error("--memory pid:{0}: no such process")]
    NoSuchProcess(u32),
    /// It would hurt somebody.
    #[error("{0}")]
    Refused(String),
    /// The user interrupted before anything was measured.
    #[error("interrupted before the first request")]
    Interrupted,
}

impl Trouble {
    /// The service's last lines, where they help.
    pub fn output(&self) -> &[String] {
        match self {
            Self::Ended { output, .. } | Self::NeverAnswered { output, .. } => output,
            _ => &[],
        }
    }
}

fn list(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" and ")
}
