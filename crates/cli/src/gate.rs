//! From a document to an exit code: what fails a build. Pure.

use drip_report::diff::fails;
use drip_report::document::{Document, Vector, Verdict};

use crate::exit;

/// What the user wants to fail on, besides the rule that always holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate {
    /// The worst grade that passes.
    pub(crate) fail_below: Option<char>,
    /// The lowest score that passes.
    pub(crate) fail_under: Option<u8>,
    /// Verdicts and finding ids that fail.
    pub(crate) fail_on: Vec<String>,
    /// Only report.
    pub(crate) no_fail: bool,
    /// Endpoints and patterns whose verdict fails nothing: it was known before.
    pub(crate) excused: Vec<(String, String)>,
    /// Something is worse than in the baseline, and that was to fail.
    pub(crate) is_new: bool,
}

/// A code, and why when it is not zero.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) code: u8,
    pub(crate) because: Option<String>,
}

/// Rules on a document.
pub(crate) fn rule(gate: &Gate, document: &Document) -> Ruling {
    let ruling = |code, because: String| Ruling { code, because: Some(because) };
    if gate.no_fail {
        return Ruling { code: exit::PASS, because: None };
    }
    if let Some(because) = failure(gate, document) {
        return ruling(exit::GATE_FAILED, because);
    }
    if nothing_succeeded(document) {
        let because = "no request succeeded; name what to request with --path";
        return ruling(exit::NOTHING_MEASURED, because.to_owned());
    }
    if document.vectors.iter().all(|vector| vector.verdict == Verdict::Unclear) {
        return ruling(exit::UNCLEAR, "every verdict is unclear".to_owned());
    }
    Ruling { code: exit::PASS, because: None }
}

fn failure(gate: &Gate, document: &Document) -> Option<String> {
    let excused = |vector: &Vector| {
        gate.excused
            .iter()
            .any(|(endpoint, pattern)| *endpoint == vector.endpoint && *pattern == vector.pattern)
    };
    let failed = document.vectors.iter().find(|vector| fails(vector.verdict) && !excused(vector));
    let by_verdict = failed.map(|vector| match vector.verdict {
        Verdict::Crashed => format!("the service crashed under {}", vector.endpoint),
        verdict => format!("{} is {}", vector.endpoint, verdict.name()),
    });
    let newly = || gate.is_new.then(|| "something is worse than in the baseline (--fail-on new)".to_owned());
    expired(document)
        .or(by_verdict)
        .or_else(newly)
        .or_else(|| below(gate, document))
        .or_else(|| named(gate, document))
}

/// What was to be lived with until a day that is over.
fn expired(document: &Document) -> Option<String> {
    document.findings.iter().find_map(|finding| {
        let suppression = finding.suppressed.as_ref().filter(|suppression| suppression.expired)?;
        Some(format!("the suppression of {} expired after {}", finding.id, suppression.until))
    })
}

/// Without a grade there is nothing that could be good enough.
fn below(gate: &Gate, document: &Document) -> Option<String> {
    gate.fail_below.and_then(|worst| graded_below(worst, document.grade)).or_else(|| {
        let least = gate.fail_under?;
        match document.score {
            None => Some(format!("there is no score, and --fail-under {least} asks for one")),
            Some(score) if score < least => Some(format!("score {score} is under {least} (--fail-under)")),
            Some(_) => None,
        }
    })
}

/// Letters order as grades do: A is the best.
fn graded_below(worst: char, grade: Option<char>) -> Option<String> {
    match grade {
        None => Some(format!("there is no grade, and --fail-below {worst} asks for one")),
        Some(grade) if grade > worst => Some(format!("grade {grade} is below {worst} (--fail-below)")),
        Some(_) => None,
    }
}

