//! A difference for the terminal: the answer first, then each change.

use std::io;

use anstyle::Style;

use super::{Change, Difference, Found, Kind, Side};
use crate::Look;
use crate::text::headline;
use crate::text::page::{BAD, DIM, GOOD, OPEN, Page};

/// Writes it.
pub fn write(difference: &Difference, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    let (style, word, rest) = answer(difference);
    page.titled(style, word, rest)?;
    page.blank()?;
    page.entry("Old", &side(&difference.old))?;
    page.entry("New", &side(&difference.new))?;
    page.blank()?;
    for change in difference.changes.iter().filter(|change| change.kind != Kind::Calm) {
        page.titled(
            style_of(change.kind),
            &change.kind.name().to_uppercase(),
            &format!("  {}", line(change)),
        )?;
    }
    let calm = difference.changes.iter().filter(|change| change.kind == Kind::Calm).count();
    if calm > 0 {
        page.paragraph(DIM, 0, &format!("{calm} without a change to speak of"))?;
    }
    findings("New finding", &difference.findings_new, &mut page)?;
    findings("No more", &difference.findings_gone, &mut page)
}

/// `GET /data (repeated): leaking; was steady`.
pub fn line(change: &Change) -> String {
    let now = change.new.as_ref().map(|state| format!("{}; ", state.verdict.name()));
    format!("{} ({}): {}{}", change.endpoint, change.pattern, now.unwrap_or_default(), change.because)
}

/// The answer, and what it means.
pub(super) fn answer(difference: &Difference) -> (Style, &'static str, &'static str) {
    let has = |kind| difference.changes.iter().any(|change| change.kind == kind);
    match () {
        () if difference.has_new() => (BAD, "WORSE", ": something fails that did not, or fails more."),
        () if has(Kind::Undecided) || has(Kind::Untested) => {
            (OPEN, "UNDECIDED", ": nothing new was found, but not all that was known before is known now.")
        }
        () if has(Kind::Fixed) || has(Kind::Better) => {
            (GOOD, "BETTER", ": something fails no more, or less.")
        }
        () => (GOOD, "UNCHANGED", ": nothing new, nothing fixed."),
    }
}

const fn style_of(kind: Kind) -> Style {
    match kind {
        Kind::New | Kind::Worse => BAD,
        Kind::Undecided | Kind::Untested | Kind::Known => OPEN,
        Kind::Better | Kind::Fixed | Kind::Calm => GOOD,
    }
}

/// `leaking, score 65, grade D; 2026-09-21T14:13:20Z, http://127.0.0.1:8080`.
pub(super) fn side(side: &Side) -> String {
    let verdict = side
        .verdict
        .map_or_else(|| "nothing measured".to_owned(), |verdict| headline::word(verdict).to_lowercase());
    let score = side.score.zip(side.grade).map(|(score, grade)| format!(", score {score}, grade {grade}"));
    format!("{verdict}{}; {}, {}", score.unwrap_or_default(), side.created_at, side.url)
}

fn findings(label: &str, findings: &[Found], page: &mut Page<'_>) -> io::Result<()> {
    findings.iter().try_for_each(|found| page.entry(label, &named(found)))
}

/// `DRIP001 Memory grows with each request on GET /data`.
pub(super) fn named(found: &Found) -> String {
    let endpoint = found.endpoint.as_ref().map(|endpoint| format!(" on {endpoint}"));
    format!("{} {}{}", found.id, found.title, endpoint.unwrap_or_default())
}
