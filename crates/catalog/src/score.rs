//! Points and grade, after a published and versioned formula: 100 minus, over all findings, penalty times
//! confidence, then the caps. It must never reward: one more finding never raises the score.

use drip_model::{Confidence, DoubtKind, Finding, GradeBasis, Outcome, Score, Severity, Verdict};

use crate::basis::memory_was_seen;

/// Version of the formula; it changes with any number in [`WEIGHTS`].
pub const SCORING: u32 = 1;

/// Every number of the formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    /// Points that a finding of this severity costs, when it is certain.
    pub penalty: [(Severity, u32); 5],
    /// Tenths of the penalty that count at this confidence.
    pub tenths: [(Confidence, u32); 3],
    /// Findings that say memory leaks or the service died.
    pub leaks: [&'static str; 4],
    /// The most that is left with one of those, unless it is tentative.
    pub cap_leak: u32,
    /// The most that is left with a certain critical finding.
    pub cap_certain_critical: u32,
    /// The most that symptoms alone can earn.
    pub cap_symptoms: u32,
    /// Grades and the points from which on they are given, best first; below the last it is an F.
    pub grades: [(char, u32); 4],
}

/// Scoring version 1.
pub const WEIGHTS: Weights = Weights {
    penalty: [
        (Severity::Critical, 60),
        (Severity::High, 35),
        (Severity::Medium, 15),
        (Severity::Low, 5),
        (Severity::Note, 0),
    ],
    tenths: [(Confidence::Certain, 10), (Confidence::Firm, 8), (Confidence::Tentative, 4)],
    leaks: ["DRIP001", "DRIP003", "DRIP004", "DRIP011"],
    cap_leak: 69,
    cap_certain_critical: 49,
    cap_symptoms: 89,
    grades: [('A', 90), ('B', 80), ('C', 70), ('D', 60)],
};

/// Points and grade of a run; `None` when nothing was measured.
///
/// The sum of penalties is kept in tenths and rounded up once, at its end, so a fraction never helps. With
/// the weights of version 1 every product is whole and nothing is rounded.
pub fn score(findings: &[Finding], outcomes: &[Outcome]) -> Option<Score> {
    if !outcomes.iter().any(was_measured) {
        return None;
    }
    let basis = if outcomes.iter().any(memory_was_seen) { GradeBasis::Memory } else { GradeBasis::Symptoms };
    let lost = findings.iter().map(penalty_tenths).sum::<u32>().div_ceil(10);
    let points =
        findings.iter().map(cap).fold(100u32.saturating_sub(lost), u32::min).min(cap_of_basis(basis));
    Some(Score { points: u8::try_from(points).unwrap_or(100), grade: grade(points), basis })
}

/// A death tells something even when no request was ever completed. Answers of which none was a success tell
/// nothing: a service that only refuses us must not get a grade for it.
fn was_measured(outcome: &Outcome) -> bool {
    let succeeded = !outcome.doubts.iter().any(|doubt| doubt.kind == DoubtKind::NoSuccess);
    matches!(outcome.verdict, Verdict::Crashed(_)) || outcome.requests > 0 && succeeded
}

fn penalty_tenths(finding: &Finding) -> u32 {
    weight(&WEIGHTS.penalty, finding.severity) * weight(&WEIGHTS.tenths, finding.confidence)
}

fn weight<Key: Copy + PartialEq>(table: &[(Key, u32)], key: Key) -> u32 {
    table.iter().find(|(known, _)| *known == key).map(|(_, weight)| *weight).expect("the table has every key")
}

/// The most that is left beside this finding. Tentative ones rest on symptoms, not on memory.
fn cap(finding: &Finding) -> u32 {
    let certain = finding.confidence == Confidence::Certain;
    if certain && finding.severity == Severity::Critical {
        return WEIGHTS.cap_certain_critical;
    }
    let leak = WEIGHTS.leaks.contains(&finding.id) && finding.confidence != Confidence::Tentative;
    if leak { WEIGHTS.cap_leak } else { 100 }
}

const fn cap_of_basis(basis: GradeBasis) -> u32 {
    match basis {
        GradeBasis::Memory => 100,
        GradeBasis::Symptoms => WEIGHTS.cap_symptoms,
    }
}

fn grade(points: u32) -> char {
    WEIGHTS.grades.into_iter().find(|(_, least)| points >= *least).map_or('F', |(letter, _)| letter)
}

#[cfg(test)]
mod tests {
    use drip_model::{Category, Crash, Doubt, Exit, Signal};

    use super::*;
    use crate::sample::{evidence, outcome};

