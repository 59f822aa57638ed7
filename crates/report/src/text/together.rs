//! Vectors that were asked together, told together: one list for all of which the same is known.

use std::collections::BTreeMap;
use std::io;

use super::page::Page;
use super::{Fact, amount, headline, vector};
use crate::document::{Document, Vector, Verdict};
use crate::quantity;

/// Longer lists are cut; nobody reads them in a terminal.
const LISTED_MAX: usize = 60;

/// What those of a list have in common: the verdict, and why it is not surer.
type Common<'a> = (Verdict, Vec<&'a str>);

/// Whether a vector is told with others.
pub(super) const fn is_told_with_others(vector: &Vector) -> bool {
    vector.asked_with.is_some() && !matches!(vector.verdict, Verdict::Crashed)
}

/// All of them, the worst verdict first.
pub(super) fn write(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let mut lists: BTreeMap<Common<'_>, Vec<&Vector>> = BTreeMap::new();
    for vector in document.vectors.iter().filter(|vector| is_told_with_others(vector)) {
        lists.entry((vector.verdict, doubts(vector, document))).or_default().push(vector);
    }
    lists.iter().try_for_each(|((verdict, doubts), vectors)| list(*verdict, doubts, vectors, page))
}

fn doubts<'a>(vector: &'a Vector, document: &Document) -> Vec<&'a str> {
    let own = vector.doubts.iter().filter(|doubt| !document.doubts.contains(doubt));
    own.map(|doubt| doubt.message.as_str()).collect()
}

fn list(verdict: Verdict, doubts: &[&str], vectors: &[&Vector], page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    let count = quantity::counted(vectors.len() as u64, "kind");
    page.titled(
        headline::style_of(verdict),
        &headline::word(verdict),
        &format!("  {count} of request, asked together"),
    )?;
    page.facts(&doubts.iter().map(|doubt| Fact::new("Doubt", (*doubt).to_owned())).collect::<Vec<_>>())?;
    let is_calm = matches!(verdict, Verdict::Steady | Verdict::Settling);
    for vector in vectors.iter().take(LISTED_MAX) {
        page.line(&line(vector, is_calm))?;
    }
    match vectors.len().saturating_sub(LISTED_MAX) {
        0 => Ok(()),
        more => page.line(&format!("and {more} more, which a saved result (--output) lists")),
    }
}

/// `GET /users (unique query requests): 3,400, a leak of 90 bytes a request would have been seen`.
fn line(vector: &Vector, is_calm: bool) -> String {
    let asked = format!("{}: {}", vector::name(vector), quantity::count(vector.requests));
    let smallest = vector.signal.zip(vector.smallest_detectable).filter(|_| is_calm);
    match smallest.map(|(signal, smallest)| amount::of(signal, smallest)) {
        Some(smallest) => format!("{asked}, a leak of {smallest} per request would have been seen"),
        None => asked,
    }
}
