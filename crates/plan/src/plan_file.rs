//! A whole plan from a file, in TOML or JSON: requests with weights and conducts.
//!
//! ```toml
//! [[request]]
//! path = "/search?q={uuid}"        # slots as on the command line
//! method = "GET"                   # default: GET, with a body POST
//! headers = { X-Tenant = "{n}" }
//! body = "text"
//! delete = "/items/{id}"           # where what it makes is deleted again before memory is read
//! weight = 3                       # its share of a mixed load, default 1
//! conduct = "slow-read"            # polite, hang-up-sent, hang-up-received, slow-write, slow-read, half-open
//! bytes = 512                      # after which to hang up; for slow ones, how many at a time
//! pause-ms = 100                   # for slow ones: how long they then wait
//! fresh-connection = true
//! expect-status = 404              # counts as success beside 2xx and 3xx
//! ```

use std::time::Duration;

use drip_model::{Conduct, HangUp, Trickle, Undo, Vector, VectorId};
use serde_json::{Map, Value};

use crate::ask::{Ask, Data, vectors};
use crate::credentials::unknown;
use crate::nearest::nearest;
use crate::undo::names;
use crate::{Credentials, Plan, PlanError};

const KEYS: [&str; 11] = [
    "path",
    "method",
    "headers",
    "body",
    "delete",
    "weight",
    "conduct",
    "bytes",
    "pause-ms",
    "fresh-connection",
    "expect-status",
];
const CONDUCTS: [&str; 6] =
    ["polite", "hang-up-sent", "hang-up-received", "slow-write", "slow-read", "half-open"];
const REQUESTS_MAX: usize = 10_000;
const WEIGHT_MAX: u64 = 1_000_000;
const BYTES_MAX: u64 = 1 << 30;
const PAUSE_MS_MAX: u64 = 60_000;
/// What a slow client does unless the plan says it.
const TRICKLE_BYTES: usize = 64;
const TRICKLE_PAUSE_MS: u64 = 100;

/// Reads a plan.
///
/// # Errors
/// When a key is unknown (the nearest is named), a value does not fit, or a request cannot be sent.
pub fn plan_file(name: &str, text: &str, credentials: &Credentials) -> Result<Plan, PlanError> {
    let fault = |why: String| PlanError::Description { name: name.to_owned(), why };
    let tree = tree(text).map_err(fault)?;
    let whole = tree.as_object().ok_or_else(|| fault("[[request]] is expected".to_owned()))?;
    if let Some(key) = whole.keys().find(|key| *key != "request") {
        return Err(fault(unknown(key, &["request"])));
    }
    let requests = whole.get("request").and_then(Value::as_array).filter(|requests| !requests.is_empty());
    let requests = requests.ok_or_else(|| fault("it has no [[request]]".to_owned()))?;
    if requests.len() > REQUESTS_MAX {
        return Err(fault(format!("more than {REQUESTS_MAX} requests")));
    }
    let mut plan = Plan::default();
    for (number, request) in requests.iter().enumerate() {
        let vector = request_of(request, credentials)
            .map_err(|why| fault(format!("request {}: {why}", number + 1)))?;
        plan.vectors.push(Vector { id: VectorId(number), ..vector });
    }
    Ok(plan)
}

/// Values stay out of the message: a header may be a credential.
fn tree(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|error| format!("not valid JSON at line {}, column {}", error.line(), error.column()));
    }
    toml::from_str::<toml::Table>(text)
        .map_err(|error| {
            let line =
                1 + error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count());
            format!("not valid TOML at line {line}: {}", error.message())
        })
        .and_then(|table| serde_json::to_value(table).map_err(|error| error.to_string()))
}

