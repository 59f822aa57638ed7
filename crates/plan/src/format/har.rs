//! HAR 1.2: what a browser or a proxy recorded.
//!
//! Only the requests are taken out of the text; bodies of answers, which make such files large, are passed over
//! without being kept. Cookies and tokens in it are sent, and never shown.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::recorded::{Recorded, RecordedBody, distinct};
use super::{Format, Opened};
use crate::address;
use crate::endpoint::{Description, Skipped};

/// How far into a file its first words are looked for.
const SNIFF_BYTES: usize = 4096;
/// What a page is made of, not what an API answers.
const STATIC: [&str; 6] = ["image/", "font/", "text/css", "javascript", "video/", "audio/"];

pub(super) const FORMAT: Format = Format {
    name: "har",
    about: "HAR 1.2, recorded by a browser or a proxy",
    sniff: |opened| {
        opened.text.trim_start().starts_with('{') && (opened.has_ending(&["har"]) || begins(opened.text))
    },
    read,
};

fn begins(text: &str) -> bool {
    let end = (0..=SNIFF_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let compact: String = text[..end].split_whitespace().collect();
    compact.starts_with("{\"log\":{")
}

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    #[serde(default)]
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    mime_type: Option<String>,
    text: Option<String>,
    #[serde(default)]
    params: Vec<Pair>,
}

#[derive(Default, Deserialize)]
struct Response {
    #[serde(default)]
    content: Content,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    mime_type: Option<String>,
}

fn read(opened: Opened<'_>) -> Result<Description, String> {
    let har: Har = serde_json::from_str(opened.text).map_err(|error| {
        // Its own words may repeat a value, which may be a secret.
        format!("not a HAR at line {}, column {}", error.line(), error.column())
    })?;
    let (mut endpoints, mut reasons) = (Vec::new(), BTreeMap::<(String, String), u64>::new());
    for entry in har.log.entries {
        match recorded(entry, &opened) {
            Ok(recorded) => endpoints.push(recorded.endpoint()),
            Err(skipped) => *reasons.entry((skipped.what, skipped.why)).or_default() += 1,
        }
    }
    let told = |((what, why), count): ((String, String), u64)| Skipped::new(times(&what, count), why);
    let skipped = reasons.into_iter().map(told).collect();
    Ok(distinct(Description { endpoints, skipped, ..Description::default() }))
}

fn times(what: &str, count: u64) -> String {
    if count > 1 { format!("{count} requests to {what}") } else { format!("a request to {what}") }
}

fn recorded(entry: Entry, opened: &Opened<'_>) -> Result<Recorded, Skipped> {
    let request = entry.request;
    let target = address(&request.url).map_err(|_| {
        Skipped::new("a URL that cannot be requested", "only http and https are, without credentials")
    })?;
    let origin = target.origin.to_string();
    if !opened.source.home.is(&target.origin) {
        return Err(Skipped::new(origin, "load goes only to the service that was named"));
    }
    let kind = entry.response.content.mime_type.unwrap_or_default();
    if STATIC.iter().any(|part| kind.contains(part)) {
        return Err(Skipped::new(origin, "a file that the page is made of"));
    }
    let recorded = Recorded {
        name: None,
        method: request.method,
        target: target.path,
        headers: request.headers.into_iter().map(|pair| (pair.name, pair.value)).collect(),
        body: request.post_data.and_then(body),
    };
    if recorded.is_upgrade() {
        return Err(Skipped::new(origin, "a WebSocket or another upgrade, which is not played"));
    }
    Ok(recorded)
}

fn body(data: PostData) -> Option<RecordedBody> {
    let text = data.text.filter(|text| !text.is_empty()).or_else(|| {
        let pairs: Vec<_> = data.params.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("&"))
    })?;
    Some(RecordedBody::Text { media_type: data.mime_type, text })
}
