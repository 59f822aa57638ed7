//! JUnit's XML.

use roxmltree::Document;

use crate::hostile::{self, rendered};
use crate::samples;

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
