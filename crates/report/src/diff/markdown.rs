//! A difference for a pull request.

use std::io;

use super::text::{answer, named, side};
use super::{Difference, Found, Kind};
use crate::markdown::escape::{code, prose};

/// Writes it.
pub fn write(difference: &Difference, out: &mut dyn io::Write) -> io::Result<()> {
    let (_, word, rest) = answer(difference);
    writeln!(out, "## Drip: {}\n\n**{word}**{rest}\n", word.to_lowercase())?;
    writeln!(
        out,
        "- **Old:** {}\n- **New:** {}\n",
        prose(&side(&difference.old)),
        prose(&side(&difference.new))
    )?;
    let spoken: Vec<_> = difference.changes.iter().filter(|change| change.kind != Kind::Calm).collect();
    if !spoken.is_empty() {
        writeln!(out, "| Change | Endpoint | Now | Why |\n|---|---|---|---|")?;
    }
    for change in &spoken {
        let now = change.new.as_ref().map_or("–", |state| state.verdict.name());
        let endpoint = format!("{} {}", code(&change.endpoint), prose(&change.pattern));
        writeln!(out, "| {} | {endpoint} | {now} | {} |", change.kind.name(), prose(&change.because))?;
    }
    findings("New findings", &difference.findings_new, out)?;
    findings("Findings that are gone", &difference.findings_gone, out)
}

fn findings(title: &str, findings: &[Found], out: &mut dyn io::Write) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}:\n")?;
    findings.iter().try_for_each(|found| writeln!(out, "- {}", prose(&named(found))))
}
