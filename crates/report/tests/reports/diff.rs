//! Two documents compared.

use drip_report::diff::{Kind, compare, write_markdown, write_text};
use drip_report::document::{Interval, Signal, Verdict};
use drip_report::{Document, Look};

use crate::hostile;
use crate::samples;

/// A document with one vector, so judged.
fn judged(verdict: Verdict, low: f64, high: f64) -> Document {
    let mut document = samples::by_name("leaking-node");
    document.findings.clear();
    document.vectors[0].verdict = verdict;
    document.vectors[0].per_request = Some(Interval { low, estimate: (low + high) / 2.0, high, level: 0.99 });
    document
}

#[track_caller]
fn check(old: &Document, new: &Document, expected: Kind) {
    let difference = compare(old, new);
    assert_eq!(difference.changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [expected]);
    assert_eq!(difference.has_new(), expected.is_new());
}

#[test]
fn growth_is_worse_only_beyond_the_intervals() {
    let old = judged(Verdict::Leaking, 400.0, 480.0);
    check(&old, &judged(Verdict::Leaking, 470.0, 900.0), Kind::Known);
    check(&old, &judged(Verdict::Leaking, 481.0, 560.0), Kind::Worse);
    check(&old, &judged(Verdict::Leaking, 300.0, 399.0), Kind::Better);
    check(&old, &judged(Verdict::Crashed, 0.0, 0.0), Kind::Worse);
    let mut other_signal = judged(Verdict::Leaking, 4_000.0, 4_800.0);
    other_signal.vectors[0].signal = Some(Signal::Anon);
    check(&old, &other_signal, Kind::Known);
}

#[test]
fn unclear_is_never_fixed() {
    let calm = judged(Verdict::Steady, -1.0, 1.0);
    let leaking = judged(Verdict::Leaking, 400.0, 480.0);
    let unclear = judged(Verdict::Unclear, -900.0, 900.0);
    check(&calm, &leaking, Kind::New);
    check(&unclear, &leaking, Kind::New);
    check(&leaking, &calm, Kind::Fixed);
    check(&leaking, &unclear, Kind::Undecided);
    check(&calm, &unclear, Kind::Undecided);
    check(&unclear, &calm, Kind::Calm);
}

#[test]
fn what_is_not_tested_any_more_is_not_fixed_either() {
    let mut gone = judged(Verdict::Leaking, 400.0, 480.0);
    let leaking = gone.clone();
    gone.vectors.clear();
    check(&leaking, &gone, Kind::Untested);
    check(&gone, &leaking, Kind::New);
}

#[test]
fn a_finding_that_costs_something_is_new_too() {
    let old = judged(Verdict::Unclear, 0.0, 1.0);
    let mut new = old.clone();
    new.findings = samples::by_name("unclear-black-box").findings;
    let difference = compare(&old, &new);
    assert!(difference.has_new());
    assert_eq!(difference.findings_new[0].id, "DRIP021");
    assert_eq!(compare(&new, &old).findings_gone, difference.findings_new);
}

#[test]
fn hostile_names_stay_text() {
    let difference = compare(&samples::by_name("steady"), &hostile::document());
    let mut text = Vec::new();
    write_text(&difference, &Look::default(), &mut text).unwrap();
    let mut markdown = Vec::new();
    write_markdown(&difference, &mut markdown).unwrap();
    for text in [text, markdown].map(|bytes| String::from_utf8(bytes).unwrap()) {
        assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text}");
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
    }
}
