//! JUnit's XML.

use roxmltree::Document;

use crate::hostile::{self, rendered};
use crate::{samples, strangers};

/// Of Jenkins' xUnit plugin, in the version that pytest 9.2.0 holds its own reports against. MIT.
const JENKINS: &str = include_str!("junit-jenkins.xsd");
/// Of Ant's reports, in the version that the crate junit-report 0.9.1 has. Apache-2.0.
const ANT: &str = include_str!("junit-ant.xsd");

/// Ant has skipped tests since its version 1.9; the schema that a package has is older, the one that is maintained
/// knows them.
fn ant_with_skipped_tests() -> String {
    let element = "<xs:choice minOccurs=\"0\">";
    let attribute = "<xs:attribute name=\"timestamp\"";
    assert!(ANT.matches(element).count() == 1 && ANT.matches(attribute).count() == 1);
    ANT.replace(element, &format!("{element}<xs:element name=\"skipped\"/>"))
        .replace(attribute, &format!("<xs:attribute name=\"skipped\" type=\"xs:int\"/>{attribute}"))
}

/// Holds a report of every sample against a schema, by libxml2.
#[track_caller]
fn satisfies(schema: &str) {
    let mut files = vec![("schema.xsd".to_owned(), schema.to_owned())];
    let report = |(name, document)| (format!("{name}.xml"), rendered("junit", &document));
    files.extend(hostile::and_all_samples().into_iter().map(report));
    strangers::find_nothing_wrong("schema.mjs", &files);
}

#[test]
fn jenkins_takes_every_report() {
    satisfies(JENKINS);
}

#[test]
fn ant_takes_every_report_and_so_do_those_who_read_its_format() {
    satisfies(&ant_with_skipped_tests());
}

/// What each test of a sample came to.
#[track_caller]
fn check(name: &str, expected: &[&str]) {
    let text = rendered("junit", &samples::by_name(name));
    let report = Document::parse(&text).expect("it is well-formed");
    let cases = report.descendants().filter(|node| node.has_tag_name("testcase"));
    let outcome = |case: roxmltree::Node<'_, '_>| {
        case.first_element_child().map_or("passed", |child| child.tag_name().name()).to_owned()
    };
    let found: Vec<_> = cases.map(outcome).collect();
    assert_eq!(found, expected, "{name}");
    let suite = report.descendants().find(|node| node.has_tag_name("testsuite")).expect("a suite");
    for (attribute, outcome) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
        let count = found.iter().filter(|found| *found == outcome).count();
        assert_eq!(suite.attribute(attribute), Some(count.to_string().as_str()), "{name}: {attribute}");
    }
}

#[test]
fn three_verdicts_are_never_two() {
    check("leaking-node", &["failure"]);
    check("unbounded", &["failure"]);
    check("growing-with-time", &["failure"]);
    check("crashed", &["error"]);
    check("unclear-cache", &["skipped"]);
    check("settling", &["passed"]);
    check("several", &["passed", "failure", "passed"]);
}

#[test]
fn a_run_without_a_verdict_is_never_green() {
    check("nothing", &["error"]);
    let text = rendered("junit", &samples::by_name("nothing"));
    assert!(text.contains("the target never answered on port 8080"), "{text}");
}

#[test]
fn a_failure_says_what_where_and_what_to_do() {
    let text = rendered("junit", &samples::by_name("leaking-node"));
    for words in [
        "name=\"repeated\" classname=\"GET /data\"",
        "keeps about 439 bytes of every request",
        "Growth: grows by 439 bytes per request",
        "HIGH DRIP001",
        "Fix: Look for a module-level array",
        "timestamp=\"2026-09-21T14:13:20\"",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn hostile_text_stays_text() {
    let text = rendered("junit", &hostile::document());
    let report = Document::parse(&text).expect("it is well-formed");
    assert_eq!(report.descendants().filter(|node| node.has_tag_name("testcase")).count(), 2);
    assert!(report.descendants().all(|node| !node.has_tag_name("img") && !node.has_tag_name("b")), "{text}");
}