fn request_of(request: &Value, credentials: &Credentials) -> Result<Vector, String> {
    let fields = request.as_object().ok_or("path = \"/…\" is expected")?;
    if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(unknown(key, &KEYS));
    }
    let ask = Ask {
        paths: vec![text(fields, "path")?.ok_or("path is missing")?],
        method: text(fields, "method")?,
        headers: headers(fields)?,
        data: text(fields, "body")?.map(Data::Text),
        expect_status: whole(fields, "expect-status", 100..=599)?
            .and_then(|status| u16::try_from(status).ok()),
    };
    let vector = vectors(&ask, credentials).map_err(|error| error.to_string())?.swap_remove(0);
    let weight = whole(fields, "weight", 1..=WEIGHT_MAX)?.unwrap_or(1);
    let weight = u32::try_from(weight).unwrap_or(u32::MAX);
    let undo = text(fields, "delete")?.map(|path| undo(&path, &vector)).transpose()?;
    Ok(Vector { conduct: conduct(fields)?, weight, undo, ..vector })
}

/// Whoever may make a thing may delete it: with the same headers, but for those of a body.
fn undo(path: &str, vector: &Vector) -> Result<Undo, String> {
    let parts = path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (name, after))) = parts.filter(|(before, _)| before.starts_with('/')) else {
        return Err(format!("delete = {path:?}: a path such as \"/items/{{id}}\" is expected"));
    };
    let headers = vector.template.headers.iter();
    let of_body = |name: &str| name.to_ascii_lowercase().starts_with("content-");
    Ok(Undo {
        endpoint: format!("DELETE {path}"),
        before: before.to_owned(),
        after: after.to_owned(),
        headers: headers.filter(|(name, _)| !of_body(name)).cloned().collect(),
        names: names(name),
    })
}

fn headers(fields: &Map<String, Value>) -> Result<Vec<String>, String> {
    let Some(value) = fields.get("headers") else { return Ok(Vec::new()) };
    let headers = value.as_object().ok_or("headers: { Name = \"value\" } is expected")?;
    let line = |(name, value): (&String, &Value)| {
        let value = value.as_str().ok_or_else(|| format!("headers.{name}: a text is expected"))?;
        Ok(format!("{name}: {value}"))
    };
    headers.iter().map(line).collect()
}

fn conduct(fields: &Map<String, Value>) -> Result<Conduct, String> {
    let name = text(fields, "conduct")?.unwrap_or_else(|| "polite".to_owned());
    let bytes = whole(fields, "bytes", 1..=BYTES_MAX)?.and_then(|bytes| usize::try_from(bytes).ok());
    let pause = whole(fields, "pause-ms", 1..=PAUSE_MS_MAX)?;
    if bytes.is_some() && matches!(name.as_str(), "polite" | "half-open") {
        return Err(format!("bytes do not go with the conduct {name}"));
    }
    if pause.is_some() && !name.starts_with("slow") {
        return Err(format!("pause-ms does not go with the conduct {name}"));
    }
    let pace = Trickle {
        bytes: bytes.unwrap_or(TRICKLE_BYTES),
        every: Duration::from_millis(pause.unwrap_or(TRICKLE_PAUSE_MS)),
    };
    match name.as_str() {
        "polite" if fresh(fields)? => Ok(Conduct::FreshConnection),
        "polite" => Ok(Conduct::Polite),
        // Whoever hangs up has a connection of its own in any case.
        "hang-up-sent" => Ok(Conduct::HangUp(HangUp::Sent(bytes.unwrap_or(1)))),
        "hang-up-received" => Ok(Conduct::HangUp(HangUp::Received(bytes.unwrap_or(1)))),
        "slow-write" => Ok(Conduct::SlowWrite(pace)),
        "slow-read" => Ok(Conduct::SlowRead(pace)),
        "half-open" => Ok(Conduct::HalfOpen),
        other => {
            let nearest = nearest(other, CONDUCTS).unwrap_or("polite");
            Err(format!("no conduct is called {other}; did you mean {nearest}?"))
        }
    }
}

