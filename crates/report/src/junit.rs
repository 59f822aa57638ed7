//! JUnit's XML, for build servers that show tests: each vector is a test, named after its pattern in the class of
//! its endpoint.
//!
//! Growth is a failure, a death an error, and what is unclear was skipped: it neither passed nor failed. A run that
//! gave no verdict at all is an error too, so that an empty list is never green.
//!
//! There is no one schema of this format. What is written here is what both of those take that consumers publish: the
//! one of Jenkins' xUnit plugin, and the one of Ant's reports, which Azure Pipelines and Bamboo refer to.

use std::io;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::document::{Document, Finding, Vector, Verdict};
use crate::text::{finding, foot_lines, headline, printable, score, vector};
use crate::{Look, Reporter};

/// Of the report and of its suite's package.
const NAME: &str = "drip";

/// `--format junit`.
pub struct Junit;

impl Reporter for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn media_type(&self) -> &'static str {
        "application/xml"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        let mut report = Report::new(NAME);
        report.add_test_suite(suite(document));
        let xml = report.to_string().map_err(io::Error::other)?;
        out.write_all(with_plain_root(&xml).as_bytes())?;
        out.write_all(b"\n")
    }
}

/// Without the attributes of the root, which Ant's schema has not and Jenkins' has in part. They only repeat what the
/// one suite says.
fn with_plain_root(xml: &str) -> String {
    let (declaration, rest) = xml.split_once("<testsuites ").unwrap_or(("", xml));
    let (_attributes, suites) = rest.split_once('>').unwrap_or(("", rest));
    format!("{declaration}<testsuites>{suites}")
}

fn suite(document: &Document) -> TestSuite {
    let mut suite = TestSuite::new(printable(&document.url));
    suite.set_time(seconds(document.footprint.wall_seconds));
    // Without a fraction and an offset, as the published schemas want it.
    let at = document.created_at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    // The host is where the tests ran, not what they asked, and its name is nobody's business.
    let attributes = [("timestamp", at.as_str()), ("hostname", "localhost"), ("id", "0"), ("package", NAME)];
    suite.extra.extend(attributes.map(|(name, value)| (name.into(), value.into())));
    suite.add_properties(properties(document));
    suite.add_test_cases(document.vectors.iter().map(|vector| case(vector, document)));
    if document.vectors.is_empty() {
        suite.add_test_case(nothing(document));
    }
    suite.set_system_out(printable(&said(document)));
    suite.set_system_err(printable(&document.service.last_output.join("\n")));
    suite
}

fn properties(document: &Document) -> Vec<Property> {
    let mut properties = vec![
        Property::new("drip.version", &document.environment.drip_version),
        Property::new("drip.run", printable(&document.id)),
        Property::new("drip.status", document.status.name()),
        Property::new("drip.seed", document.settings.seed.to_string()),
    ];
    properties.extend(document.score.map(|score| Property::new("drip.score", score.to_string())));
    properties.extend(document.grade.map(|grade| Property::new("drip.grade", grade.to_string())));
    properties
}

fn case(vector: &Vector, document: &Document) -> TestCase {
    let mut case = TestCase::new(printable(&vector.pattern), status(vector, document));
    case.set_classname(printable(&vector.endpoint));
    case.set_time(seconds(vector.tally.busy_seconds));
    case
}

fn status(vector: &Vector, document: &Document) -> TestCaseStatus {
    let mut status = match vector.verdict {
        Verdict::Crashed => TestCaseStatus::non_success(NonSuccessKind::Error),
        Verdict::Leaking | Verdict::Unbounded | Verdict::GrowingWithTime => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        Verdict::Unclear => TestCaseStatus::skipped(),
        Verdict::Settling | Verdict::Steady => return TestCaseStatus::success(),
    };
    status.set_message(printable(&headline::sentence(vector, document)));
    status.set_type(vector.verdict.name());
    status.set_description(printable(&details(vector, document)));
    status
}

/// All that is known of a vector, and the findings of its endpoint.
fn details(vector: &Vector, document: &Document) -> String {
    let facts = vector::facts(vector, document);
    let mut lines: Vec<_> = facts.iter().map(|fact| format!("{}: {}", fact.label, fact.text)).collect();
    let own = document.findings.iter().filter(|finding| finding.endpoint.as_ref() == Some(&vector.endpoint));
    lines.extend(own.map(told));
    lines.join("\n")
}

fn told(found: &Finding) -> String {
    let places = found.locations.iter().map(|location| format!("\nWhere: {}", finding::place(location)));
    format!(
        "\n{} {} {}\n{}\n{}{}\nFix: {}",
        found.severity.name().to_uppercase(),
        found.id,
        found.title,
        finding::about(found),
        found.description,
        places.collect::<String>(),
        found.remediation
    )
}

fn nothing(document: &Document) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(printable(&headline::nothing(document)));
    status.set_type(document.status.name());
    let mut case = TestCase::new("run", status);
    case.set_classname(printable(&document.url));
    case.set_time(Duration::ZERO);
    case
}

/// What belongs to no test.
fn said(document: &Document) -> String {
    let headline = headline::of(document);
    let mut lines = vec![format!("{}{}", headline.word, headline.rest), score(document)];
    lines.extend(foot_lines(document));
    lines.extend(document.findings.iter().filter(|finding| finding.endpoint.is_none()).map(told));
    lines.join("\n")
}

/// What is no time (negative, endless) took none.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
