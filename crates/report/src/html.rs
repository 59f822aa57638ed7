//! One file of HTML to send around: the verdict first, then what to mend, then what was measured.
//!
//! It works from a disk, without scripts and without a network, and says so to the browser (a content security policy
//! that allows nothing but its own styles). The template escapes all text; only pictures that we draw ourselves are
//! passed through, and no text from outside is in them.

mod dose;
mod forecast;
mod heat;
mod picture;
mod plot;

use std::io;

use askama::Template;

use self::dose::Dose;
use self::heat::Heat;
use self::picture::Picture;
use crate::document::{Document, Finding, Latency, Severity, Vector, Verdict};
use crate::text::{self, Fact, amount, finding, headline, printable, vector, worst_first};
use crate::{Look, Reporter, quantity};

/// `--format html`.
pub struct Html;

impl Reporter for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn media_type(&self) -> &'static str {
        "text/html; charset=utf-8"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        let html = Page::of(document).render().map_err(io::Error::other)?;
        out.write_all(html.as_bytes())?;
        out.write_all(b"\n")
    }
}

/// All that the template shows, in words.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    verdict: Tagged,
    rest: String,
    target: String,
    created: String,
    score: String,
    grade: Option<char>,
    facts: Vec<Fact>,
    findings: Vec<Found>,
    vectors: Vec<Shown>,
    last_output: Vec<String>,
    settings: Vec<(&'static str, String)>,
    foot: Vec<String>,
}

impl Page {
    fn of(document: &Document) -> Self {
        let headline = headline::of(document);
        let slowest = document.vectors.iter().map(|vector| vector.tally.latency_ms.p99).fold(0.0, f64::max);
        Self {
            verdict: Tagged { word: headline.word, tone: document.verdict.map_or("open", tone) },
            rest: printable(headline.rest.trim_start_matches([':', ' '])),
            target: printable(&document.url),
            created: document.created_at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            score: text::score(document),
            grade: document.grade,
            facts: text::facts(document).into_iter().map(steady).collect(),
            findings: document.findings.iter().map(Found::of).collect(),
            vectors: worst_first(document)
                .into_iter()
                .map(|vector| Shown::of(vector, document, slowest))
                .collect(),
            last_output: document.service.last_output.iter().map(|line| printable(line)).collect(),
            settings: settings(document),
            foot: text::foot_lines(document).iter().map(|line| printable(line)).collect(),
        }
    }
}

/// A word with its colour.
struct Tagged {
    word: String,
    tone: &'static str,
}

const fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Crashed | Verdict::Leaking | Verdict::Unbounded | Verdict::GrowingWithTime => "bad",
        Verdict::Unclear => "open",
        Verdict::Settling | Verdict::Steady => "good",
    }
}

/// Control characters are no text in HTML either.
fn steady(fact: Fact) -> Fact {
    Fact { text: printable(&fact.text), ..fact }
}

/// One finding.
struct Found {
    id: String,
    title: String,
    severity: String,
    tone: &'static str,
    about: String,
    description: Vec<Block>,
    places: Vec<String>,
    remediation: Vec<Block>,
}

impl Found {
    fn of(found: &Finding) -> Self {
        Self {
            id: printable(&found.id),
            title: printable(&found.title),
            severity: found.severity.name().to_uppercase(),
            tone: match found.severity {
                Severity::Critical | Severity::High => "bad",
                Severity::Medium | Severity::Low => "open",
                Severity::Note => "note",
            },
            about: printable(&finding::about(found)),
            description: blocks(&found.description),
            places: found.locations.iter().map(|location| printable(&finding::place(location))).collect(),
            remediation: blocks(&found.remediation),
        }
    }
}

