//! Notices that every channel is tried on.

use drip_report::document::{Severity, Verdict};
use jiff::Timestamp;

use crate::{Answer, Notice, Outlet, Seen, State, by_name};

/// A channel that is opened with these values.
pub(crate) fn outlet(channel: &str, values: &[(&str, &str)]) -> Box<dyn Outlet> {
    open(channel, values).ok().unwrap()
}

/// Why a channel does not open with these values.
pub(crate) fn refused(channel: &str, values: &[(&str, &str)]) -> String {
    open(channel, values).err().unwrap().to_string()
}

fn open(channel: &str, values: &[(&str, &str)]) -> Result<Box<dyn Outlet>, crate::Unusable> {
    by_name(channel)
        .unwrap()
        .open(&|need| values.iter().find(|(key, _)| *key == need.key).map(|(_, value)| (*value).to_owned()))
}

/// An answer without a wish.
pub(crate) fn answer(status: u16, body: &str) -> Answer {
    Answer { status, retry_after: None, body: body.to_owned() }
}

/// A leak.
pub(crate) fn notice() -> Notice {
    Notice {
        id: "run-1".to_owned(),
        subject: "drip/node-server.js".to_owned(),
        state: State::Failed,
        at: Timestamp::UNIX_EPOCH,
        verdict: Some(Verdict::Leaking),
        score: Some(69),
        grade: Some('D'),
        word: "LEAKING".to_owned(),
        sentence: "GET /data keeps about 273 bytes of every request.".to_owned(),
        rating: "Score 69 of 100, grade D.".to_owned(),
        url: "http://127.0.0.1:8080".to_owned(),
        target: "http://127.0.0.1:8080, Node.js (node server.js)".to_owned(),
        because: Some("GET /data is leaking".to_owned()),
        findings: vec![seen("Memory grows (GET /data)", "by 273 bytes")],
        findings_left_out: 0,
        drip: "0.1.0".to_owned(),
    }
}

fn seen(title: &str, description: &str) -> Seen {
    Seen {
        id: "DRIP001".to_owned(),
        severity: Severity::Medium,
        title: title.to_owned(),
        description: description.to_owned(),
    }
}

/// The same text wherever text comes from outside.
pub(crate) fn hostile(text: &str) -> Notice {
    Notice {
        sentence: text.to_owned(),
        target: text.to_owned(),
        because: Some(text.to_owned()),
        findings: vec![seen(text, text)],
        ..notice()
    }
}

/// As much as there can be, of letters that take the most room.
pub(crate) fn long() -> Notice {
    let text = "🦀".repeat(10_000);
    let findings = vec![seen(&text, &text); 5];
    Notice { subject: text.clone(), findings, ..hostile(&text) }
}
