//! The user's words in, vectors out.
//!
//! Pure text work: it reads no file, resolves no name and sends nothing. Today it knows one way of asking, curl's
//! words; API descriptions come beside it.

mod address;
mod ask;
mod slots;

pub use address::{Address, address};
pub use ask::{Ask, Data, vectors};

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
    /// A method that is not a token.
    #[error("method {0}: not a method that can be sent")]
    Method(String),
}
