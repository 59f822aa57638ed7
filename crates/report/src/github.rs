//! GitHub's workflow commands: findings as annotations of a build, worst first.
//!
//! Everything is on lines that begin with a command of ours, and what came from outside is escaped as GitHub's own
//! toolkit does it, so that no text can begin a command of its own. A line of source is named only where it is
//! known.

use std::io;

use crate::document::{Document, Finding, Severity, Verdict};
use crate::text::{headline, printable, score};
use crate::{Look, Reporter};

/// `--format github`.
pub struct Github;

/// GitHub shows so many annotations of one kind for a step; what comes after them would be lost.
const OF_ONE_KIND_MAX: usize = 10;
/// The list of annotations shows no more of a message than this.
const MESSAGE_CHARS_MAX: usize = 4_000;

impl Reporter for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn media_type(&self) -> &'static str {
        "text/plain; charset=utf-8"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        let mut annotations: Vec<_> = document.findings.iter().map(annotation).collect();
        annotations.extend(unclear(document));
        annotations.push(summary(document));
        for kind in ["error", "warning", "notice"] {
            let of_kind = annotations.iter().filter(|annotation| annotation.kind == kind);
            of_kind.take(OF_ONE_KIND_MAX).try_for_each(|annotation| annotation.write(out))?;
        }
        Ok(())
    }
}

/// One annotation.
struct Annotation<'a> {
    kind: &'static str,
    title: String,
    place: Option<(&'a str, u32)>,
    message: String,
}

impl Annotation<'_> {
    fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let place = self.place.map(|(file, line)| format!(",file={},line={line}", property(file)));
        let message: String = self.message.chars().take(MESSAGE_CHARS_MAX).collect();
        let (kind, title, place) = (self.kind, property(&self.title), place.unwrap_or_default());
        writeln!(out, "::{kind} title={title}{place}::{}", data(&message))
    }
}

fn annotation(finding: &Finding) -> Annotation<'_> {
    let endpoint = finding.endpoint.as_ref().map(|endpoint| format!(" on {endpoint}"));
    Annotation {
        kind: match finding.severity {
            _ if finding.is_suppressed() => "notice",
            Severity::Critical | Severity::High => "error",
            Severity::Medium | Severity::Low => "warning",
            Severity::Note => "notice",
        },
        title: format!("{} {}{}", finding.id, finding.title, endpoint.unwrap_or_default()),
        place: finding.locations.first().map(|location| (location.file.as_str(), location.line)),
        message: format!("{}\n\nFix: {}", finding.description, finding.remediation),
    }
}

fn unclear(document: &Document) -> impl Iterator<Item = Annotation<'_>> {
    let unclear = document.vectors.iter().filter(|vector| vector.verdict == Verdict::Unclear);
    unclear.map(|vector| Annotation {
        kind: "warning",
        title: format!("Unclear: {}", vector.endpoint),
        place: None,
        message: headline::sentence(vector, document),
    })
}

fn summary(document: &Document) -> Annotation<'_> {
    let headline = headline::of(document);
    let message = format!("{}{} {}", headline.word, headline.rest, score(document));
    Annotation { kind: "notice", title: "Drip".to_owned(), place: None, message }
}

/// A value before the second `::`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The message.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_the_toolkit_does() {
        assert_eq!(data("50%\nx"), "50%25%0Ax");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
