//! One case in one line: what is true of it, and what was said of it.

use drip_report::Document;
use drip_report::document::Vector;
use serde_json::{Value, json};

use super::case::{Case, Label, Truth};

/// What became of a case.
pub(super) enum Outcome {
    /// It was judged.
    Judged(Box<Case>, Box<Document>),
    /// It was not, for this reason.
    Skipped {
        /// Its name.
        name: String,
        /// What is true of it, where the manifest could be read.
        label: Option<Label>,
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// For a person.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Skipped { name, label, why } => {
                format!("{name:<42} {:<13} skipped: {why}", label.map_or("?", Label::name))
            }
            Self::Judged(case, document) => judged(case, document),
        }
    }

    /// For a program.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Skipped { name, label, why } => {
                json!({ "case": name, "label": label.map(Label::name), "skipped": why })
            }
            Self::Judged(case, document) => {
                let worst = worst(document);
                json!({
                    "case": case.name,
                    "label": case.label.name(),
                    "verdict": document.verdict,
                    "endpoint": worst.map(|vector| &vector.endpoint),
                    "signal": worst.and_then(|vector| vector.signal),
                    "perRequest": worst.and_then(|vector| vector.per_request),
                    "smallestDetectable": worst.and_then(|vector| vector.smallest_detectable),
                    "truth": {
                        "live": case.truth.live,
                        "rss": case.truth.rss,
                        "descriptors": case.truth.descriptors,
                    },
                    "requests": document.footprint.requests,
                    "seconds": document.footprint.wall_seconds,
                    "doubts": doubts(document),
                })
            }
        }
    }
}

fn judged(case: &Case, document: &Document) -> String {
    let vector = worst(document);
    let signal = vector.and_then(|vector| vector.signal);
    format!(
        "{:<42} {:<13} {:<17} {:<14} {:<34} truth {:<26} {:>8} requests {:>4.0} s  {}",
        case.name,
        case.label.name(),
        document.verdict.map_or_else(String::new, |verdict| name(&verdict)),
        signal.map_or_else(|| "no signal".to_owned(), |signal| name(&signal)),
        vector.map_or_else(String::new, interval),
        truth(case.truth),
        document.footprint.requests,
        document.footprint.wall_seconds,
        doubts(document).join(", "),
    )
}

/// The first of those vectors whose verdict is that of the run.
fn worst(document: &Document) -> Option<&Vector> {
    document.vectors.iter().find(|vector| Some(vector.verdict) == document.verdict)
}

/// Of the whole run, and of every vector once.
fn doubts(document: &Document) -> Vec<&str> {
    let vectors = document.vectors.iter().flat_map(|vector| &vector.doubts);
    let mut kinds: Vec<_> = document.doubts.iter().chain(vectors).map(|doubt| doubt.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn interval(vector: &Vector) -> String {
    let Some(rate) = vector.per_request else { return "–".to_owned() };
    let seen = vector.smallest_detectable.map(|least| format!(", sees {least:.0}"));
    format!("{:.1} ({:.1} to {:.1}{})", rate.estimate, rate.low, rate.high, seen.unwrap_or_default())
}

fn truth(truth: Truth) -> String {
    let parts =
        [("live", truth.live), ("rss", truth.rss), ("fds", truth.descriptors.filter(|count| *count > 0.0))];
    let known: Vec<_> =
        parts.iter().filter_map(|(what, value)| value.map(|value| format!("{what} {value:.1}"))).collect();
    if known.is_empty() { "–".to_owned() } else { known.join(", ") }
}

/// As the document has it.
fn name(word: &impl serde::Serialize) -> String {
    serde_json::to_value(word).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_case_tells_its_name_and_reason() {
        let skipped =
            Outcome::Skipped { name: "a".into(), label: Some(Label::LeakHidden), why: "no npm".into() };
        let text = skipped.text();
        assert!(text.starts_with("a ") && text.ends_with("leak (hidden) skipped: no npm"), "{text}");
        assert_eq!(skipped.json(), json!({ "case": "a", "label": "leak (hidden)", "skipped": "no npm" }));
    }

    #[test]
    fn the_truth_is_what_the_manifest_knows() {
        assert_eq!(truth(Truth::default()), "–");
        let all = Truth { live: Some(70.61), rss: Some(347.7), descriptors: Some(1.0) };
        assert_eq!(truth(all), "live 70.6, rss 347.7, fds 1.0");
        assert_eq!(truth(Truth { descriptors: Some(0.0), ..all }), "live 70.6, rss 347.7");
    }
}
