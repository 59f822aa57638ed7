//! One thing to be mended, the same for every stage that finds one.

/// What it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, costs nothing.
    Note,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// As documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// Symptoms only.
    Tentative,
    /// A memory signal.
    Firm,
    /// Live heap, seen again in a second block, or a death observed.
    Certain,
}

impl Confidence {
    /// As documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tentative => "tentative",
            Self::Firm => "firm",
            Self::Certain => "certain",
        }
    }
}

/// What is exhausted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Memory.
    Memory,
    /// Descriptors, sockets, threads.
    Handles,
    /// The process itself.
    Availability,
    /// What can be asked for without limit.
    Limits,
    /// What is told to strangers.
    Exposure,
}

impl Category {
    /// As documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Handles => "handles",
            Self::Availability => "availability",
            Self::Limits => "limits",
            Self::Exposure => "exposure",
        }
    }
}

/// Telemetry that answers whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Where, with a leading slash.
    pub path: String,
    /// What it is, in a sentence fragment.
    pub what: &'static str,
    /// What it costs that a stranger can read it.
    pub severity: Severity,
    /// It was asked from the machine itself, which strangers may not be able to do.
    pub is_local: bool,
}

/// A body that a service with limits refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyTrick {
    /// So many bytes.
    Large {
        /// How many.
        bytes: usize,
    },
    /// Lists in lists, so many deep.
    Deep {
        /// How many.
        levels: usize,
    },
    /// Packed, and much larger when unpacked.
    Packed {
        /// Bytes that were sent.
        sent: usize,
        /// Bytes that they unpack to.
        unpacked: usize,
    },
}

/// What a service shows to those who look for it, beside what its memory does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weakness {
    /// Telemetry for everybody.
    Exposed(Exposure),
    /// It took such a body, or ended by it.
    TakesBody {
        /// `POST /items`.
        endpoint: String,
        /// Which.
        trick: BodyTrick,
        /// The service was gone afterwards.
        ended: bool,
    },
    /// A client that asks for a huge page of a list gets one.
    NoMaximumPage {
        /// `GET /items`.
        endpoint: String,
        /// `limit=1000000`.
        asked: String,
        /// Bytes of the answer.
        large: u64,
        /// Bytes of the answer to ten.
        small: u64,
    },
    /// It held clients that sent the head of a request for ever.
    HoldsSlowClients {
        /// How many.
        clients: usize,
        /// For how long they were held, until we ended it.
        seconds: u64,
    },
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// `DRIP001`, stable for ever.
    pub id: &'static str,
    /// What it costs.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// What is exhausted.
    pub category: Category,
    /// One line.
    pub title: String,
    /// What was seen, with its numbers.
    pub description: String,
    /// What to change, for the runtime that was seen.
    pub remediation: String,
    /// `GET /data`; `None` when it concerns the whole service.
    pub endpoint: Option<String>,
    /// `CWE-401`, …
    pub cwe: &'static [&'static str],
}
