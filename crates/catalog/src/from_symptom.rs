//! From what answers alone show to findings. What a black box shows of memory is possible, never proven, and never more
//! than medium.

use drip_model::{Confidence, Outcome, Severity, Symptom};

use crate::seen::Seen;
use crate::words;

/// Rarer than that is not told apart.
const CHANCES_MAX: f64 = 1e9;

/// What the symptoms of an outcome amount to.
pub(crate) fn seen_in(outcome: &Outcome) -> impl Iterator<Item = Seen> {
    outcome.symptoms.iter().map(|symptom| {
        let (id, severity, what) = told(symptom, &outcome.endpoint);
        let is_seen = matches!(symptom, Symptom::GrowingAnswers { .. });
        let is_of_memory = !matches!(symptom, Symptom::GrowingAnswers { .. } | Symptom::NoRateLimit { .. });
        Seen {
            id,
            severity,
            confidence: if is_seen { Confidence::Firm } else { Confidence::Tentative },
            endpoint: Some(outcome.endpoint.clone()),
            description: if is_of_memory { format!("{what} Memory was not seen.") } else { what },
        }
    })
}

fn told(symptom: &Symptom, endpoint: &str) -> (&'static str, Severity, String) {
    match *symptom {
        Symptom::GrowingAnswers { first, last, requests } => (
            "DRIP022",
            Severity::Medium,
            format!(
                "Answers of {endpoint} became larger with every dose: from {} to {} over {} requests.",
                words::bytes(first),
                words::bytes(last),
                words::count(requests)
            ),
        ),
        Symptom::NoRateLimit { requests, per_second } => (
            "DRIP023",
            Severity::Low,
            format!(
                "{} requests to {endpoint}, {} a second, were answered without a single 429: no limit at that rate, or one \
                 that spares this address.",
                words::count(requests),
                words::about(per_second)
            ),
        ),
        Symptom::LongerPauses { pauses, p, like_a_collector } => {
            let what = longer_pauses(endpoint, pauses, p, like_a_collector);
            let severity = if like_a_collector { Severity::Medium } else { Severity::Low };
            ("DRIP020", severity, what)
        }
        Symptom::Stalls { ratio } => (
            "DRIP020",
            Severity::Medium,
            format!(
                "In the last fifth of the run, requests to {endpoint} stood still {} times longer than before: a \
                 possible sign of a service near its memory limit.",
                words::about(ratio)
            ),
        ),
        Symptom::Deaths { count, every } => (
            "DRIP021",
            Severity::Medium,
            format!(
                "{endpoint} was gone and came back {count} times, each time after about {} requests: a possible sign \
                 of a service that is restarted whenever it has used something up, or of a limit of requests.",
                words::about(every as f64)
            ),
        ),
        Symptom::Gone { after } => (
            "DRIP021",
            Severity::Medium,
            format!(
                "{endpoint} stopped to answer after {} requests and was not seen again in this run: one death, whose \
                 cause is not known.",
                words::count(after)
            ),
        ),
    }
}

fn longer_pauses(endpoint: &str, pauses: usize, p: f64, like_a_collector: bool) -> String {
    let order = format!(
        "The longest pauses under {endpoint} became longer with the number of requests ({pauses} pauses; among steady \
         services, one in about {} shows so clear an order): a possible sign of a collector whose heap grows",
        words::about((1.0 / p).min(CHANCES_MAX))
    );
    if like_a_collector {
        format!(
            "{order}. They came at distances that grow by a quarter each time and lasted in proportion, as full \
             collections of CPython do when objects are kept."
        )
    } else {
        format!("{order}.")
    }
}

#[cfg(test)]
mod tests {
    use drip_model::Verdict;

    use super::*;
    use crate::sample::outcome;
    use crate::{Context, findings};

    fn check(symptom: Symptom, id: &str, severity: Severity, words: &[&str]) {
        let context =
            Context { runtime: None, platform: None, credentials_needed: false, rate_expected: 10.0 };
        let outcome = drip_model::Outcome { symptoms: vec![symptom], ..outcome(Verdict::Unclear, None) };
        let found = findings(&[outcome], &[], &context);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].id, found[0].severity), (id, severity));
        assert_eq!(found[0].confidence, Confidence::Tentative);
        for part in words {
            assert!(found[0].description.contains(part), "{part}: {}", found[0].description);
        }
    }

    #[test]
    fn a_symptom_is_possible_and_never_more_than_medium() {
        let pauses = |like_a_collector| Symptom::LongerPauses { pauses: 12, p: 2.5e-4, like_a_collector };
        check(pauses(false), "DRIP020", Severity::Low, &["possible", "12 pauses", "one in about 4,000"]);
        check(pauses(true), "DRIP020", Severity::Medium, &["possible", "CPython"]);
        check(Symptom::Stalls { ratio: 31.0 }, "DRIP020", Severity::Medium, &["possible", "31 times"]);
        let deaths = Symptom::Deaths { count: 3, every: 5_010 };
        check(deaths, "DRIP021", Severity::Medium, &["possible", "3 times", "5,010 requests"]);
        check(
            Symptom::Gone { after: 250 },
            "DRIP021",
            Severity::Medium,
            &["after 250 requests", "not known"],
        );
    }
}
