//! A request that somebody made once, as an endpoint: what looks like a key in it may vary.

use std::collections::HashSet;

use drip_model::{Escape, Text, Value};

use crate::endpoint::{Description, Endpoint, Parameter, Payload, Segment, Skipped, Variable};
use crate::schema::{Form, json, like, number, urlencoded};
use crate::slots;

/// Headers that belong to one connection or one moment, and that are made anew.
const OF_THE_MOMENT: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Names of path parameters that a record does not tell.
const NAMES: [&str; 4] = ["id", "id2", "id3", "id4"];

/// One recorded request.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) name: Option<String>,
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<RecordedBody>,
}

/// What was sent.
#[derive(Debug)]
pub(super) enum RecordedBody {
    /// As it is; its type, when only the body tells it.
    Text { media_type: Option<String>, text: String },
    /// A form, to be written as `multipart/form-data`.
    Multipart(Form),
}

impl Recorded {
    /// Whether the request opened something else than an exchange of messages.
    pub(super) fn is_upgrade(&self) -> bool {
        self.header("upgrade").is_some()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The endpoint that it was sent to.
    pub(super) fn endpoint(self) -> Endpoint {
        let target = self.target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let segments = segments(if path.is_empty() { "/" } else { path });
        let body = self.payload();
        let sent = |(name, _): &(String, String)| {
            !name.starts_with(':') && !OF_THE_MOMENT.iter().any(|other| name.eq_ignore_ascii_case(other))
        };
        Endpoint {
            method: self.method.to_ascii_uppercase(),
            path: label(&segments),
            name: self.name,
            query: query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect(),
            headers: self.headers.into_iter().filter(sent).map(header).collect(),
            segments,
            body,
            ..Endpoint::default()
        }
    }

    fn payload(&self) -> Option<Payload> {
        let (media_type, text) = match self.body.as_ref()? {
            RecordedBody::Multipart(form) => {
                let media_type = format!("multipart/form-data; boundary={}", crate::schema::BOUNDARY);
                let value = crate::schema::multipart(form);
                return Some(Payload { media_type: Some(media_type), value, file: None });
            }
            RecordedBody::Text { media_type, text } => (media_type, text),
        };
        let kind = self.header("content-type").or(media_type.as_deref()).unwrap_or_default();
        Some(Payload { media_type: media_type.clone(), value: body(kind, text), file: None })
    }
}

fn body(kind: &str, text: &str) -> Variable {
    if slots::parse(text).varies() {
        return Variable::of(slots::parse(text));
    }
    if kind.contains("json")
        && let Ok(value) = serde_json::from_str(text)
    {
        return Variable { usual: Text::literal(text), ..json(&Form::recorded("", &value)) };
    }
    if kind.contains("x-www-form-urlencoded") {
        let field = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name);
            (name.clone(), Form::recorded(&name, &decoded(value).into()))
        };
        let form = Form::Record(text.split('&').map(field).collect());
        return Variable { usual: Text::literal(text), ..urlencoded(&form) };
    }
    Variable::fixed(text)
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// A text as it stands in a URL, which may vary when it looks like a key.
fn key(name: &str, text: &str) -> Variable {
    if slots::parse(text).varies() {
        return Variable::of(slots::parse(text));
    }
    let varied = like(name, &decoded(text))
        .map(|shape| Text(vec![drip_model::Part::Value(Value::new(shape, Escape::Url))]));
    Variable { usual: Text::literal(text), varied }
}

fn pair(pair: &str) -> Parameter {
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    Parameter { name: name.to_owned(), always: true, value: key(name, value) }
}

fn header((name, value): (String, String)) -> Parameter {
    Parameter { name, always: true, value: Variable::of(slots::parse(&value)) }
}

/// A path in pieces; whatever looks like the key of a thing is free.
fn segments(path: &str) -> Vec<Segment> {
    let (mut pieces, mut fixed, mut names) = (Vec::new(), String::new(), NAMES.into_iter());
    for (number, part) in path.split('/').enumerate() {
        if number > 0 {
            fixed.push('/');
        }
        match free(part).and_then(|value| Some((names.next()?, value))) {
            None => fixed.push_str(part),
            Some((name, value)) => {
                pieces.push(Segment::Fixed(std::mem::take(&mut fixed)));
                pieces.push(Segment::Free(Parameter { name: name.to_owned(), always: true, value }));
            }
        }
    }
    if !fixed.is_empty() {
        pieces.push(Segment::Fixed(fixed));
    }
    pieces
}

/// Numbers, UUIDs and long hexadecimal texts are keys; words are names of things.
fn free(part: &str) -> Option<Variable> {
    if slots::parse(part).varies() {
        return Some(Variable::of(slots::parse(part)));
    }
    let is_number = !part.is_empty() && part.len() <= 18 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_hex = part.len() >= 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let shape = if is_number { number(1, 2_147_483_647) } else { like("", part).filter(|_| is_hex)? };
    let varied = Text(vec![drip_model::Part::Value(Value::new(shape, Escape::Url))]);
    Some(Variable { usual: Text::literal(part), varied: Some(varied) })
}

fn label(segments: &[Segment]) -> String {
    let piece = |segment: &Segment| match segment {
        Segment::Fixed(text) => text.clone(),
        Segment::Free(parameter) => format!("{{{}}}", parameter.name),
    };
    segments.iter().map(piece).collect()
}

/// Those that ask the same way are asked once; the others are told.
pub(super) fn distinct(description: Description) -> Description {
    let Description { endpoints, mut skipped, .. } = description;
    let (mut seen, all) = (HashSet::new(), endpoints.len());
    let form = |endpoint: &Endpoint| {
        let names: Vec<&str> = endpoint.query.iter().map(|parameter| parameter.name.as_str()).collect();
        format!("{}?{}", endpoint.label(), names.join("&"))
    };
    let endpoints: Vec<_> = endpoints.into_iter().filter(|endpoint| seen.insert(form(endpoint))).collect();
    let what = match all - endpoints.len() {
        0 => None,
        1 => Some("one more request".to_owned()),
        repeated => Some(format!("{repeated} more requests")),
    };
    skipped.extend(what.map(|what| Skipped::new(what, "asks the same way as one that is tested")));
    Description { endpoints, skipped, ..Description::default() }
}

/// A text of a form field.
pub(super) fn field(name: &str, text: &str) -> Form {
    Form::recorded(name, &text.into())
}
