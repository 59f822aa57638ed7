//! What changed between two results: `drip.diff/1`.
//!
//! Growth got worse only where the two intervals no longer touch: a percentage would call noise a change. What was
//! found before and is unclear now is not fixed, and what is measured by another signal is not compared.

mod markdown;
mod text;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

pub use self::markdown::write as write_markdown;
pub use self::text::{line, write as write_text};

use crate::document::{Document, Finding, Interval, Severity, Signal, Vector, Verdict};
use crate::text::amount;

/// The name and version of the wire form.
pub const SCHEMA: &str = "drip.diff/1";

/// Two results, one beside the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Name and version of this wire form.
    pub schema: &'static str,
    /// The earlier result.
    pub old: Side,
    /// The later one.
    pub new: Side,
    /// One for each endpoint and pattern of either, the worst first.
    pub changes: Vec<Change>,
    /// Findings that only the later one has.
    pub findings_new: Vec<Found>,
    /// Findings that only the earlier one has.
    pub findings_gone: Vec<Found>,
}

/// One of the two results.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// The run.
    pub id: String,
    /// What was tested.
    pub url: String,
    /// When.
    pub created_at: Timestamp,
    /// The worst verdict.
    pub verdict: Option<Verdict>,
    /// Its score.
    pub score: Option<u8>,
    /// Its grade.
    pub grade: Option<char>,
}

/// What became of one endpoint and pattern.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Of which kind the change is.
    pub kind: Kind,
    /// `GET /data`.
    pub endpoint: String,
    /// `repeated`, …
    pub pattern: String,
    /// What it was; absent where it was not tested.
    pub old: Option<State>,
    /// What it is; absent where it was not tested.
    pub new: Option<State>,
    /// Why it is of this kind.
    pub because: String,
}

/// A verdict with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The verdict.
    pub verdict: Verdict,
    /// Its signal.
    pub signal: Option<Signal>,
    /// Growth per request.
    pub per_request: Option<Interval>,
}

/// Kinds of change, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It fails, and did not.
    New,
    /// It fails, and more than before.
    Worse,
    /// It failed, or was calm, and now nobody can say.
    Undecided,
    /// It failed, and was not tested now.
    Untested,
    /// It fails as before.
    Known,
    /// It fails, but less than before.
    Better,
    /// It failed, and does no more.
    Fixed,
    /// Nothing to speak of.
    Calm,
}

impl Kind {
    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Undecided => "undecided",
            Self::Untested => "untested",
            Self::Known => "known",
            Self::Better => "better",
            Self::Fixed => "fixed",
            Self::Calm => "calm",
        }
    }

    /// Whether a gate on what is new fails.
    pub const fn is_new(self) -> bool {
        matches!(self, Self::New | Self::Worse)
    }
}

/// A finding, by what makes it the same one in another run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Found {
    /// `DRIP001`.
    pub id: String,
    /// Where.
    pub endpoint: Option<String>,
    /// One line.
    pub title: String,
    /// What it costs.
    pub severity: Severity,
}

/// Compares two results.
pub fn compare(old: &Document, new: &Document) -> Difference {
    let key = |vector: &Vector| (vector.endpoint.clone(), vector.pattern.clone());
    let find = |document: &'_ Document, wanted: &(String, String)| {
        document.vectors.iter().find(|vector| key(vector) == *wanted).map(state)
    };
    let keys: BTreeSet<_> = old.vectors.iter().chain(&new.vectors).map(key).collect();
    let mut changes: Vec<_> = keys
        .into_iter()
        .map(|key| {
            let (old, new) = (find(old, &key), find(new, &key));
            let (kind, because) = judged(old.as_ref(), new.as_ref());
            Change { kind, endpoint: key.0, pattern: key.1, old, new, because }
        })
        .collect();
    changes.sort_by_key(|change| change.kind);
    Difference {
        schema: SCHEMA,
        old: side(old),
        new: side(new),
        changes,
        findings_new: only_in(new, old),
        findings_gone: only_in(old, new),
    }
}

impl Difference {
    /// Whether anything is worse than it was: a vector, or a finding that costs something.
    pub fn has_new(&self) -> bool {
        let costs = |found: &Found| found.severity > Severity::Note;
        self.changes.iter().any(|change| change.kind.is_new()) || self.findings_new.iter().any(costs)
    }
}

fn side(document: &Document) -> Side {
    Side {
        id: document.id.clone(),
        url: document.url.clone(),
        created_at: document.created_at,
        verdict: document.verdict,
        score: document.score,
        grade: document.grade,
    }
}

const fn state(vector: &Vector) -> State {
    State { verdict: vector.verdict, signal: vector.signal, per_request: vector.per_request }
}

fn only_in(document: &Document, other: &Document) -> Vec<Found> {
    let same = |one: &Finding, two: &Finding| one.id == two.id && one.endpoint == two.endpoint;
    let alone = |finding: &&Finding| !other.findings.iter().any(|known| same(known, finding));
    let found = |finding: &Finding| Found {
        id: finding.id.clone(),
        endpoint: finding.endpoint.clone(),
        title: finding.title.clone(),
        severity: finding.severity,
    };
    document.findings.iter().filter(alone).map(found).collect()
}

/// Whether a verdict fails a build by itself.
pub const fn fails(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Crashed | Verdict::Leaking | Verdict::Unbounded | Verdict::GrowingWithTime)
}

fn judged(old: Option<&State>, new: Option<&State>) -> (Kind, String) {
    let was = |state: &State| format!("was {}", state.verdict.name());
    match (old, new) {
        (None, None) => (Kind::Calm, String::new()),
        (None, Some(new)) if fails(new.verdict) => (Kind::New, "was not tested".to_owned()),
        (None, Some(_)) => (Kind::Calm, "was not tested".to_owned()),
        (Some(old), None) if fails(old.verdict) => (Kind::Untested, format!("{}; not tested now", was(old))),
        (Some(_), None) => (Kind::Calm, "not tested now".to_owned()),
        (Some(old), Some(new)) => match (fails(old.verdict), fails(new.verdict)) {
            (false, true) => (Kind::New, was(old)),
            (true, true) => both_fail(old, new),
            (true, false) if new.verdict == Verdict::Unclear => (Kind::Undecided, was(old)),
            (true, false) => (Kind::Fixed, was(old)),
            (false, false) if new.verdict == Verdict::Unclear && old.verdict != Verdict::Unclear => {
                (Kind::Undecided, was(old))
            }
            (false, false) => (Kind::Calm, was(old)),
        },
    }
}

fn both_fail(old: &State, new: &State) -> (Kind, String) {
    if new.verdict != old.verdict {
        let kind = if new.verdict < old.verdict { Kind::Worse } else { Kind::Known };
        return (kind, format!("was {}", old.verdict.name()));
    }
    let (Some(signal), true) = (new.signal, new.signal == old.signal) else {
        return (Kind::Known, "measured by another signal than before: not compared".to_owned());
    };
    let (Some(before), Some(now)) = (old.per_request, new.per_request) else {
        return (Kind::Known, "without an interval: not compared".to_owned());
    };
    let range = |rate: Interval| amount::range(signal, rate.low, rate.high);
    let of = format!("{} per request, was {}", range(now), range(before));
    match (now, before) {
        _ if now.low > before.high => (Kind::Worse, of),
        _ if now.high < before.low => (Kind::Better, of),
        _ => (Kind::Known, format!("{of}: the same within the intervals")),
    }
}