fn fresh(fields: &Map<String, Value>) -> Result<bool, String> {
    let Some(value) = fields.get("fresh-connection") else { return Ok(false) };
    value.as_bool().ok_or_else(|| "fresh-connection: true or false is expected".to_owned())
}

fn text(fields: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    let Some(value) = fields.get(key) else { return Ok(None) };
    value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| format!("{key}: a text is expected"))
}

fn whole(
    fields: &Map<String, Value>,
    key: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, String> {
    let Some(value) = fields.get(key) else { return Ok(None) };
    let fits = value.as_u64().filter(|number| range.contains(number));
    fits.map(Some)
        .ok_or_else(|| format!("{key}: a whole number from {} to {} is expected", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(request: &str) -> Result<Vector, String> {
        plan_file("plan.toml", &format!("[[request]]\n{request}"), &Credentials::default())
            .map(|plan| plan.vectors[0].clone())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_is_read_whole() {
        let vector = one(
            "path = '/a?q={n}'\nmethod = 'put'\nheaders = { X-A = '1' }\nbody = 'b'\nweight = 3\nexpect-status = 404",
        )
        .unwrap();
        let sent = vector.template.render(1, 7);
        assert_eq!((vector.endpoint.as_str(), vector.weight), ("PUT /a", 3));
        assert_eq!(vector.expect_status, drip_model::Expected::Status(404));
        assert_eq!(sent.target, b"/a?q=7");
        assert_eq!(sent.headers, [("X-A".to_owned(), b"1".to_vec())]);
        assert_eq!(sent.body, Some(b"b".to_vec()));
    }

    #[test]
    fn what_it_makes_is_deleted_with_its_own_credentials() {
        let vector = one("path = '/a'\nbody = 'b'\nheaders = { X-Key = '1', Content-Type = 'text/plain' }\ndelete = '/a/{no}/all'").unwrap();
        let template = vector.undo.unwrap().template(&["7".to_owned()]).render(0, 0);
        assert_eq!((template.target, template.body), (b"/a/7/all".to_vec(), None));
        assert_eq!(template.headers, [("X-Key".to_owned(), b"1".to_vec())]);
        assert!(one("path = '/a'\nbody = 'b'\ndelete = '/a'").unwrap_err().contains("/items/{id}"));
    }

    #[test]
    fn json_says_the_same() {
        let plan = plan_file(
            "plan.json",
            r#"{"request": [{"path": "/a"}, {"path": "/b", "weight": 2}]}"#,
            &Credentials::default(),
        )
        .unwrap();
        assert_eq!(plan.vectors.iter().map(|vector| vector.weight).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_conduct_has_its_measure() {
        let check = |words: &str, expected| {
            assert_eq!(one(&format!("path = '/a'\n{words}")).unwrap().conduct, expected, "{words}");
        };
        check("", Conduct::Polite);
        check("fresh-connection = true", Conduct::FreshConnection);
        let pace = Trickle { bytes: 9, every: Duration::from_millis(5) };
        check("conduct = 'slow-read'\nbytes = 9\npause-ms = 5", Conduct::SlowRead(pace));
        check("conduct = 'hang-up-sent'\nbytes = 9", Conduct::HangUp(HangUp::Sent(9)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            ("[[requests]]", "did you mean request?"),
            ("[[request]]\npaht = '/'", "request 1: unknown key paht; did you mean path?"),
            ("[[request]]\nmethod = 'GET'", "path is missing"),
            ("[[request]]\npath = 'a'", "must begin with /"),
            ("[[request]]\npath = '/'\nweight = 0", "weight: a whole number from 1"),
            ("[[request]]\npath = '/'\nconduct = 'slow-reed'", "did you mean slow-read"),
            ("[[request]]\npath = '/'\nbytes = 3", "not go with the conduct polite"),
            ("[[request]]\npath = /", "line 2"),
            ("{", "not valid JSON"),
            ("", "no [[request]]"),
        ] {
            let error = plan_file("plan.toml", text, &Credentials::default())
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