fn named(gate: &Gate, document: &Document) -> Option<String> {
    let on = |name: &str| gate.fail_on.iter().any(|wanted| wanted == name);
    let verdict = document.vectors.iter().find(|vector| on(vector.verdict.name()));
    let by_verdict =
        verdict.map(|vector| format!("{} is {} (--fail-on)", vector.endpoint, vector.verdict.name()));
    let finding = document.findings.iter().find(|finding| on(&finding.id) && !finding.is_suppressed());
    by_verdict.or_else(|| finding.map(|finding| format!("{} was found (--fail-on)", finding.id)))
}

fn nothing_succeeded(document: &Document) -> bool {
    let failed = |vector: &Vector| vector.doubts.iter().any(|doubt| doubt.kind == "no-success");
    !document.vectors.is_empty() && document.vectors.iter().all(failed)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The parts of a document that a gate looks at, among what every document has.
    pub(crate) fn document(
        vectors: &[(&str, &[&str])],
        findings: &[&str],
        score: Option<(u8, char)>,
    ) -> Document {
        let vectors: Vec<_> = vectors.iter().map(|(verdict, doubts)| vector(verdict, doubts)).collect();
        let findings: Vec<_> = findings.iter().map(|id| finding(id)).collect();
        let now = "2026-01-01T00:00:00Z";
        let text = json!({
            "schema": "drip.report/1", "id": "1", "status": "completed", "url": "http://127.0.0.1:8080",
            "score": score.map(|(points, _)| points), "grade": score.map(|(_, grade)| grade), "scoring": 1,
            "createdAt": now, "completedAt": now,
            "service": { "command": [], "lastOutput": [] },
            "settings": { "users": 1, "budgetSeconds": 1.0, "seed": 1, "doseSeconds": 1.0, "rateExpected": 10.0 },
            "environment": { "dripVersion": "0", "os": "linux", "arch": "x86_64", "cpus": 1 },
            "doubts": [], "vectors": vectors, "findings": findings,
            "footprint": { "requests": 1, "cpuSeconds": 0.1, "peakRssBytes": 1, "wallSeconds": 1.0 },
        });
        serde_json::from_value(text).unwrap()
    }

    fn vector(verdict: &str, doubts: &[&str]) -> Value {
        let doubts: Vec<_> = doubts.iter().map(|kind| json!({ "kind": kind, "message": "" })).collect();
        json!({
            "endpoint": "GET /data", "pattern": "repeated", "verdict": verdict, "requests": 1, "doubts": doubts,
            "thresholds": [], "others": [], "series": [],
            "tally": {
                "completed": 1, "statuses": {}, "errors": {}, "bodyBytes": 0, "bodiesCut": 0, "busySeconds": 1.0,
                "latencyMs": { "p50": 1.0, "p99": 1.0 },
            },
        })
    }

    fn finding(id: &str) -> Value {
        json!({
            "id": id, "severity": "note", "confidence": "firm", "category": "memory", "title": "",
            "description": "", "remediation": "", "cwe": [], "locations": [],
        })
    }

    #[track_caller]
    fn check(gate: &Gate, document: &Document, code: u8, because: Option<&str>) {
        let ruling = rule(gate, document);
        let words = ruling.because.as_deref();
        assert_eq!(ruling.code, code, "{words:?}");
        assert!(words.is_some() == because.is_some(), "{words:?}");
        assert!(words.unwrap_or_default().contains(because.unwrap_or_default()), "{words:?}");
    }

    /// One vector with this verdict, and a good grade whatever it is.
    fn with(verdict: &str) -> Document {
        document(&[(verdict, &[])], &[], Some((100, 'A')))
    }

    #[test]
    fn without_an_option_only_the_verdicts_count() {
        let gate = Gate::default();
        for verdict in ["crashed", "leaking", "unbounded", "growing-with-time"] {
            check(&gate, &with(verdict), exit::GATE_FAILED, Some(verdict));
        }
        check(&gate, &with("unclear"), exit::UNCLEAR, Some("unclear"));
        check(&gate, &with("settling"), exit::PASS, None);
        check(&gate, &with("steady"), exit::PASS, None);
    }

    #[test]
    fn one_bad_vector_fails_and_one_clear_one_decides() {
        let graded = Some((100, 'A'));
        let failed = document(&[("steady", &[]), ("leaking", &[])], &[], graded);
        check(&Gate::default(), &failed, exit::GATE_FAILED, Some("leaking"));
        let partly = document(&[("steady", &[]), ("unclear", &[])], &[], graded);
        check(&Gate::default(), &partly, exit::PASS, None);
    }

    #[test]
    fn nothing_that_succeeded_is_nothing_measured() {
        let one = document(&[("unclear", &["no-success"])], &[], None);
        check(&Gate::default(), &one, exit::NOTHING_MEASURED, Some("--path"));
        let other = document(&[("unclear", &["no-success"]), ("unclear", &["not-enough-data"])], &[], None);
        check(&Gate::default(), &other, exit::UNCLEAR, Some("unclear"));
    }

    #[test]
    fn grade_and_score_add_to_the_rule_and_do_not_replace_it() {
        let below = Gate { fail_below: Some('C'), ..Gate::default() };
        let under = Gate { fail_under: Some(70), ..Gate::default() };
        let graded = |score, grade| document(&[("steady", &[])], &[], Some((score, grade)));
        check(&below, &graded(70, 'C'), exit::PASS, None);
        check(&below, &graded(69, 'D'), exit::GATE_FAILED, Some("grade D is below C"));
        check(&under, &graded(70, 'C'), exit::PASS, None);
        check(&under, &graded(69, 'D'), exit::GATE_FAILED, Some("score 69 is under 70"));
        check(&below, &with("leaking"), exit::GATE_FAILED, Some("leaking"));
        check(&under, &with("unclear"), exit::UNCLEAR, Some("unclear"));
    }

    #[test]
    fn what_has_no_grade_is_not_good_enough() {
        let nothing = document(&[("unclear", &[])], &[], None);
        let below = Gate { fail_below: Some('F'), ..Gate::default() };
        check(&below, &nothing, exit::GATE_FAILED, Some("there is no grade"));
        let under = Gate { fail_under: Some(0), ..Gate::default() };
        check(&under, &nothing, exit::GATE_FAILED, Some("there is no score"));
    }

    #[test]
    fn verdicts_and_findings_can_be_named() {
        let on = |name: &str| Gate { fail_on: vec![name.to_owned()], ..Gate::default() };
        check(&on("steady"), &with("steady"), exit::GATE_FAILED, Some("is steady (--fail-on)"));
        check(&on("unclear"), &with("unclear"), exit::GATE_FAILED, Some("is unclear (--fail-on)"));
        check(&on("settling"), &with("steady"), exit::PASS, None);
        let found = document(&[("settling", &[])], &["DRIP005"], Some((100, 'A')));
        check(&on("DRIP005"), &found, exit::GATE_FAILED, Some("DRIP005 was found (--fail-on)"));
        check(&on("DRIP007"), &found, exit::PASS, None);
    }

    #[test]
    fn what_was_known_fails_nothing_and_what_is_new_does() {
        let known = Gate { excused: vec![("GET /data".into(), "repeated".into())], ..Gate::default() };
        check(&known, &with("leaking"), exit::PASS, None);
        let other = Gate { excused: vec![("GET /data".into(), "unique-query".into())], ..Gate::default() };
        check(&other, &with("leaking"), exit::GATE_FAILED, Some("leaking"));
        let new = Gate { is_new: true, ..known };
        check(&new, &with("leaking"), exit::GATE_FAILED, Some("worse than in the baseline"));
    }

    #[test]
    fn nothing_fails_when_nothing_may() {
        let gate = Gate {
            no_fail: true,
            fail_on: vec!["leaking".to_owned()],
            fail_below: Some('A'),
            ..Gate::default()
        };
        for verdict in ["crashed", "leaking", "unclear", "steady"] {
            check(&gate, &with(verdict), exit::PASS, None);
        }
    }
}
