//! What a service says that it has made: the only thing of an answer that a later request depends on.

use drip_model::{Escape, Tally, Undo};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::answer::{each_header, head_length};
use crate::bounds::MADE_NAME_BYTES_MAX;
use crate::dose::Dose;
use crate::load::Load;
use crate::play::played;
use crate::pulse::Pulse;

/// What stands around a thing in an answer is called so.
const WRAPPERS: [&str; 3] = ["data", "result", "item"];

/// What came of a dose whose answers say what was made.
#[derive(Debug, Default)]
pub struct Noted {
    /// As with [`crate::play`].
    pub tally: Tally,
    /// What the things are called, percent-encoded, of those answers that said it.
    pub made: Vec<String>,
}

/// Plays as [`crate::play`] does, and notes what was made; over as soon as [`crate::MADE_MAX`] things are.
pub async fn play_noting(load: &Load<'_>, undo: &Undo, pulse: &Pulse, stop: &CancellationToken) -> Noted {
    let dose =
        Dose::new(load).map(|dose| Dose { keeps_heads: true, threads: 1, undo: Some(undo.clone()), ..dose });
    let played = played(dose, pulse, stop).await;
    Noted { tally: played.tally, made: played.made }
}

/// What the thing is called that an answer, head and beginning of its body, tells of: by `Location`, else by its JSON.
pub(crate) fn made(undo: &Undo, text: &[u8]) -> Option<String> {
    let mut location = None;
    let status = each_header(text, |name, value| {
        if name.eq_ignore_ascii_case("location") {
            location = std::str::from_utf8(value).ok().and_then(|place| in_place(undo, place));
        }
    });
    status.ok().filter(|status| (200..300).contains(status))?;
    let name = location.or_else(|| in_json(undo, &text[head_length(text)?..]))?;
    (1..=MADE_NAME_BYTES_MAX).contains(&name.len()).then_some(name)
}

/// The rest of a path, or of a URL's, that begins as the request to delete it does.
fn in_place(undo: &Undo, place: &str) -> Option<String> {
    let path =
        place.split_once("://").map_or(place, |(_, rest)| rest.find('/').map_or("", |slash| &rest[slash..]));
    let rest = path.strip_prefix(&undo.before)?;
    let name = rest.split(['/', '?', '#']).next()?;
    Some(name.to_owned()).filter(|name| name.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// A member by one of the names, at the top or in what the answer wraps; what else it speaks of was not made by the
/// request. What stands around the object, such as the sizes of chunks, is passed over.
fn in_json(undo: &Undo, body: &[u8]) -> Option<String> {
    let begin = body.iter().position(|byte| *byte == b'{')?;
    let object = serde_json::Deserializer::from_slice(&body[begin..]).into_iter::<Value>().next()?.ok()?;
    named(undo, &object).or_else(|| named(undo, wrapped(&object)?))
}

/// The only member, or the one that is called as wrappers are.
fn wrapped(object: &Value) -> Option<&Value> {
    let members = object.as_object()?;
    let only = || members.values().next().filter(|_| members.len() == 1);
    WRAPPERS.iter().find_map(|name| members.get(*name)).or_else(only)
}

fn named(undo: &Undo, object: &Value) -> Option<String> {
    undo.names
        .iter()
        .find_map(|name| match object.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .map(|name| {
            let mut encoded = Vec::new();
            Escape::Url.write(&name, &mut encoded);
            String::from_utf8_lossy(&encoded).into_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: &str) -> Option<String> {
        let undo = Undo {
            endpoint: "DELETE /v1/items/{itemId}".to_owned(),
            before: "/v1/items/".to_owned(),
            after: String::new(),
            headers: Vec::new(),
            names: ["itemId", "id"].map(str::to_owned).to_vec(),
        };
        made(&undo, answer.as_bytes())
    }

    #[test]
    fn the_place_of_a_new_thing_names_it() {
        for place in ["/v1/items/a%20b", "http://other:1/v1/items/a%20b?x=1", "/v1/items/a%20b/"] {
            assert_eq!(told(&format!("HTTP/1.1 201 \r\nLocation: {place}\r\n\r\n")).unwrap(), "a%20b");
        }
        for place in ["/v1/others/7", "/v1/items/", "http://other"] {
            assert_eq!(told(&format!("HTTP/1.1 201 \r\nLocation: {place}\r\n\r\n")), None);
        }
    }

    #[test]
    fn the_answer_names_it_at_the_top_or_in_what_it_wraps() {
        let body = |body: &str| told(&format!("HTTP/1.1 200 OK\r\na: b\r\n\r\n{body}"));
        assert_eq!(body(r#"{"name": "x", "id": 7}"#).unwrap(), "7");
        assert_eq!(body(r#"{"id": 1, "itemId": "a/b"}"#).unwrap(), "a%2Fb");
        assert_eq!(body(r#"{"ok": true, "data": {"id": "u-1"}}"#).unwrap(), "u-1");
        assert_eq!(body(r#"{"order": {"id": "u-1"}}"#).unwrap(), "u-1");
        assert_eq!(body(r#"{"ok": true, "owner": {"id": "u-1"}}"#), None);
        assert_eq!(body("f\r\n{\"id\": 12345678}\r\n0\r\n\r\n").unwrap(), "12345678");
        for other in ["", "[]", "{\"id\": [7]}", "{\"id\": 7", "{\"id\": \"\"}"] {
            assert_eq!(body(other), None, "{other}");
        }
    }

    #[test]
    fn what_was_refused_made_nothing() {
        assert_eq!(told("HTTP/1.1 409 Conflict\r\n\r\n{\"id\": 7}"), None);
    }
}
