//! Any program, by Standard Webhooks: JSON with an id, a time and a signature that only who has the secret can make.
//!
//! `webhook-signature` is `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`; several are separated by a
//! space while a secret is replaced by another. The id is the same whenever a message is sent again, the time is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::address::Plain;
use crate::clip::{as_it_is, clipped};
use crate::{Address, Answer, Channel, Message, Need, Notice, Outlet, Seen, State, Unusable};

/// `--notify webhook`.
pub(crate) struct Webhook;

const URL: Need = Need { key: "webhook-url", variable: "DRIP_WEBHOOK_URL", is_optional: false };
const SECRET: Need = Need { key: "webhook-secret", variable: "DRIP_WEBHOOK_SECRET", is_optional: false };

/// What a secret begins with, before its base64.
const SECRET_PREFIX: &str = "whsec_";
/// As the specification has it.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// A secret, and the one that it replaces.
const SECRETS_MAX: usize = 4;
/// The specification asks for small messages; the report has the rest.
const TEXT_CHARS_MAX: usize = 1_000;

impl Channel for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn needs(&self) -> &'static [Need] {
        &[URL, SECRET]
    }

    fn open(&self, given: &dyn Fn(&Need) -> Option<String>) -> Result<Box<dyn Outlet>, Unusable> {
        let url = URL.of(self.name(), given)?;
        let address = Address::parse(&url, Plain::Allowed, &URL)?;
        let secrets = secrets(&SECRET.of(self.name(), given)?)
            .ok_or_else(|| SECRET.wrong("must be whsec_ and the base64 of 24 to 64 bytes"))?;
        Ok(Box::new(Receiver { address, secrets }))
    }
}

/// Several are separated by blanks.
fn secrets(text: &str) -> Option<Vec<Vec<u8>>> {
    let secret = |word: &str| {
        let secret = STANDARD.decode(word.strip_prefix(SECRET_PREFIX)?).ok()?;
        SECRET_BYTES.contains(&secret.len()).then_some(secret)
    };
    let secrets: Vec<_> = text.split_whitespace().map(secret).collect::<Option<_>>()?;
    (1..=SECRETS_MAX).contains(&secrets.len()).then_some(secrets)
}

/// A program that listens.
struct Receiver {
    address: Address,
    secrets: Vec<Vec<u8>>,
}

impl Outlet for Receiver {
    fn address(&self) -> &Address {
        &self.address
    }

    fn message(&self, notice: &Notice, at: Timestamp) -> Message {
        let body = body(notice).to_string();
        let (id, timestamp) = (format!("msg_{}", notice.id), at.as_second().to_string());
        let signed = format!("{id}.{timestamp}.{body}");
        let signatures: Vec<_> =
            self.secrets.iter().map(|secret| signature(secret, signed.as_bytes())).collect();
        let headers = vec![
            ("webhook-id", id),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signatures.join(" ")),
        ];
        Message { headers, body }
    }

    /// Any status of success is one.
    fn refusal(&self, _answer: &Answer) -> Option<String> {
        None
    }
}

fn signature(secret: &[u8], signed: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of HMAC may have any length");
    mac.update(signed);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn body(notice: &Notice) -> Value {
    let kind = match notice.state {
        State::Failed => "drip.run.failed",
        State::Passed => "drip.run.passed",
        State::Test => "drip.test",
    };
    json!({ "type": kind, "timestamp": notice.at.to_string(), "data": data(notice) })
}

fn data(notice: &Notice) -> Value {
    let text = |text: &str| clipped(text, TEXT_CHARS_MAX, as_it_is);
    let mut data = json!({
        "id": notice.id,
        "subject": text(&notice.subject),
        "url": text(&notice.url),
        "summary": text(&notice.sentence),
        "findings": notice.findings.iter().map(finding).collect::<Vec<_>>(),
        "findingsLeftOut": notice.findings_left_out,
        "dripVersion": text(&notice.drip),
    });
    let known = [
        ("verdict", notice.verdict.map(|verdict| json!(verdict.name()))),
        ("score", notice.score.map(|score| json!(score))),
        ("grade", notice.grade.map(|grade| json!(grade))),
        ("reason", notice.because.as_deref().map(|because| json!(text(because)))),
    ];
    for (name, value) in known.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        data[name] = value;
    }
    data
}

fn finding(seen: &Seen) -> Value {
    let text = |text: &str| clipped(text, TEXT_CHARS_MAX, as_it_is);
    json!({
        "id": text(&seen.id),
        "severity": seen.severity.name(),
        "title": text(&seen.title),
        "description": text(&seen.description),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{notice, outlet, refused};

    const URL: (&str, &str) = ("webhook-url", "https://receiver.example/key");

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secrets = secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        assert_eq!(signature(&secrets[0], signed), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_message_that_is_sent_again_has_its_id_and_a_new_time() {
        let secret = format!("whsec_{} whsec_{}", STANDARD.encode([1; 24]), STANDARD.encode([2; 24]));
        let webhook = outlet("webhook", &[URL, ("webhook-secret", &secret)]);
        let at = |second| webhook.message(&notice(), Timestamp::from_second(second).unwrap());
        let (first, second) = (at(100), at(105));
        assert_eq!(first.headers[0], ("webhook-id", "msg_run-1".to_owned()));
        assert_eq!(first.headers[0], second.headers[0]);
        assert_eq!((first.headers[1].1.as_str(), second.headers[1].1.as_str()), ("100", "105"));
        assert_ne!(first.headers[2], second.headers[2]);
        assert_eq!(first.headers[2].1.matches("v1,").count(), 2);
    }

    #[test]
    fn a_program_reads_what_came_out() {
        let body = body(&notice());
        assert_eq!((&body["type"], &body["data"]["verdict"]), (&json!("drip.run.failed"), &json!("leaking")));
        assert_eq!(body["data"]["findings"][0]["id"], "DRIP001");
        assert_eq!(body["data"]["reason"], "GET /data is leaking");
    }

    #[test]
    fn a_secret_of_another_form_is_refused_and_not_repeated() {
        for secret in ["hunter2", "whsec_aGk=", "whsec_!!!"] {
            let error = refused("webhook", &[URL, ("webhook-secret", secret)]);
            assert!(error.contains("DRIP_WEBHOOK_SECRET") && !error.contains(secret), "{error}");
        }
        assert!(refused("webhook", &[URL]).contains("needs DRIP_WEBHOOK_SECRET"));
    }
}
