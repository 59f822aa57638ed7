//! SARIF 2.1.0, as code scanning takes it: findings as results, their pages in the catalogue as rules.
//!
//! A result stands where its source is known: on the line that holds the memory, else in the file that the command
//! runs, without a line. Code scanning refuses a whole upload for one result without a place, so a finding that has
//! none is told as a notification of the run. A fingerprint follows from what was found and where, not from numbers
//! of the run, so that the same leak stays one alert.

mod rule;

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde_json::json;
use serde_sarif::sarif;
use sha2::{Digest, Sha256};

use crate::brief::subject;
use crate::document::{Document, Finding, Severity, Status};
use crate::source::{self, Place};
use crate::text::printable;
use crate::{Look, Reporter};

/// `--format sarif`.
pub struct Sarif;

/// The schema that the result is valid under.
const SCHEMA_URI: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The only fingerprint that code scanning looks at.
const FINGERPRINT: &str = "primaryLocationLineHash";
/// Hex digits of a fingerprint, as in those of CodeQL.
const FINGERPRINT_DIGITS: usize = 16;

impl Reporter for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn media_type(&self) -> &'static str {
        "application/sarif+json"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        let log = json!({ "$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run(document)] });
        serde_json::to_writer_pretty(&mut *out, &log)?;
        out.write_all(b"\n")
    }
}

fn run(document: &Document) -> sarif::Run {
    let placed = document.findings.iter().map(|finding| (finding, source::places(finding, document)));
    let (placed, homeless): (Vec<_>, Vec<_>) = placed.partition(|(_, places)| !places.is_empty());
    let mut seen = HashMap::new();
    let results: Vec<_> =
        placed.iter().map(|(finding, places)| result(finding, places, document, &mut seen)).collect();
    let homeless: Vec<_> = homeless.into_iter().map(|(finding, _)| notification(finding)).collect();
    sarif::Run::builder()
        .tool(sarif::Tool::builder().driver(driver(document)).build())
        .automation_details(sarif::RunAutomationDetails {
            id: Some(format!("{}/", subject(document))),
            ..Default::default()
        })
        .invocations(vec![invocation(document, homeless)])
        .results(results)
        .build()
}

fn driver(document: &Document) -> sarif::ToolComponent {
    sarif::ToolComponent::builder()
        .name("Drip")
        .semantic_version(&document.environment.drip_version)
        .rules(rule::all(document))
        .build()
}

/// Uploads of one category replace each other. The port is left out: it may be another one in each run.
fn invocation(document: &Document, homeless: Vec<sarif::Notification>) -> sarif::Invocation {
    let invocation = sarif::Invocation::builder()
        .execution_successful(document.status == Status::Completed)
        .start_time_utc(document.created_at.to_string())
        .end_time_utc(document.completed_at.to_string());
    if homeless.is_empty() {
        invocation.build()
    } else {
        invocation.tool_execution_notifications(homeless).build()
    }
}

fn notification(finding: &Finding) -> sarif::Notification {
    sarif::Notification::builder()
        .message(message(&format!("{}: {}", finding.id, described(finding))))
        .level(json!(level(finding.severity)))
        .build()
}

fn result(
    finding: &Finding,
    places: &[Place],
    document: &Document,
    seen: &mut HashMap<String, u32>,
) -> sarif::Result {
    let fingerprint = BTreeMap::from([(FINGERPRINT.to_owned(), fingerprint(finding, &places[0], seen))]);
    let result = sarif::Result::builder()
        .rule_id(&finding.id)
        .rule_index(rule::index(&finding.id, document))
        .level(level(finding.severity))
        .message(message(&described(finding)))
        .locations(places.iter().map(|place| location(finding, place)).collect::<Vec<_>>())
        .partial_fingerprints(fingerprint)
        .build();
    sarif::Result { suppressions: suppressions(finding), ..result }
}

/// What code scanning closes as one that somebody decided to live with.
fn suppressions(finding: &Finding) -> Option<Vec<sarif::Suppression>> {
    let suppression = finding.suppressed.as_ref().filter(|suppression| !suppression.expired)?;
    let why = printable(&format!("{} (until {})", suppression.reason, suppression.until));
    Some(vec![sarif::Suppression::builder().kind(json!("external")).justification(why).build()])
}

/// What, where, and what to do: a result is read beside the code, without the rest of the report.
fn described(finding: &Finding) -> String {
    format!("{}\n\nFix: {}", finding.description, finding.remediation)
}

fn message(text: &str) -> sarif::Message {
    sarif::Message { text: Some(unlinked(&printable(text))), ..Default::default() }
}

/// Square brackets make links in messages, and braces placeholders; what came from outside makes neither.
fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '[' | ']' | '\\' => out.extend(['\\', letter]),
            '{' | '}' => out.extend([letter, letter]),
            _ => out.push(letter),
        }
    }
    out
}

const fn level(severity: Severity) -> sarif::ResultLevel {
    match severity {
        Severity::Critical | Severity::High => sarif::ResultLevel::Error,
        Severity::Medium | Severity::Low => sarif::ResultLevel::Warning,
        Severity::Note => sarif::ResultLevel::Note,
    }
}

fn location(finding: &Finding, place: &Place) -> sarif::Location {
    let artifact = sarif::ArtifactLocation { uri: Some(source::uri(&place.file)), ..Default::default() };
    let region = place.line.map(|line| sarif::Region { start_line: Some(line.into()), ..Default::default() });
    let physical =
        sarif::PhysicalLocation { artifact_location: Some(artifact), region, ..Default::default() };
    let endpoint = finding.endpoint.as_ref().map(|endpoint| {
        let name = Some(printable(endpoint));
        vec![sarif::LogicalLocation { name, kind: Some("resource".to_owned()), ..Default::default() }]
    });
    sarif::Location { physical_location: Some(physical), logical_locations: endpoint, ..Default::default() }
}

/// The same for the same thing in the same place; a number tells apart what is otherwise equal.
fn fingerprint(finding: &Finding, place: &Place, seen: &mut HashMap<String, u32>) -> String {
    let holder = finding.locations.first().and_then(|location| location.holder.as_deref());
    let endpoint = finding.endpoint.as_deref().unwrap_or_default();
    let digest = Sha256::digest([&finding.id, endpoint, &place.file, holder.unwrap_or_default()].join("\0"));
    let hex: String = digest.iter().take(FINGERPRINT_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    let occurrence = seen.entry(hex.clone()).and_modify(|count| *count += 1).or_insert(1);
    format!("{hex}:{occurrence}")
}
