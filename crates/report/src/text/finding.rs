//! One finding: what it costs, what was seen, what to change.

use std::io;

use anstyle::{AnsiColor, Style};

use super::page::{BAD, OPEN, Page};
use crate::document::{Finding, Location, Severity, Suppression};

/// Columns that the words of a finding are set in by.
const INDENT: usize = 2;

/// All of a finding.
pub(super) fn write(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let severity = finding.severity.name().to_uppercase();
    page.titled(style(finding.severity), &severity, &format!("  {}  {}", finding.id, finding.title))?;
    page.paragraph(Style::new(), INDENT, &about(finding))?;
    page.blank()?;
    page.paragraph(Style::new(), INDENT, &finding.description)?;
    finding.locations.iter().try_for_each(|location| page.entry("Where", &place(location)))?;
    page.blank()?;
    page.paragraph(Style::new(), INDENT, &format!("Fix: {}", finding.remediation))?;
    page.paragraph(Style::new(), INDENT, &format!("More: drip explain {}", finding.id))
}

const fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => BAD,
        Severity::Medium => OPEN,
        Severity::Low | Severity::Note => AnsiColor::Cyan.on_default().bold(),
    }
}

/// `GET /data; confidence: certain; CWE-401, CWE-772`.
pub(crate) fn about(finding: &Finding) -> String {
    let mut parts: Vec<String> = finding.endpoint.iter().cloned().collect();
    parts.push(format!("confidence: {}", finding.confidence.name()));
    if !finding.cwe.is_empty() {
        parts.push(finding.cwe.join(", "));
    }
    parts.extend(finding.suppressed.as_ref().map(suppressed));
    parts.join("; ")
}

/// `suppressed until 2027-01-31: it is a ring`.
pub(crate) fn suppressed(suppression: &Suppression) -> String {
    let word = if suppression.expired { "suppression expired after" } else { "suppressed until" };
    format!("{word} {}: {}", suppression.until, suppression.reason)
}

/// `leaky-server.js:5 in handler, held by requestLog`.
pub(crate) fn place(location: &Location) -> String {
    let function = location.function.as_ref().map(|function| format!(" in {function}"));
    let holder = location.holder.as_ref().map(|holder| format!(", held by {holder}"));
    format!(
        "{}:{}{}{}",
        location.file,
        location.line,
        function.unwrap_or_default(),
        holder.unwrap_or_default()
    )
}
