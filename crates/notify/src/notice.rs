//! What is told: a result in brief, and whether it passed. Plain data, as it came; each channel escapes and cuts it.

use drip_report::document::{Finding, Severity, Verdict};
use drip_report::{Document, brief};
use jiff::Timestamp;

/// How many findings a message names; the report has all.
const FINDINGS_MAX: usize = 5;
/// What an id keeps of a document's: it stands in headers and in what is signed.
const ID_CHARS_MAX: usize = 64;

/// Why there is a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The run did not pass.
    Failed,
    /// The run passed.
    Passed,
    /// Somebody tries whether messages arrive.
    Test,
}

/// What is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Of this message: the same however often it is sent.
    pub id: String,
    /// What was tested: the same in every run of it.
    pub subject: String,
    /// Why there is a message.
    pub state: State,
    /// When the run ended.
    pub at: Timestamp,
    /// The worst verdict.
    pub verdict: Option<Verdict>,
    /// 0 to 100.
    pub score: Option<u8>,
    /// A, B, C, D or F.
    pub grade: Option<char>,
    /// The first line, alone: `LEAKING`.
    pub word: String,
    /// The verdict in a sentence.
    pub sentence: String,
    /// Score and grade in a sentence.
    pub rating: String,
    /// Where the requests went.
    pub url: String,
    /// What was tested, in words.
    pub target: String,
    /// Why the run did not pass.
    pub because: Option<String>,
    /// The worst findings.
    pub findings: Vec<Seen>,
    /// How many more there are.
    pub findings_left_out: usize,
    /// The version of Drip.
    pub drip: String,
}

/// A finding in brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `DRIP001`.
    pub id: String,
    /// What it costs.
    pub severity: Severity,
    /// In a few words, with its endpoint.
    pub title: String,
    /// With its numbers.
    pub description: String,
}

impl Notice {
    /// Of a result; `because` is why it did not pass.
    pub fn of(document: &Document, state: State, because: Option<String>) -> Self {
        let brief = brief(document);
        Self {
            id: document.id.chars().filter(is_plain).take(ID_CHARS_MAX).collect(),
            subject: brief.subject,
            state,
            at: document.completed_at,
            verdict: document.verdict,
            score: document.score,
            grade: document.grade,
            word: brief.word,
            sentence: brief.sentence,
            rating: brief.score,
            url: document.url.clone(),
            target: brief.target,
            because,
            findings: document.findings.iter().take(FINDINGS_MAX).map(seen).collect(),
            findings_left_out: document.findings.len().saturating_sub(FINDINGS_MAX),
            drip: document.environment.drip_version.clone(),
        }
    }

    /// One that only shows that messages arrive.
    pub fn test(at: Timestamp, drip: &str) -> Self {
        Self {
            id: format!("test-{}", at.as_millisecond()),
            subject: "drip/test".to_owned(),
            state: State::Test,
            at,
            verdict: None,
            score: None,
            grade: None,
            word: "TEST".to_owned(),
            sentence: "this is a test message of drip notify; no service was tested.".to_owned(),
            rating: "Results of runs will look like this.".to_owned(),
            url: "http://127.0.0.1".to_owned(),
            target: "none".to_owned(),
            because: None,
            findings: Vec::new(),
            findings_left_out: 0,
            drip: drip.to_owned(),
        }
    }

    /// What there is to know besides the sentence, each with its name.
    pub(crate) fn facts(&self) -> Vec<(&'static str, &str)> {
        let because = self.because.as_deref().map(|because| ("Failed because", because));
        let mut facts = vec![("Result", self.rating.as_str()), ("Target", &self.target)];
        facts.extend(because);
        facts
    }

    /// Which run it was.
    pub(crate) fn foot(&self) -> String {
        let more = match self.findings_left_out {
            0 => String::new(),
            more => format!("{more} more findings; "),
        };
        format!("{more}drip {}, run {}", self.drip, self.id)
    }
}

impl Seen {
    /// `MEDIUM DRIP001 Memory grows with each request (GET /data)`.
    pub(crate) fn headline(&self) -> String {
        format!("{} {} {}", self.severity.name().to_uppercase(), self.id, self.title)
    }
}

fn seen(finding: &Finding) -> Seen {
    let endpoint = finding.endpoint.as_ref().map(|endpoint| format!(" ({endpoint})"));
    Seen {
        id: finding.id.clone(),
        severity: finding.severity,
        title: format!("{}{}", finding.title, endpoint.unwrap_or_default()),
        description: finding.description.clone(),
    }
}

fn is_plain(letter: &char) -> bool {
    letter.is_ascii_alphanumeric() || "-_".contains(*letter)
}
