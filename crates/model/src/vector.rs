//! One repeatable way to ask: an endpoint times a request pattern.

use crate::conduct::Conduct;
use crate::tally::Expected;
use crate::template::Template;
use crate::undo::Undo;

/// Position of a vector in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VectorId(pub usize);

/// What a cache could be keyed by, since it is new each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A part of the path.
    Path,
    /// A part of the query.
    Query,
    /// A header.
    Header,
    /// A part of the body.
    Body,
    /// The visitor: each request looks like somebody new.
    Session,
    /// Several of them at once.
    Several,
}

/// What changes from one request to the next. The list of those that can be chosen is `drip_plan::PATTERNS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// As documents and reports have it.
    pub name: &'static str,
    /// What is new each time; `None`: the same request over and over, which cannot fill a cache that is keyed by the
    /// client.
    pub key: Option<Key>,
}

impl Pattern {
    /// The same request over and over.
    pub const REPEATED: Self = Self { name: "repeated", key: None };
    /// A part of the path is new each time.
    pub const UNIQUE_PATH: Self = Self { name: "unique-path", key: Some(Key::Path) };
    /// The query is new each time.
    pub const UNIQUE_QUERY: Self = Self { name: "unique-query", key: Some(Key::Query) };
    /// A header is new each time.
    pub const UNIQUE_HEADER: Self = Self { name: "unique-header", key: Some(Key::Header) };
    /// The body is new each time.
    pub const UNIQUE_BODY: Self = Self { name: "unique-body", key: Some(Key::Body) };

    /// Whether every request is the same.
    pub const fn is_identical(self) -> bool {
        self.key.is_none()
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
    /// How it is played.
    pub conduct: Conduct,
    /// Its share of a mixed load.
    pub weight: u32,
    /// Statuses outside 2xx and 3xx that are the right answer.
    pub expect_status: Expected,
    /// How what it makes is deleted again, where that is known.
    pub undo: Option<Undo>,
}
