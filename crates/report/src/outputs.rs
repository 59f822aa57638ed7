//! `name=value` lines: what a step of a build hands to the next one, as GitHub's runner takes it by `GITHUB_OUTPUT`.
//!
//! One line for each name, also where there is no value, and no text from outside can begin another line.

use std::io;

use crate::diff::fails;
use crate::document::{Document, Unit, Vector};
use crate::text::{printable, worst_first};
use crate::{Look, Reporter};

/// `--format outputs`.
pub struct Outputs;

impl Reporter for Outputs {
    fn name(&self) -> &'static str {
        "outputs"
    }

    fn media_type(&self) -> &'static str {
        "text/plain; charset=utf-8"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        lines(document).iter().try_for_each(|(name, value)| {
            let value = value.as_deref().unwrap_or_default();
            writeln!(out, "{name}={}", printable(value).replace(['\n', '\r'], " "))
        })
    }
}

fn lines(document: &Document) -> [(&'static str, Option<String>); 6] {
    let growing = worst_first(document).into_iter().find(|vector: &&Vector| fails(vector.verdict));
    let bytes = growing.filter(|vector| vector.unit == Some(Unit::Bytes));
    let bytes = bytes.and_then(|vector| vector.per_request).map(|growth| growth.estimate.to_string());
    [
        ("verdict", document.verdict.map(|verdict| verdict.name().to_owned())),
        ("score", document.score.map(|score| score.to_string())),
        ("grade", document.grade.map(|grade| grade.to_string())),
        ("findings-count", Some(document.findings.len().to_string())),
        ("leaking-endpoint", growing.map(|vector| vector.endpoint.clone())),
        ("bytes-per-request", bytes),
    ]
}
