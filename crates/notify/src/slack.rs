//! Slack, by an incoming webhook: blocks of plain text, which Slack neither formats nor links.
//!
//! `<!channel>` and the like begin with `<` in every text of Slack, so `&`, `<` and `>` are written as entities.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::address::Plain;
use crate::clip::clipped;
use crate::{Address, Answer, Channel, Message, Need, Notice, Outlet, Unusable};

/// `--notify slack`.
pub(crate) struct Slack;

const URL: Need = Need { key: "slack-url", variable: "DRIP_SLACK_URL", is_optional: false };

/// What Slack takes of a header, of a section, and of a field of one. Texts of ours are shorter where a reader of a
/// channel would not read on.
const HEADER_CHARS_MAX: usize = 150;
const SECTION_CHARS_MAX: usize = 3_000;
const FIELD_CHARS_MAX: usize = 2_000;
/// What notifications of phones show.
const FALLBACK_CHARS_MAX: usize = 500;
/// How Slack says that it took a message.
const TAKEN: &str = "ok";
/// How much of a refusal is repeated.
const REFUSAL_CHARS_MAX: usize = 100;

impl Channel for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn needs(&self) -> &'static [Need] {
        &[URL]
    }

    fn open(&self, given: &dyn Fn(&Need) -> Option<String>) -> Result<Box<dyn Outlet>, Unusable> {
        let url = URL.of(self.name(), given)?;
        Ok(Box::new(Incoming(Address::parse(&url, Plain::Loopback, &URL)?)))
    }
}

/// An incoming webhook.
struct Incoming(Address);

impl Outlet for Incoming {
    fn address(&self) -> &Address {
        &self.0
    }

    fn message(&self, notice: &Notice, _at: Timestamp) -> Message {
        let title = format!("Drip: {}", notice.word);
        let fallback = clipped(&format!("{title}: {}", notice.sentence), FALLBACK_CHARS_MAX, entity);
        let body = json!({
            "text": fallback,
            "mrkdwn": false,
            "unfurl_links": false,
            "unfurl_media": false,
            "blocks": blocks(notice, &title),
        });
        Message { headers: Vec::new(), body: body.to_string() }
    }

    /// Old applications answer 200 and say in the body what was wrong.
    fn refusal(&self, answer: &Answer) -> Option<String> {
        let said = answer.body.trim();
        (said != TAKEN)
            .then(|| format!("it said {:?}", clipped(said, REFUSAL_CHARS_MAX, crate::clip::as_it_is)))
    }
}

fn blocks(notice: &Notice, title: &str) -> Vec<Value> {
    let fields = notice.facts().into_iter().map(|(name, text)| {
        let text = format!("{name}\n{text}");
        plain(&text, FIELD_CHARS_MAX)
    });
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(title, HEADER_CHARS_MAX) }),
        section(&notice.sentence),
        json!({ "type": "section", "fields": fields.collect::<Vec<_>>() }),
    ];
    let findings = notice.findings.iter();
    blocks.extend(findings.map(|seen| section(&format!("{}\n{}", seen.headline(), seen.description))));
    blocks.push(json!({ "type": "context", "elements": [plain(&notice.foot(), FIELD_CHARS_MAX)] }));
    blocks
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": plain(text, SECTION_CHARS_MAX) })
}

fn plain(text: &str, chars_max: usize) -> Value {
    json!({ "type": "plain_text", "emoji": false, "text": clipped(text, chars_max, entity) })
}

fn entity(letter: char, out: &mut String) {
    match letter {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        letter => out.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, hostile, long, notice, outlet};

    fn message(notice: &Notice) -> Value {
        let slack = outlet("slack", &[("slack-url", "https://hooks.slack.example/key")]);
        serde_json::from_str(&slack.message(notice, Timestamp::UNIX_EPOCH).body).unwrap()
    }

    /// Every text of a message, with the kind of its block.
    fn texts(message: &Value) -> Vec<(String, String)> {
        let blocks = message["blocks"].as_array().unwrap();
        let of = |block: &Value| {
            let kind = block["type"].as_str().unwrap().to_owned();
            let several = ["fields", "elements"].iter().flat_map(|key| block[*key].as_array()).flatten();
            let texts: Vec<_> = block.get("text").into_iter().chain(several).cloned().collect();
            texts.into_iter().map(move |text| {
                assert_eq!(text["type"], "plain_text");
                (kind.clone(), text["text"].as_str().unwrap().to_owned())
            })
        };
        blocks.iter().flat_map(of).collect()
    }

    #[test]
    fn the_verdict_comes_first_and_findings_follow() {
        let message = message(&notice());
        assert_eq!(message["text"], "Drip: LEAKING: GET /data keeps about 273 bytes of every request.");
        let texts = texts(&message);
        assert_eq!(texts[0], ("header".to_owned(), "Drip: LEAKING".to_owned()));
        let all = texts.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
        assert!(all.contains("MEDIUM DRIP001 Memory grows (GET /data)\nby 273 bytes"), "{all}");
        assert!(all.contains("Failed because\nGET /data is leaking"), "{all}");
    }

    #[test]
    fn nobody_is_called_by_text_from_outside() {
        let body = message(&hostile("<!channel> <@U1> <https://evil.test|click> & *b*")).to_string();
        assert!(!body.contains('<') && !body.contains('>'), "{body}");
        assert!(body.contains("&lt;!channel&gt; &lt;@U1&gt;"), "{body}");
    }

    #[test]
    fn no_text_is_longer_than_slack_takes() {
        let message = message(&long());
        assert!(message["blocks"].as_array().unwrap().len() <= 50);
        for (kind, text) in texts(&message) {
            let chars_max = if kind == "header" { 150 } else { 3_000 };
            assert!(!text.is_empty() && text.chars().count() <= chars_max, "{kind}: {text}");
        }
        let fields =
            message["blocks"].as_array().unwrap().iter().flat_map(|block| block["fields"].as_array());
        for field in fields.flatten() {
            assert!(field["text"].as_str().unwrap().chars().count() <= 2_000);
        }
    }

    #[test]
    fn a_success_is_ok_and_nothing_else() {
        let slack = outlet("slack", &[("slack-url", "https://hooks.slack.example/key")]);
        assert_eq!(slack.refusal(&answer(200, "ok")), None);
        assert_eq!(slack.refusal(&answer(200, "invalid_blocks")).unwrap(), "it said \"invalid_blocks\"");
    }
}