/// Text of the catalogue: paragraphs, and lists of lines that begin with `- `.
enum Block {
    Paragraph(String),
    List(Vec<String>),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for line in printable(text).lines().filter(|line| !line.is_empty()) {
        match (line.strip_prefix("- "), blocks.last_mut()) {
            (Some(item), Some(Block::List(items))) => items.push(item.to_owned()),
            (Some(item), _) => blocks.push(Block::List(vec![item.to_owned()])),
            (None, _) => blocks.push(Block::Paragraph(line.to_owned())),
        }
    }
    blocks
}

/// One vector.
struct Shown {
    verdict: Tagged,
    endpoint: String,
    pattern: String,
    requests: String,
    grows: String,
    seen_from: String,
    limit_in: String,
    latency: Option<Bars>,
    pictures: Vec<Picture>,
    heat: Option<Heat>,
    facts: Vec<Fact>,
    details: Vec<Fact>,
    doses: Vec<Dose>,
}

impl Shown {
    fn of(shown: &Vector, document: &Document, slowest: f64) -> Self {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let grows = shown.signal.zip(shown.per_request);
        let seen_from = shown.signal.zip(shown.smallest_detectable);
        let limit_in = shown.to_limit.as_ref().map(|limit| quantity::duration(limit.seconds as f64));
        let facts = vector::facts(shown, document).into_iter().map(steady);
        let (details, facts) = facts.partition(|fact| fact.is_detail);
        Self {
            verdict: Tagged { word: headline::word(shown.verdict), tone: tone(shown.verdict) },
            endpoint: printable(&shown.endpoint),
            pattern: printable(&format!("{} requests", vector::words(&shown.pattern))),
            requests: quantity::count(shown.requests),
            grows: or_dash(grows.map(|(signal, rate)| amount::range(signal, rate.low, rate.high))),
            seen_from: or_dash(seen_from.map(|(signal, least)| amount::of(signal, least))),
            limit_in: or_dash(limit_in),
            latency: Bars::of(shown.tally.latency_ms, slowest),
            pictures: picture::of(shown),
            heat: heat::of(shown).filter(|_| shown.asked_with.is_none()),
            facts,
            details,
            doses: dose::of(shown),
        }
    }
}

/// Latencies as parts of the slowest one.
struct Bars {
    p50_percent: u32,
    p99_percent: u32,
    words: String,
}

impl Bars {
    /// Nothing where no answer was timed.
    fn of(latency: Latency, slowest: f64) -> Option<Self> {
        let percent = |ms: f64| (ms / slowest * 100.0).clamp(1.0, 100.0) as u32;
        let ms = |value| quantity::number(value, 3);
        (latency.p99 > 0.0).then(|| Self {
            p50_percent: percent(latency.p50),
            p99_percent: percent(latency.p99),
            words: format!("{} ms, {} ms", ms(latency.p50), ms(latency.p99)),
        })
    }
}

/// What somebody needs to do it again.
fn settings(document: &Document) -> Vec<(&'static str, String)> {
    let settings = &document.settings;
    let own = [
        ("Command", Some(document.service.command.join(" ")).filter(|command| !command.is_empty())),
        ("Target", Some(document.url.clone())),
        ("Users", Some(quantity::count(settings.users.into()))),
        ("Threads", settings.threads.map(|threads| threads.to_string())),
        ("Rate", settings.rate.map(|rate| format!("{} requests per second", quantity::number(rate, 3)))),
        ("Dose", Some(quantity::duration(settings.dose_seconds))),
        ("Budget", Some(quantity::duration(settings.budget_seconds))),
        ("Requests at most", settings.requests_max.map(quantity::count)),
        ("Seed", Some(settings.seed.to_string())),
        ("Cache assumed", settings.assume_cache_bytes.map(|bytes| quantity::bytes(bytes as f64))),
        ("Limit reckoned with", settings.limit_bytes.map(quantity::limit)),
        ("Declared as owned", settings.owned_host.clone()),
        ("Drip", Some(format!("{}, scoring {}", document.environment.drip_version, document.scoring))),
        ("Run", Some(document.id.clone())),
    ];
    own.into_iter().filter_map(|(label, text)| Some((label, printable(&text?)))).collect()
}
