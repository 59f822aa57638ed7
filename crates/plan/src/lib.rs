//! The user's words in, vectors out.
//!
//! Pure text work: it reads no file, resolves no name and sends nothing. Words become vectors in one of three ways:
//! curl's words ([`vectors`]), a plan that somebody wrote ([`plan_file`]), or an API description ([`read`]) of which
//! each endpoint is asked by each pattern ([`plan`]).

mod address;
mod ask;
mod caution;
mod credentials;
mod document;
mod endpoint;
mod format;
mod nearest;
mod pattern;
mod places;
mod plan;
mod plan_file;
mod schema;
mod slots;
mod undo;

pub use address::{Address, address};
pub use ask::{Ask, Data, endpoints, vectors};
pub use credentials::{Credentials, credentials};
pub use document::{Base, DESCRIPTION_BYTES_MAX};
pub use endpoint::{Description, Endpoint, Parameter, Payload, Place, Scheme, Segment, Skipped, Variable};
pub use format::{FORMATS, Format, Home, Source, read, too_large};
pub use nearest::nearest;
pub use pattern::{Harm, PATTERNS, RequestPattern, Scope, choose};
pub use places::USUAL_PLACES;
pub use plan::{Plan, plan};
pub use plan_file::plan_file;

/// Why something that the user wrote cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The URL has no `http://` or `https://`.
    #[error("{url}: not a URL that can be requested; write it as http://HOST:PORT/PATH or https://HOST/PATH")]
    Scheme {
        /// As given, credentials left out.
        url: String,
    },
    /// The URL carries `user:password@`.
    #[error(
        "a URL must not carry credentials, since it stands in reports; give them with -H 'Authorization: …'"
    )]
    Credentials,
    /// Host or port cannot be read.
    #[error("{url}: no host and port can be read from it ({why})")]
    Authority {
        /// As given.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// A path that cannot stand in a request.
    #[error("path {path}: {why}")]
    Path {
        /// As given.
        path: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// A header that cannot be sent.
    #[error("header {name}: {why}")]
    Header {
        /// Its name, never its value.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A description that cannot be used.
    #[error("{name}: {why}")]
    Description {
        /// Its file or URL.
        name: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// A pattern that is none.
    #[error("no pattern is called {name}; did you mean {nearest}?")]
    Pattern {
        /// As given.
        name: String,
        /// What may have been meant.
        nearest: String,
    },
    /// A file of credentials that cannot be used.
    #[error("credentials: {0}")]
    Credential(String),
    /// A method that is not a token.
    #[error("method {0}: not a method that can be sent")]
    Method(String),
}
