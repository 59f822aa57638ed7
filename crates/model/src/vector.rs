//! One repeatable way to ask: an endpoint times a request pattern.

use crate::template::Template;

/// Position of a vector in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VectorId(pub usize);

/// What changes from one request to the next, and therefore what a cache could be keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// The same request over and over: cannot fill a cache that is keyed by the client.
    Repeated,
    /// A part of the path is new each time.
    UniquePath,
    /// The query is new each time.
    UniqueQuery,
    /// A header is new each time.
    UniqueHeader,
    /// The body is new each time.
    UniqueBody,
}

impl Pattern {
    /// As documents and reports have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::UniquePath => "unique-path",
            Self::UniqueQuery => "unique-query",
            Self::UniqueHeader => "unique-header",
            Self::UniqueBody => "unique-body",
        }
    }

    /// Whether every request is the same.
    pub const fn is_identical(self) -> bool {
        matches!(self, Self::Repeated)
    }
}

/// An endpoint times a pattern: the unit that gets a verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    /// Position in the plan.
    pub id: VectorId,
    /// `GET /data`: method and path, slots as the user wrote them, no query.
    pub endpoint: String,
    /// What changes between requests.
    pub pattern: Pattern,
    /// The request itself.
    pub template: Template,
    /// A status outside 2xx and 3xx that the user declared to be the expected one.
    pub expect_status: Option<u16>,
}
