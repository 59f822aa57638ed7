//! Findings that somebody decided to live with, for a reason and until a day: `[[suppress]]` in `drip.toml`.
//!
//! A suppressed finding stays in every report, with its reason, and in the score; it only fails no build. After its
//! day it fails, whatever else would, so that nothing is suppressed for ever by being forgotten.

use drip_report::Document;
use drip_report::document::{Finding, Suppression, Vector, Verdict};
use serde::Deserialize;
use toml::value::Datetime;

use crate::gate::Gate;
use crate::output;

/// One `[[suppress]]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suppress {
    /// `DRIP001`.
    pub(crate) finding: String,
    /// Only on this endpoint.
    pub(crate) endpoint: Option<String>,
    /// Why.
    pub(crate) reason: String,
    /// The last day.
    pub(crate) until: Datetime,
}

impl Suppress {
    /// What is wrong with it.
    pub(crate) fn wrong(&self) -> Option<String> {
        if drip_catalog::page(&self.finding).is_none() {
            let near = drip_catalog::nearest(&self.finding).join(", ");
            return Some(format!("suppress: {} is no finding; did you mean {near}?", self.finding));
        }
        if self.reason.trim().is_empty() {
            return Some(format!("suppress: {} needs a reason", self.finding));
        }
        let no_day = self.until.date.is_none() || self.until.time.is_some();
        no_day.then(|| "suppress: until is a day, as 2027-01-31".to_owned())
    }

    fn is_of(&self, finding: &Finding) -> bool {
        let here = self.endpoint.is_none() || self.endpoint == finding.endpoint;
        self.finding.eq_ignore_ascii_case(&finding.id) && here
    }
}

/// Marks the findings of a document. Days of this form are in the order of their letters.
pub(crate) fn mark(suppressions: &[Suppress], document: &mut Document) {
    let today = document.completed_at.strftime("%Y-%m-%d").to_string();
    for finding in &mut document.findings {
        let found = suppressions.iter().find(|suppress| suppress.is_of(finding));
        finding.suppressed = found.map(|suppress| {
            let until = suppress.until.to_string();
            Suppression { reason: suppress.reason.clone(), expired: today > until, until }
        });
    }
    for suppress in suppressions {
        if !document.findings.iter().any(|finding| suppress.is_of(finding)) {
            let endpoint =
                suppress.endpoint.as_ref().map(|endpoint| format!(" on {endpoint}")).unwrap_or_default();
            output::say(&format!("drip: {}{endpoint} is suppressed and was not found", suppress.finding));
        }
    }
}

/// Lets the gate know which vectors fail nothing.
pub(crate) fn excuse(gate: &mut Gate, document: &Document) {
    let excused = document.vectors.iter().filter(|vector| is_suppressed(vector, document));
    gate.excused.extend(excused.map(|vector| (vector.endpoint.clone(), vector.pattern.clone())));
}

fn is_suppressed(vector: &Vector, document: &Document) -> bool {
    let says = |finding: &&Finding| {
        let here = finding.endpoint.is_none() || finding.endpoint.as_ref() == Some(&vector.endpoint);
        here && findings_of(vector.verdict).contains(&finding.id.as_str())
    };
    let mut findings = document.findings.iter().filter(says).peekable();
    findings.peek().is_some() && findings.all(Finding::is_suppressed)
}

/// The findings by which a verdict is told.
pub(crate) const fn findings_of(verdict: Verdict) -> &'static [&'static str] {
    match verdict {
        Verdict::Crashed => &["DRIP011"],
        Verdict::Leaking => &["DRIP001", "DRIP007", "DRIP008", "DRIP009"],
        Verdict::Unbounded => &["DRIP003"],
        Verdict::GrowingWithTime => &["DRIP004"],
        Verdict::Unclear | Verdict::Settling | Verdict::Steady => &[],
    }
}
