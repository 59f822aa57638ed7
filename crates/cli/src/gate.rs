//! From a document to an exit code: what fails a build. Pure.

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
}

/// A code, and why when it is not zero.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) code: u8,
    pub(crate) because: Option<String>,
}

/// Verdicts that fail by themselves.
const FAILURES: [Verdict; 4] =
    [Verdict::Crashed, Verdict::Leaking, Verdict::Unbounded, Verdict::GrowingWithTime];

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
        let because =
            "no request succeeded; name what to request with --path (or describe the API with --spec)";
        return ruling(exit::NOTHING_MEASURED, because.to_owned());
    }
    if document.vectors.iter().all(|vector| vector.verdict == Verdict::Unclear) {
        return ruling(exit::UNCLEAR, "every verdict is unclear".to_owned());
    }
    Ruling { code: exit::PASS, because: None }
}

fn failure(gate: &Gate, document: &Document) -> Option<String> {
    let failed = document.vectors.iter().find(|vector| FAILURES.contains(&vector.verdict));
    let by_verdict = failed.map(|vector| format!("{} is {}", vector.endpoint, vector.verdict.name()));
    by_verdict.or_else(|| below(gate, document)).or_else(|| named(gate, document))
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
    let finding = document.findings.iter().find(|finding| on(&finding.id));
    by_verdict.or_else(|| finding.map(|finding| format!("{} was found (--fail-on)", finding.id)))
}

fn nothing_succeeded(document: &Document) -> bool {
    let failed = |vector: &Vector| vector.doubts.iter().any(|doubt| doubt.kind == "no-success");
    !document.vectors.is_empty() && document.vectors.iter().all(failed)
}
