//! OpenAPI 3.0 and 3.1.
//!
//! Read from the tree rather than by a typed parser: those there are know one of the two versions each, and refuse a
//! whole document for one field that is wrong. Here an operation that cannot be read is skipped with its reason, and
//! the others are tested.

use serde_json::Value;

use super::operation::{Dialect, Spread, Told, operations};
use super::{Format, Home, Opened};
use crate::document::Library;
use crate::endpoint::{Description, Payload, Scheme, Skipped};
use crate::schema::{BOUNDARY, Style, form, json, multipart, plain, urlencoded};

pub(super) const FORMAT: Format = Format {
    name: "openapi",
    about: "OpenAPI 3.0 or 3.1, as JSON or YAML",
    sniff: |opened| opened.field("openapi").is_some_and(|version| version.starts_with("3.")),
    read,
};

fn read(opened: Opened<'_>) -> Result<Description, String> {
    let source = opened.source;
    let library = Library::new(&source.base, opened.into_tree()?, &source.fetched);
    let (prefix, mut skipped) = servers(&library.main()["servers"], &source.home);
    let mut description = operations(&library, &OpenApi, &prefix);
    let webhooks = library.main()["webhooks"].as_object().into_iter().flatten();
    skipped.extend(webhooks.map(|(name, _)| {
        Skipped::new(format!("webhook {name}"), "a request that the service sends, not one that it answers")
    }));
    skipped.append(&mut description.skipped);
    Ok(Description { skipped, wanted: library.wanted(), ..description })
}

/// The path below which the operations lie, and the hosts that are not asked.
fn servers(servers: &Value, home: &Home) -> (String, Vec<Skipped>) {
    let urls: Vec<String> = servers.as_array().into_iter().flatten().filter_map(url_of).collect();
    let mut skipped = Vec::new();
    let (mut prefix, mut foreign) = (None, None);
    for url in &urls {
        match crate::address(url) {
            Ok(address) if !home.is(&address.origin) => {
                skipped.push(Skipped::new(
                    format!("server {}", address.origin),
                    "load goes only to the service that was named",
                ));
                foreign = foreign.or(Some(address.path));
            }
            Ok(address) => prefix = prefix.or(Some(address.path)),
            Err(_) if url.starts_with('/') => prefix = prefix.or_else(|| Some(url.clone())),
            Err(_) => {
                let shown = url.rsplit_once('@').map_or(url.as_str(), |(_, host)| host);
                skipped.push(Skipped::new(format!("server {shown}"), "no URL that can be requested"));
            }
        }
    }
    // The service under test is the one described, wherever else it runs.
    let prefix = prefix.or(foreign).unwrap_or_default();
    (prefix.trim_end_matches('/').to_owned(), skipped)
}

/// A server's URL, its variables replaced by their defaults.
fn url_of(server: &Value) -> Option<String> {
    let mut url = server["url"].as_str()?.to_owned();
    for (name, variable) in server["variables"].as_object().into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), variable["default"].as_str().unwrap_or_default());
    }
    Some(url)
}

struct OpenApi;

impl Dialect for OpenApi {
    fn value<'a>(&self, parameter: &'a Value) -> Result<Told<'a>, String> {
        if let Some((kind, media)) =
            parameter["content"].as_object().and_then(|content| content.iter().next())
        {
            let is_json = kind.contains("json");
            let style = if is_json { Style::Json } else { return Err(format!("it is written as {kind}")) };
            return Ok(Told { schema: schema(media), example: example(media), style, spread: None });
        }
        let place = parameter["in"].as_str().unwrap_or_default();
        let usual = if matches!(place, "query" | "cookie") { "form" } else { "simple" };
        let named = parameter["style"].as_str().unwrap_or(usual);
        let explode = parameter["explode"].as_bool().unwrap_or(named == "form");
        let (style, spread) = match (named, explode) {
            ("simple", _) | ("form", false) => (Style::Separated(","), None),
            ("form", true) => (Style::Exploded, Some(Spread::Fields)),
            ("deepObject", _) => (Style::Exploded, Some(Spread::Deep)),
            ("spaceDelimited", _) => (Style::Separated("%20"), None),
            ("pipeDelimited", _) => (Style::Separated("%7C"), None),
            (other, _) => return Err(format!("its style {other} is not known")),
        };
        Ok(Told { schema: schema(parameter), example: example(parameter), style, spread })
    }

    fn body(
        &self,
        library: &Library<'_>,
        operation: &Value,
        _: &[&Value],
    ) -> Result<Option<Payload>, String> {
        let Some(body) = operation.get("requestBody") else { return Ok(None) };
        let body = library.resolve(body)?;
        let content = body["content"].as_object().ok_or("its body has no content")?;
        let mut kinds: Vec<(&String, &Value)> = content.iter().collect();
        kinds.sort_by_key(|(kind, _)| preference(kind));
        let mut why = "its body has no content".to_owned();
        for (kind, media) in kinds {
            match payload(library, kind, media) {
                Ok(payload) => return Ok(Some(payload)),
                Err(error) => why = format!("body {kind}: {error}"),
            }
        }
        if body["required"] == true { Err(why) } else { Ok(None) }
    }

    fn scheme(&self, library: &Library<'_>, name: &str) -> Scheme {
        let described = &library.main()["components"]["securitySchemes"][name];
        let described = library.resolve(described).unwrap_or(&Value::Null);
        let is = |field: &str, word: &str| {
            described[field].as_str().is_some_and(|value| value.eq_ignore_ascii_case(word))
        };
        match described["type"].as_str() {
            Some("http") if is("scheme", "basic") => Scheme::Basic,
            Some("http") if is("scheme", "bearer") => Scheme::Bearer,
            Some("oauth2" | "openIdConnect") => Scheme::Bearer,
            Some("apiKey") => super::operation::api_key(described),
            _ => Scheme::Other(name.to_owned()),
        }
    }
}

fn schema(described: &Value) -> &Value {
    described.get("schema").unwrap_or(&Value::Bool(true))
}

fn example(described: &Value) -> Option<&Value> {
    let named = || described.get("examples")?.as_object()?.values().next()?.get("value");
    described.get("example").or_else(named)
}

/// JSON first: it is what most services read, and what a schema describes best.
fn preference(kind: &str) -> usize {
    let order = ["application/json", "json", "x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    order.iter().position(|known| kind.contains(known)).unwrap_or(order.len())
}

/// A body of a media type.
pub(super) fn payload(library: &Library<'_>, kind: &str, media: &Value) -> Result<Payload, String> {
    let form = form(library, schema(media), example(media))?;
    let is = |part: &str| kind.contains(part);
    let (media_type, value) = if is("json") || kind == "*/*" {
        (if is("json") { kind } else { "application/json" }.to_owned(), json(&form))
    } else if is("x-www-form-urlencoded") {
        (kind.to_owned(), urlencoded(&form))
    } else if is("multipart/") {
        (format!("multipart/form-data; boundary={BOUNDARY}"), multipart(&form))
    } else if is("text/") || is("octet-stream") || is("image/") {
        (kind.to_owned(), plain(&form))
    } else if let Some(text) = example(media).and_then(Value::as_str) {
        (kind.to_owned(), crate::endpoint::Variable::fixed(text))
    } else {
        return Err("no body of this type can be made without an example".to_owned());
    };
    Ok(Payload { media_type: Some(media_type), value, file: None })
}
