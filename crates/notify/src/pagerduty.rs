//! PagerDuty, by version 2 of its events: a run that fails triggers an alert, one that passes resolves it.
//!
//! Both carry one key made of what was tested, so that a leak pages once however often it is found.

use jiff::Timestamp;
use serde_json::{Value, json};

use drip_report::document::Verdict;

use crate::address::Plain;
use crate::clip::{as_it_is, clipped};
use crate::{Address, Answer, Channel, Message, Need, Notice, Outlet, State, Unusable};

/// `--notify pagerduty`.
pub(crate) struct PagerDuty;

const KEY: Need = Need { key: "pagerduty-key", variable: "DRIP_PAGERDUTY_KEY", is_optional: false };
const URL: Need = Need { key: "pagerduty-url", variable: "DRIP_PAGERDUTY_URL", is_optional: true };
/// Where events go unless somebody says otherwise, as accounts in Europe must.
const USUAL_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// Letters of an integration key.
const KEY_CHARS: usize = 32;
const SUMMARY_CHARS_MAX: usize = 1_024;
const DEDUP_KEY_CHARS_MAX: usize = 255;
/// Below the 512 KB of a whole event by far.
const DETAIL_CHARS_MAX: usize = 2_000;
/// How much of a refusal is repeated.
const REFUSAL_CHARS_MAX: usize = 100;

impl Channel for PagerDuty {
    fn name(&self) -> &'static str {
        "pagerduty"
    }

    fn needs(&self) -> &'static [Need] {
        &[KEY, URL]
    }

    fn open(&self, given: &dyn Fn(&Need) -> Option<String>) -> Result<Box<dyn Outlet>, Unusable> {
        let key = KEY.of(self.name(), given)?;
        if key.len() != KEY_CHARS || !key.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(KEY.wrong("is no integration key, which has 32 letters and digits"));
        }
        let url = given(&URL).unwrap_or_else(|| USUAL_URL.to_owned());
        Ok(Box::new(Integration { key, address: Address::parse(&url, Plain::Loopback, &URL)? }))
    }
}

/// An integration of a service of PagerDuty.
struct Integration {
    key: String,
    address: Address,
}

impl Outlet for Integration {
    fn address(&self) -> &Address {
        &self.address
    }

    fn message(&self, notice: &Notice, _at: Timestamp) -> Message {
        let mut event = json!({
            "routing_key": self.key,
            "dedup_key": clipped(&notice.subject, DEDUP_KEY_CHARS_MAX, as_it_is),
            "event_action": if notice.state == State::Passed { "resolve" } else { "trigger" },
        });
        if notice.state != State::Passed {
            event["client"] = json!("Drip");
            event["payload"] = payload(notice);
        }
        Message { headers: Vec::new(), body: event.to_string() }
    }

    fn refusal(&self, answer: &Answer) -> Option<String> {
        let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let message = said["message"].as_str().unwrap_or("nothing of success");
        let message = clipped(message, REFUSAL_CHARS_MAX, as_it_is);
        (said["status"] != "success").then(|| format!("it said {message:?}"))
    }
}

fn payload(notice: &Notice) -> Value {
    let detail = |text: &str| json!(clipped(text, DETAIL_CHARS_MAX, as_it_is));
    let facts = notice.facts().into_iter().map(|(name, text)| (name.to_owned(), detail(text)));
    let name = |text: &str| clipped(text, SUMMARY_CHARS_MAX, as_it_is);
    let findings = notice.findings.iter().map(|seen| (name(&seen.headline()), detail(&seen.description)));
    let run = ("Run".to_owned(), detail(&notice.foot()));
    let details: serde_json::Map<_, _> = facts.chain(findings).chain([run]).collect();
    let summary = format!("Drip: {}: {}", notice.word, notice.sentence);
    json!({
        "summary": clipped(&summary, SUMMARY_CHARS_MAX, as_it_is),
        "source": clipped(&notice.url, SUMMARY_CHARS_MAX, as_it_is),
        "severity": severity(notice),
        "timestamp": notice.at.to_string(),
        "component": clipped(&notice.subject, SUMMARY_CHARS_MAX, as_it_is),
        "class": notice.verdict.map_or("none", Verdict::name),
        "custom_details": details,
    })
}

const fn severity(notice: &Notice) -> &'static str {
    match (notice.state, notice.verdict) {
        (State::Test | State::Passed, _) => "info",
        (State::Failed, Some(Verdict::Crashed)) => "critical",
        (State::Failed, Some(Verdict::Leaking | Verdict::Unbounded | Verdict::GrowingWithTime)) => "error",
        (State::Failed, _) => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, long, notice, outlet, refused};

    const KEY: (&str, &str) = ("pagerduty-key", "0123456789abcdef0123456789ABCDEF");

    fn event(notice: &Notice) -> Value {
        let message = outlet("pagerduty", &[KEY]).message(notice, Timestamp::UNIX_EPOCH);
        serde_json::from_str(&message.body).unwrap()
    }

    #[test]
    fn a_failure_triggers_and_a_pass_resolves_the_same_alert() {
        let failed = event(&notice());
        assert_eq!((&failed["event_action"], &failed["routing_key"]), (&json!("trigger"), &json!(KEY.1)));
        assert_eq!(failed["payload"]["severity"], "error");
        assert_eq!(
            failed["payload"]["summary"],
            "Drip: LEAKING: GET /data keeps about 273 bytes of every request."
        );
        let passed = event(&Notice { state: State::Passed, ..notice() });
        assert_eq!(passed["event_action"], "resolve");
        assert_eq!(passed["dedup_key"], failed["dedup_key"]);
        assert_eq!(failed["dedup_key"], "drip/node-server.js");
    }

    #[test]
    fn no_text_is_longer_than_pagerduty_takes() {
        let event = event(&long());
        assert!(event["dedup_key"].as_str().unwrap().chars().count() <= 255);
        assert!(event["payload"]["summary"].as_str().unwrap().chars().count() <= 1_024);
        assert!(event.to_string().len() < 512 * 1024);
    }

    #[test]
    fn a_key_of_another_form_is_refused_and_not_repeated() {
        let error = refused("pagerduty", &[("pagerduty-key", "my-secret")]);
        assert!(error.contains("DRIP_PAGERDUTY_KEY") && !error.contains("my-secret"), "{error}");
    }

    #[test]
    fn an_answer_says_success() {
        let pagerduty = outlet("pagerduty", &[KEY]);
        assert_eq!(pagerduty.refusal(&answer(202, r#"{"status":"success"}"#)), None);
        let invalid = answer(200, r#"{"status":"invalid event","message":"Event object is invalid"}"#);
        assert!(pagerduty.refusal(&invalid).unwrap().contains("Event object is invalid"));
        assert!(pagerduty.refusal(&answer(200, "<html>")).is_some());
    }
}
