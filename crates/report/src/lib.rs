//! A report in, bytes out.
//!
//! A [`drip_model::Report`] becomes one [`Document`], the wire form `drip.report/1`; every format is rendered from
//! that document, so that a saved result reads as a live one does. This crate opens no file and no socket, and
//! adds no fact: what a document does not say, no format may say.

mod brief;
pub mod chart;
pub mod checkup;
pub mod csv;
pub mod diff;
pub mod document;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod ndjson;
mod not_tested;
pub mod outputs;
pub mod quantity;
pub mod sarif;
pub mod schema;
mod source;
pub mod text;

use std::io;

pub use brief::{Brief, brief};
pub use document::{Document, Environment, NotTested, SCHEMA, document};
pub use json::{ReadError, read};
pub use not_tested::by_reason;

/// How the reader's screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns; clamped to [`Look::WIDTH_MIN`] and [`Look::WIDTH_MAX`].
    pub width: usize,
    /// Whether colour codes are understood.
    pub color: bool,
    /// Whether more than ASCII can be shown.
    pub unicode: bool,
}

impl Look {
    /// Narrower, and numbers would not fit beside their names.
    pub const WIDTH_MIN: usize = 40;
    /// Wider, and the eye loses the line.
    pub const WIDTH_MAX: usize = 120;

    /// The width within its bounds.
    pub fn columns(&self) -> usize {
        self.width.clamp(Self::WIDTH_MIN, Self::WIDTH_MAX)
    }
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 80, color: false, unicode: true }
    }
}

/// One format.
pub trait Reporter: Sync {
    /// As `--format` takes it.
    fn name(&self) -> &'static str;
    /// As `Content-Type` has it.
    fn media_type(&self) -> &'static str;
    /// Writes the whole document.
    fn write(&self, document: &Document, look: &Look, out: &mut dyn io::Write) -> io::Result<()>;
}

/// Every format, in the order in which help lists them.
pub static REPORTERS: &[&dyn Reporter] = &[
    &text::Text,
    &json::Json,
    &ndjson::Ndjson,
    &markdown::Markdown,
    &sarif::Sarif,
    &junit::Junit,
    &csv::Csv,
    &github::Github,
    &html::Html,
    &outputs::Outputs,
];

/// The format of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Reporter> {
    REPORTERS.iter().copied().find(|reporter| reporter.name() == name)
}
