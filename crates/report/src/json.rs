//! The document itself, as indented JSON; and the way back.

use std::io;

use serde::Deserialize;
use serde_json::error::Category;
use thiserror::Error;

use crate::document::{Document, SCHEMA};
use crate::{Look, Reporter};

/// `--format json`.
pub struct Json;

impl Reporter for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, document)?;
        out.write_all(b"\n")
    }
}

/// Why bytes are no document of ours.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Not JSON at all.
    #[error("this is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// The beginning of JSON.
    #[error("this JSON ends in the middle, at line {line}: the file was cut")]
    Cut {
        /// The line, from 1.
        line: usize,
    },
    /// JSON of somebody else.
    #[error("this is not a drip report: it has no \"schema\" field that says `{SCHEMA}`")]
    NotOurs,
    /// Another version, or another document of ours.
    #[error("this document is `{found}`, and only `{SCHEMA}` can be read here")]
    OtherSchema {
        /// What it says that it is, shortened.
        found: String,
    },
    /// It says that it is ours, and is not.
    #[error("this says that it is `{SCHEMA}`, but is not: {0}")]
    Malformed(#[source] serde_json::Error),
}

/// A foreign document's name for itself is quoted up to here.
const FOUND_CHARS_MAX: usize = 60;

/// What is read first, to refuse another version by its name rather than by the first field that differs.
#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    schema: serde_json::Value,
}

/// A saved document.
pub fn read(bytes: &[u8]) -> Result<Document, ReadError> {
    match header(bytes)?.schema.as_str() {
        None => Err(ReadError::NotOurs),
        Some(SCHEMA) => serde_json::from_slice(bytes).map_err(ReadError::Malformed),
        Some(found) => Err(ReadError::OtherSchema { found: found.chars().take(FOUND_CHARS_MAX).collect() }),
    }
}

/// JSON of another shape than an object has no header, and is nobody's report.
fn header(bytes: &[u8]) -> Result<Header, ReadError> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => ReadError::NotOurs,
        Category::Eof if !bytes.is_empty() => ReadError::Cut { line: error.line() },
        _ => ReadError::NotJson(error),
    })
}