    const SEVERITIES: [Severity; 5] =
        [Severity::Note, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    const CONFIDENCES: [Confidence; 3] = [Confidence::Tentative, Confidence::Firm, Confidence::Certain];

    fn finding(id: &'static str, severity: Severity, confidence: Confidence) -> Finding {
        Finding {
            id,
            severity,
            confidence,
            category: Category::Memory,
            title: String::new(),
            description: String::new(),
            remediation: String::new(),
            endpoint: None,
            cwe: &[],
        }
    }

    fn with_memory() -> Outcome {
        outcome(Verdict::Unclear, Some(evidence(Signal::Anon)))
    }

    fn check(findings: &[(&'static str, Severity, Confidence)], points: u8, grade: char) {
        let listed: Vec<Finding> = findings.iter().map(|(id, s, c)| finding(id, *s, *c)).collect();
        let expected = Score { points, grade, basis: GradeBasis::Memory };
        assert_eq!(score(&listed, &[with_memory()]), Some(expected), "{findings:?}");
    }

    #[test]
    fn penalties_confidence_and_caps_make_the_points() {
        use Confidence::{Certain, Firm, Tentative};
        use Severity::{Critical, High, Low, Medium, Note};
        check(&[], 100, 'A');
        check(&[("DRIP005", Note, Firm)], 100, 'A');
        check(&[("DRIP023", Low, Firm)], 96, 'A');
        check(&[("DRIP022", Medium, Certain)], 85, 'B');
        check(&[("DRIP021", Medium, Tentative)], 94, 'A');
        check(&[("DRIP007", High, Firm)], 72, 'C');
        check(&[("DRIP007", High, Certain)], 65, 'D');
        check(&[("DRIP030", Critical, Firm)], 52, 'F');
        check(&[("DRIP030", Critical, Certain)], 40, 'F');
        check(&[("DRIP001", High, Certain)], 65, 'D');
        check(&[("DRIP001", Low, Certain)], 69, 'D');
        check(&[("DRIP003", Medium, Firm)], 69, 'D');
        check(&[("DRIP004", Low, Firm)], 69, 'D');
        check(&[("DRIP011", High, Certain)], 65, 'D');
        check(&[("DRIP001", Low, Tentative)], 98, 'A');
        check(&[("DRIP001", High, Certain), ("DRIP001", High, Certain)], 30, 'F');
        check(&[("DRIP011", Critical, Certain), ("DRIP001", Critical, Certain)], 0, 'F');
    }

    #[test]
    fn a_certain_critical_finding_caps_whatever_its_penalty() {
        assert_eq!(cap(&finding("DRIP030", Severity::Critical, Confidence::Certain)), 49);
        assert_eq!(cap(&finding("DRIP001", Severity::Critical, Confidence::Firm)), 69);
    }

    #[test]
    fn grades_change_at_their_bounds() {
        let at = [(100, 'A'), (90, 'A'), (89, 'B'), (80, 'B'), (79, 'C'), (70, 'C'), (69, 'D'), (60, 'D')];
        for (points, letter) in at {
            assert_eq!(grade(points), letter);
        }
        assert_eq!(grade(59), 'F');
    }

    #[test]
    fn symptoms_alone_never_earn_an_a() {
        let blind = outcome(Verdict::Unclear, None);
        let expected = Score { points: 89, grade: 'B', basis: GradeBasis::Symptoms };
        assert_eq!(score(&[], &[blind]), Some(expected));
        let counted = outcome(Verdict::Steady, Some(evidence(Signal::Descriptors)));
        assert_eq!(score(&[], &[counted]), Some(expected));
    }

    #[test]
    fn nothing_measured_is_no_grade() {
        let silent = Outcome { requests: 0, ..with_memory() };
        let refused = Outcome { doubts: vec![Doubt::new(DoubtKind::NoSuccess, "all 401")], ..with_memory() };
        assert_eq!(score(&[], &[]), None);
        assert_eq!(score(&[], &[silent.clone(), refused]), None);
        assert!(score(&[], &[silent, with_memory()]).is_some());
    }

    #[test]
    fn a_death_at_the_first_request_is_graded() {
        let crash = Crash { exit: Exit::Signal(11), after_requests: 1, out_of_memory: None };
        let died = Outcome { requests: 0, ..outcome(Verdict::Crashed(crash), None) };
        let fatal = finding("DRIP011", Severity::Critical, Confidence::Certain);
        let expected = Score { points: 40, grade: 'F', basis: GradeBasis::Symptoms };
        assert_eq!(score(&[fatal], &[died]), Some(expected));
    }

    #[test]
    fn no_product_of_the_table_needs_rounding() {
        for severity in SEVERITIES {
            for confidence in CONFIDENCES {
                assert_eq!(penalty_tenths(&finding("DRIP001", severity, confidence)) % 10, 0);
            }
        }
    }

    #[test]
    fn one_more_finding_never_raises_the_score() {
        let every: Vec<Finding> = ["DRIP001", "DRIP007"]
            .into_iter()
            .flat_map(|id| SEVERITIES.map(|severity| (id, severity)))
            .flat_map(|(id, severity)| CONFIDENCES.map(|confidence| finding(id, severity, confidence)))
            .collect();
        for outcome in [with_memory(), outcome(Verdict::Unclear, None)] {
            let points =
                |findings: &[Finding]| score(findings, std::slice::from_ref(&outcome)).unwrap().points;
            for first in &every {
                assert!(points(std::slice::from_ref(first)) <= points(&[]));
                for second in &every {
                    let both = [first.clone(), second.clone()];
                    assert!(points(&both) <= points(&both[..1]));
                    assert!(points(&both) <= points(&both[1..]));
                }
            }
        }
    }

    #[test]
    fn the_published_numbers_are_these() {
        let page = include_str!("../../../docs/gate.md");
        let told = |words: String| assert!(page.contains(&words), "{words:?} is not in docs/gate.md");
        WEIGHTS
            .penalty
            .iter()
            .for_each(|(severity, points)| told(format!("| {} | {points} |", severity.name())));
        WEIGHTS.grades.iter().for_each(|(letter, least)| told(format!("{letter} from {least}")));
        told(format!("at most {} are left", WEIGHTS.cap_leak));
        told(format!("a certain critical finding {}", WEIGHTS.cap_certain_critical));
        told(format!("{} where memory was not seen", WEIGHTS.cap_symptoms));
    }
}
