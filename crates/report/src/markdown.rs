//! Markdown for a pull request, a job's summary or a chat: the verdict first, then a table of all vectors, the
//! findings with their remedies, and the rest folded away.
//!
//! Text that came from outside stays text: it can neither format, link, mention nor break out of a table.

pub(crate) mod escape;

use std::io;

use self::escape::{code, prose};
use crate::document::{Document, Finding, Vector};
use crate::text::{self, Fact, amount, finding, headline, vector, worst_first};
use crate::{Look, Reporter, quantity};

/// `--format markdown`.
pub struct Markdown;

impl Reporter for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn media_type(&self) -> &'static str {
        "text/markdown; charset=utf-8"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        let headline = headline::of(document);
        writeln!(out, "## Drip: {}\n", headline.word.to_lowercase())?;
        writeln!(
            out,
            "**{}**{}\n\n{}\n",
            headline.word,
            prose(&headline.rest),
            prose(&text::score(document))
        )?;
        list(&text::facts(document), out)?;
        table(document, out)?;
        document.findings.iter().try_for_each(|finding| found(finding, out))?;
        in_full(document, out)?;
        text::foot_lines(document).iter().try_for_each(|line| writeln!(out, "{}  ", prose(line)))
    }
}

fn list(facts: &[Fact], out: &mut dyn io::Write) -> io::Result<()> {
    facts.iter().try_for_each(|fact| writeln!(out, "- **{}:** {}", fact.label, prose(&fact.text)))
}

fn table(document: &Document, out: &mut dyn io::Write) -> io::Result<()> {
    if document.vectors.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n| Verdict | Endpoint | Requests | Grows per request | A leak seen from | Limit reached in |"
    )?;
    writeln!(out, "|---|---|--:|---|---|---|")?;
    worst_first(document).into_iter().try_for_each(|vector| row(vector, out))
}

fn row(vector: &Vector, out: &mut dyn io::Write) -> io::Result<()> {
    let grows = vector.signal.zip(vector.per_request.as_ref());
    let grows = grows.map(|(signal, rate)| amount::range(signal, rate.low, rate.high));
    let seen = vector.signal.zip(vector.smallest_detectable);
    let seen = seen.map(|(signal, smallest)| amount::of(signal, smallest));
    let limit = vector.to_limit.as_ref().map(|limit| quantity::duration(limit.seconds as f64));
    let or_dash = |text: Option<String>| text.map_or_else(|| "–".to_owned(), |text| prose(&text));
    writeln!(
        out,
        "| {} | {} {} | {} | {} | {} | {} |",
        vector.verdict.name(),
        code(&vector.endpoint),
        prose(&vector::words(&vector.pattern)),
        quantity::count(vector.requests),
        or_dash(grows),
        or_dash(seen),
        or_dash(limit)
    )
}

fn found(found: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let severity = found.severity.name().to_uppercase();
    writeln!(out, "\n### {severity} {}: {}\n", prose(&found.id), prose(&found.title))?;
    writeln!(out, "{}\n\n{}\n", prose(&finding::about(found)), items(&found.description))?;
    for location in &found.locations {
        writeln!(out, "Where: {}\n", code(&finding::place(location)))?;
    }
    writeln!(out, "**Fix:** {}", items(&found.remediation))
}

/// Text of the catalogue has lists: lines that begin with `- `.
fn items(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let item = line.strip_prefix("- ");
        let gap = if item.is_some() { "\n- " } else { "\n\n" };
        let gap = if out.is_empty() { gap.trim_start() } else { gap };
        out += &format!("{gap}{}", prose(item.unwrap_or(line)));
    }
    out
}

fn in_full(document: &Document, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out)?;
    for vector in worst_first(document) {
        let summary = format!("{} {}", vector.verdict.name(), vector::name(vector));
        writeln!(out, "<details><summary>{}</summary>\n", escape::html(&summary))?;
        list(&vector::facts(vector, document), out)?;
        writeln!(out, "\n</details>\n")?;
    }
    let last = &document.service.last_output;
    if last.is_empty() {
        return Ok(());
    }
    writeln!(out, "<details><summary>Last output of the service</summary>\n")?;
    last.iter().try_for_each(|line| writeln!(out, "- {}", code(line)))?;
    writeln!(out, "\n</details>\n")
}
