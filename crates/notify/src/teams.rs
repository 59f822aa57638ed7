//! Microsoft Teams, by a webhook of Workflows: an Adaptive Card.
//!
//! A `TextBlock` reads Markdown; a `TextRun` of a `RichTextBlock` does not. What came from outside stands in the latter
//! only, so it can neither format nor link. People are mentioned by entities of the card, which it has none of.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::address::Plain;
use crate::clip::{as_it_is, clipped};
use crate::{Address, Answer, Channel, Message, Need, Notice, Outlet, State, Unusable};

/// `--notify teams`.
pub(crate) struct Teams;

const URL: Need = Need { key: "teams-url", variable: "DRIP_TEAMS_URL", is_optional: false };

/// Teams takes 28 KB. Characters of four bytes in every text together stay below it, see the test.
const SENTENCE_CHARS_MAX: usize = 800;
const FACT_CHARS_MAX: usize = 400;
const FINDING_CHARS_MAX: usize = 500;
/// What a success may say: Workflows nothing, connectors of old `1`.
const TAKEN: [&str; 2] = ["", "1"];
/// How much of a refusal is repeated.
const REFUSAL_CHARS_MAX: usize = 100;
/// An invisible letter that keeps `{{DATE(…)}}` from being computed.
const WORD_JOINER: char = '\u{2060}';

impl Channel for Teams {
    fn name(&self) -> &'static str {
        "teams"
    }

    fn needs(&self) -> &'static [Need] {
        &[URL]
    }

    fn open(&self, given: &dyn Fn(&Need) -> Option<String>) -> Result<Box<dyn Outlet>, Unusable> {
        let url = URL.of(self.name(), given)?;
        Ok(Box::new(Workflow(Address::parse(&url, Plain::Loopback, &URL)?)))
    }
}

/// A workflow that posts what it gets.
struct Workflow(Address);

impl Outlet for Workflow {
    fn address(&self) -> &Address {
        &self.0
    }

    fn message(&self, notice: &Notice, _at: Timestamp) -> Message {
        let card = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": card(notice),
        });
        let body = json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": card,
            }],
        });
        Message { headers: Vec::new(), body: body.to_string() }
    }

    /// Workflows say 202 before they post. Connectors of old said 200 and told failures in the body.
    fn refusal(&self, answer: &Answer) -> Option<String> {
        let said = answer.body.trim();
        let taken = answer.status == 202 || TAKEN.contains(&said);
        (!taken).then(|| format!("it said {:?}", clipped(said, REFUSAL_CHARS_MAX, as_it_is)))
    }
}

fn card(notice: &Notice) -> Vec<Value> {
    let color = match notice.state {
        State::Failed => "Attention",
        State::Passed => "Good",
        State::Test => "Accent",
    };
    // A verdict is a word of ours.
    let title = format!("Drip: {}", notice.word);
    let mut body = vec![
        json!({ "type": "TextBlock", "text": title, "size": "Large", "weight": "Bolder", "color": color, "wrap": true }),
        text(None, &notice.sentence, SENTENCE_CHARS_MAX),
    ];
    body.extend(notice.facts().into_iter().map(|(name, fact)| text(Some(name), fact, FACT_CHARS_MAX)));
    let findings = notice.findings.iter();
    body.extend(findings.map(|seen| text(Some(&seen.headline()), &seen.description, FINDING_CHARS_MAX)));
    body.push(text(None, &notice.foot(), FACT_CHARS_MAX));
    body
}

/// A paragraph, with a strong beginning.
fn text(strong: Option<&str>, rest: &str, chars_max: usize) -> Value {
    let run = |text: &str, chars_max| json!({ "type": "TextRun", "text": clipped(text, chars_max, inert) });
    let strong = strong.map(|strong| {
        let mut strong = run(&format!("{strong}: "), FACT_CHARS_MAX);
        strong["weight"] = json!("Bolder");
        strong
    });
    let runs: Vec<_> = strong.into_iter().chain([run(rest, chars_max)]).collect();
    json!({ "type": "RichTextBlock", "spacing": "Medium", "inlines": runs })
}

fn inert(letter: char, out: &mut String) {
    out.push(letter);
    if letter == '{' {
        out.push(WORD_JOINER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, hostile, long, notice, outlet};

    /// As documented for Teams.
    const BYTES_MAX: usize = 28 * 1024;

    fn teams() -> Box<dyn Outlet> {
        outlet("teams", &[("teams-url", "https://workflows.example/key")])
    }

    fn body(notice: &Notice) -> Vec<Value> {
        let message: Value =
            serde_json::from_str(&teams().message(notice, Timestamp::UNIX_EPOCH).body).unwrap();
        let attachment = &message["attachments"][0];
        assert_eq!(message["type"], "message");
        assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
        assert_eq!(attachment["content"]["type"], "AdaptiveCard");
        attachment["content"]["body"].as_array().unwrap().clone()
    }

    #[test]
    fn a_card_has_the_verdict_and_the_findings() {
        let body = body(&notice());
        assert_eq!((&body[0]["text"], &body[0]["color"]), (&json!("Drip: LEAKING"), &json!("Attention")));
        let runs: Vec<_> = body.iter().flat_map(|block| block["inlines"].as_array()).flatten().collect();
        let texts: Vec<_> = runs.iter().map(|run| run["text"].as_str().unwrap()).collect();
        assert!(texts.contains(&"GET /data keeps about 273 bytes of every request."), "{texts:?}");
        assert!(texts.contains(&"MEDIUM DRIP001 Memory grows (GET /data):"), "{texts:?}");
    }

    #[test]
    fn text_from_outside_is_where_markdown_is_not_read() {
        let hostile = body(&hostile("[click](https://evil.test) **b** <at>all</at> {{DATE(1)}}"));
        let blocks = hostile.iter().filter(|block| block["type"] == "TextBlock");
        assert!(blocks.clone().all(|block| !block["text"].as_str().unwrap().contains("evil")));
        assert_eq!(blocks.count(), 1);
        assert!(!json!(hostile).to_string().contains("{{"));
    }

    #[test]
    fn the_longest_message_is_smaller_than_teams_takes() {
        let bytes = teams().message(&long(), Timestamp::UNIX_EPOCH).body.len();
        assert!(bytes < BYTES_MAX, "{bytes}");
    }

    #[test]
    fn a_success_with_an_error_in_it_is_none() {
        assert_eq!(teams().refusal(&answer(202, "")), None);
        assert_eq!(teams().refusal(&answer(200, "1")), None);
        let failed =
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429";
        assert!(teams().refusal(&answer(200, failed)).unwrap().contains("delivery failed"));
    }
}
