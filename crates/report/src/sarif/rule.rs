//! Rules of SARIF: the pages of the catalogue, those that this document has findings of.

use drip_catalog::{OWASP, Page, cwe_title};
use serde_json::json;
use serde_sarif::sarif;

use crate::document::{Confidence, Document, Finding, Severity};

/// Code scanning shows no more of a description.
const DESCRIPTION_CHARS_MAX: usize = 1_024;

/// The rules of a document, in the order in which their findings come first.
pub(super) fn all(document: &Document) -> Vec<sarif::ReportingDescriptor> {
    ids(document).into_iter().map(|id| rule(id, document)).collect()
}

/// The place of a rule among them.
pub(super) fn index(id: &str, document: &Document) -> i64 {
    ids(document)
        .iter()
        .position(|known| *known == id)
        .and_then(|index| i64::try_from(index).ok())
        .unwrap_or(-1)
}

fn ids(document: &Document) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for finding in &document.findings {
        if !ids.contains(&finding.id.as_str()) {
            ids.push(&finding.id);
        }
    }
    ids
}

/// A document of a later version may have a finding that this catalogue lacks: its own words must do.
fn rule(id: &str, document: &Document) -> sarif::ReportingDescriptor {
    let findings: Vec<_> = document.findings.iter().filter(|finding| finding.id == id).collect();
    let page = drip_catalog::page(id);
    let title = page.map_or_else(|| findings[0].title.as_str(), |page| page.title);
    let what = page.map_or(title, |page| page.what);
    let help = page.map(drip_catalog::render).unwrap_or_else(|| what.to_owned());
    sarif::ReportingDescriptor::builder()
        .id(id)
        .name(id)
        .short_description(described(title))
        .full_description(described(what))
        .help(sarif::MultiformatMessageString::builder().text(help.clone()).markdown(help).build())
        .properties(properties(page, &findings))
        .build()
}

fn described(text: &str) -> sarif::MultiformatMessageString {
    let text: String = text.chars().take(DESCRIPTION_CHARS_MAX).collect();
    sarif::MultiformatMessageString::builder().text(text).build()
}

/// Code scanning takes severity and precision from the rule alone: the worst and the surest of its findings.
fn properties(page: Option<&Page>, findings: &[&Finding]) -> sarif::PropertyBag {
    let mut bag = sarif::PropertyBag { tags: Some(tags(page)), ..Default::default() };
    let worst = findings.iter().map(|finding| finding.severity).max();
    let surest = findings.iter().map(|finding| finding.confidence).max();
    if let Some(score) = worst.and_then(security_severity) {
        bag.additional_properties.insert("security-severity".to_owned(), json!(score));
    }
    if let Some(surest) = surest {
        bag.additional_properties.insert("precision".to_owned(), json!(precision(surest)));
    }
    bag
}

fn tags(page: Option<&Page>) -> Vec<String> {
    let mut tags = vec!["security".to_owned(), "performance".to_owned()];
    let Some(page) = page else { return tags };
    tags.push(page.category.name().to_owned());
    let number = |cwe: &&str| format!("external/cwe/{}", cwe.to_lowercase());
    tags.extend(page.cwe.iter().filter(|cwe| cwe_title(cwe).is_some()).map(number));
    tags.push(format!("external/owasp/{}", OWASP.split(' ').next().unwrap_or(OWASP).to_lowercase()));
    tags
}

/// Within the bands that code scanning names critical, high, medium and low. A note is no security alert.
const fn security_severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Critical => Some("9.5"),
        Severity::High => Some("8.0"),
        Severity::Medium => Some("5.5"),
        Severity::Low => Some("2.0"),
        Severity::Note => None,
    }
}

const fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "very-high",
        Confidence::Firm => "high",
        Confidence::Tentative => "low",
    }
}
