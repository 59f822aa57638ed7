//! The report that a person reads in a terminal.
//!
//! Rendered from the document alone, worst vector first. The first line is the verdict in words; everything after
//! it is the reason. Colour codes are written only when asked for, and text that came from outside can bring none.

pub(crate) mod amount;
pub mod checkup;
pub(crate) mod finding;
mod gauges;
pub(crate) mod headline;
pub(crate) mod page;
mod together;
pub(crate) mod vector;

use std::io;

use anstyle::Style;

pub use self::page::printable;

use self::page::{DIM, Page, STRONG};
use crate::document::{Document, GradeBasis, Runtime, Vector, Verdict};
use crate::not_tested::by_reason;
use crate::{Look, Reporter, quantity};

/// `--format text`.
pub struct Text;

impl Reporter for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn media_type(&self) -> &'static str {
        "text/plain; charset=utf-8"
    }

    fn write(&self, document: &Document, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        write(document, look, out)
    }
}

/// Writes the whole report.
pub fn write(document: &Document, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    head(document, &mut page)?;
    vectors(document, &mut page)?;
    for finding in &document.findings {
        page.blank()?;
        finding::write(finding, &mut page)?;
    }
    page.blank()?;
    foot(document, &mut page)
}

/// One thing that is known, and what it is about.
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) text: String,
    /// Only few readers want it.
    pub(crate) is_detail: bool,
}

impl Fact {
    const fn new(label: &'static str, text: String) -> Self {
        Self { label, text, is_detail: false }
    }

    const fn detail(label: &'static str, text: String) -> Self {
        Self { label, text, is_detail: true }
    }
}

fn head(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let headline = headline::of(document);
    page.titled(headline::style(document), &headline.word, &headline.rest)?;
    page.paragraph(STRONG, 0, &score(document))?;
    page.blank()?;
    page.facts(&facts(document))
}

/// What concerns the whole run.
pub(crate) fn facts(document: &Document) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Target", target(document))];
    if document.vectors.len() > 1 {
        facts.push(Fact::new("Vectors", verdict_counts(document)));
    }
    facts.extend(document.doubts.iter().map(|doubt| Fact::new("Doubt", doubt.message.clone())));
    let not_tested = by_reason(&document.not_tested).into_iter();
    facts.extend(not_tested.map(|reason| Fact::detail("Not tested", reason)));
    let passed_over = document.service.floor.iter().flat_map(|floor| &floor.passed_over);
    facts.extend(passed_over.map(|reason| Fact::detail("Passed over", reason.clone())));
    facts
}

pub(crate) fn score(document: &Document) -> String {
    let (Some(score), Some(grade)) = (document.score, document.grade) else {
        return "No score and no grade: not enough was measured.".to_owned();
    };
    let reservation = match (document.grade_basis, document.verdict) {
        (Some(GradeBasis::Symptoms), _) => " (from symptoms only: at most B)",
        (_, Some(Verdict::Unclear)) => " (what is unclear costs no points, and earns none)",
        _ => "",
    };
    format!("Score {score} of 100, grade {grade}{reservation}.")
}

/// `http://127.0.0.1:8080, Node.js, process 4242 (node server.js)`.
pub(crate) fn target(document: &Document) -> String {
    let service = &document.service;
    let mut parts = vec![document.url.clone()];
    let runtime = service.runtime.filter(|runtime| *runtime != Runtime::Unknown);
    parts.extend(runtime.map(|runtime| runtime.to_string()));
    parts.extend(service.protocol.clone().filter(|protocol| protocol != "HTTP/1.1"));
    parts.extend(service.pid.map(|pid| format!("process {pid}")));
    let command = service.command.join(" ");
    if command.is_empty() { parts.join(", ") } else { format!("{} ({command})", parts.join(", ")) }
}

/// `3: 1 leaking, 2 steady`.
fn verdict_counts(document: &Document) -> String {
    let of = |verdict: &Verdict| document.vectors.iter().filter(|vector| vector.verdict == *verdict).count();
    let found = Verdict::ALL.iter().filter(|verdict| of(verdict) > 0);
    let counts: Vec<_> = found.map(|verdict| format!("{} {}", of(verdict), verdict.name())).collect();
    format!("{}: {}", document.vectors.len(), counts.join(", "))
}

/// The vectors, the worst verdict first.
pub(crate) fn worst_first(document: &Document) -> Vec<&Vector> {
    let mut vectors: Vec<_> = document.vectors.iter().collect();
    vectors.sort_by_key(|vector| vector.verdict);
    vectors
}

fn vectors(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let alone = document.vectors.len() == 1;
    let alone_in_full = |vector: &&Vector| !together::is_told_with_others(vector);
    for vector in worst_first(document).into_iter().filter(alone_in_full) {
        page.blank()?;
        vector::write(vector, document, page)?;
        // A flat line for each of many steady vectors would only hide the one that is not.
        if alone || vector.verdict != Verdict::Steady {
            vector::picture(vector, page)?;
        }
    }
    together::write(document, page)?;
    last_output(document, page)
}

fn last_output(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    if document.service.last_output.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.paragraph(STRONG, 0, "Last output of the service")?;
    document.service.last_output.iter().try_for_each(|line| page.paragraph(Style::new(), 2, line))
}

fn foot(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    foot_lines(document).iter().try_for_each(|line| page.paragraph(DIM, 0, line))
}

/// What it cost, how to do it again, and where the service's output is.
pub(crate) fn foot_lines(document: &Document) -> Vec<String> {
    let cost = &document.footprint;
    let run = format!(
        "{} in {}; drip itself used {} of processor time and {} of memory.",
        quantity::counted(cost.requests, "request"),
        quantity::duration(cost.wall_seconds),
        quantity::duration(cost.cpu_seconds),
        quantity::bytes(cost.peak_rss_bytes as f64)
    );
    let log = document.service.log.as_ref().map(|log| format!("Service log: {log}"));
    [run, settings(document)].into_iter().chain(log).collect()
}

/// What somebody needs to do it again.
fn settings(document: &Document) -> String {
    let settings = &document.settings;
    let threads = settings.threads.map(|threads| format!(" on {threads} threads"));
    let rate = settings.rate.map(|rate| format!(" at {} requests per second", quantity::number(rate, 3)));
    let owned = settings.owned_host.as_ref().map(|host| format!("; {host} declared as owned"));
    format!(
        "{}{}{}, doses of {}, seed {}{}; drip {}, scoring {}.",
        quantity::counted(settings.users.into(), "user"),
        threads.unwrap_or_default(),
        rate.unwrap_or_default(),
        quantity::duration(settings.dose_seconds),
        settings.seed,
        owned.unwrap_or_default(),
        document.environment.drip_version,
        document.scoring
    )
}
