//! Postman collections, format 2.1 (2.0 reads the same). Scripts are not run, and said to be there.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::recorded::{Recorded, RecordedBody, distinct, field};
use super::variables::Variables;
use super::{Format, Opened};
use crate::address;
use crate::endpoint::{Description, Endpoint, Skipped};
use crate::schema::Form;

/// Folders within folders.
const NESTING_MAX: usize = 32;

pub(super) const FORMAT: Format = Format {
    name: "postman",
    about: "a Postman collection 2.1",
    sniff: |opened| {
        let schema =
            |tree: &Value| tree["info"]["schema"].as_str().is_some_and(|name| name.contains("collection"));
        opened.tree().is_ok_and(|tree| tree["item"].is_array() && (schema(tree) || tree["info"].is_object()))
    },
    read,
};

fn read(opened: Opened<'_>) -> Result<Description, String> {
    let tree = opened.tree()?;
    let pairs = tree["variable"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|variable| Some((variable["key"].as_str()?.to_owned(), scalar(&variable["value"])?)));
    let mut walk =
        Walk { opened: &opened, variables: Variables(pairs.collect()), out: Description::default() };
    walk.scripts("the collection", tree);
    walk.items(&tree["item"], tree.get("auth"), "", 0);
    Ok(distinct(walk.out))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

struct Walk<'a> {
    opened: &'a Opened<'a>,
    variables: Variables,
    out: Description,
}

impl Walk<'_> {
    fn items(&mut self, items: &Value, auth: Option<&Value>, folder: &str, depth: usize) {
        for item in items.as_array().into_iter().flatten() {
            let name = format!("{folder}{}", item["name"].as_str().unwrap_or("a request without a name"));
            self.scripts(&name, item);
            let auth = item["request"].get("auth").or_else(|| item.get("auth")).or(auth);
            if item["item"].is_array() && depth < NESTING_MAX {
                self.items(&item["item"], auth, &format!("{name} / "), depth + 1);
                continue;
            }
            match self.request(&name, &item["request"], auth) {
                Ok(endpoint) => self.out.endpoints.push(endpoint),
                Err(why) => self.out.skipped.push(Skipped::new(name, why)),
            }
        }
    }

    fn scripts(&mut self, name: &str, item: &Value) {
        for event in item["event"].as_array().into_iter().flatten() {
            let lines = &event["script"]["exec"];
            let is_empty = |line: &Value| line.as_str().is_none_or(|line| line.trim().is_empty());
            let nothing =
                lines.as_array().map_or_else(|| is_empty(lines), |lines| lines.iter().all(is_empty));
            if !nothing {
                let kind = event["listen"].as_str().unwrap_or("a");
                self.out
                    .skipped
                    .push(Skipped::new(format!("{kind} script of {name}"), "scripts are not run"));
            }
        }
    }

    fn request(&self, name: &str, request: &Value, auth: Option<&Value>) -> Result<Endpoint, String> {
        let url =
            request.as_str().or_else(|| request["url"].as_str()).or_else(|| request["url"]["raw"].as_str());
        let url = self.url(url.ok_or("it has no URL")?, &request["url"])?;
        let mut headers = Vec::new();
        for header in
            request["header"].as_array().into_iter().flatten().filter(|pair| pair["disabled"] != true)
        {
            let text = |part: &str| self.variables.fill(header[part].as_str().unwrap_or_default());
            headers.push((text("key")?, text("value")?));
        }
        let mut target = url;
        self.authorize(auth.unwrap_or(&Value::Null), &mut headers, &mut target)?;
        let recorded = Recorded {
            name: Some(name.to_owned()),
            method: request["method"].as_str().unwrap_or("GET").to_owned(),
            target,
            headers,
            body: self.body(&request["body"])?,
        };
        Ok(recorded.endpoint())
    }

    /// Path and query; a host that is a variable without a value is the service under test.
    fn url(&self, raw: &str, parts: &Value) -> Result<String, String> {
        let filled = match raw.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
            Some((host, path)) if !self.variables.0.contains_key(host) => self.variables.fill(path)?,
            _ => self.variables.fill(raw)?,
        };
        let mut target = own_target(&filled, self.opened)?;
        for variable in parts["variable"].as_array().into_iter().flatten() {
            let (Some(key), Some(value)) = (variable["key"].as_str(), scalar(&variable["value"])) else {
                continue;
            };
            let value = self.variables.fill(&value)?;
            target = replace_segment(&target, key, &value);
        }
        Ok(target)
    }

    fn body(&self, body: &Value) -> Result<Option<RecordedBody>, String> {
        let text = |media_type: &str, text: String| {
            Ok(Some(RecordedBody::Text { media_type: Some(media_type.to_owned()), text }))
        };
        match body["mode"].as_str() {
            Some("raw") => {
                let filled = self.variables.fill(body["raw"].as_str().unwrap_or_default())?;
                let is_json = body["options"]["raw"]["language"] == "json";
                text(if is_json { "application/json" } else { "text/plain" }, filled)
            }
            Some("urlencoded") => {
                let form = Form::Record(self.fields(&body["urlencoded"])?);
                let written = crate::schema::urlencoded(&form).usual_bytes();
                text("application/x-www-form-urlencoded", String::from_utf8_lossy(&written).into_owned())
            }
            Some("formdata") => {
                Ok(Some(RecordedBody::Multipart(Form::Record(self.fields(&body["formdata"])?))))
            }
            Some("graphql") => {
                let graphql = &body["graphql"];
                let variables = self.variables.fill(graphql["variables"].as_str().unwrap_or("{}"))?;
                let variables: Value = serde_json::from_str(&variables).unwrap_or(Value::Null);
                text(
                    "application/json",
                    serde_json::json!({ "query": graphql["query"], "variables": variables }).to_string(),
                )
            }
            Some(other) => Err(format!("its body is a {other}, which is not in the collection")),
            None => Ok(None),
        }
    }

    fn fields(&self, fields: &Value) -> Result<Vec<(String, Form)>, String> {
        let enabled = fields.as_array().into_iter().flatten().filter(|field| field["disabled"] != true);
        let read = |described: &Value| {
            let name = self.variables.fill(described["key"].as_str().unwrap_or_default())?;
            let value = self.variables.fill(described["value"].as_str().unwrap_or_default())?;
            let form = if described["type"] == "file" { Form::file() } else { field(&name, &value) };
            Ok((name, form))
        };
        enabled.map(read).collect()
    }

    fn authorize(
        &self,
        auth: &Value,
        headers: &mut Vec<(String, String)>,
        target: &mut String,
    ) -> Result<(), String> {
        let kind = auth["type"].as_str().unwrap_or("noauth");
        let given = pairs(&auth[kind]);
        let get = |name: &str| self.variables.fill(given.get(name).map_or("", String::as_str));
        let mut header = |name: &str, value: String| headers.push((name.to_owned(), value));
        match kind {
            "noauth" => {}
            "bearer" => header("Authorization", format!("Bearer {}", get("token")?)),
            "oauth2" => header("Authorization", format!("Bearer {}", get("accessToken")?)),
            "basic" => {
                let pair = format!("{}:{}", get("username")?, get("password")?);
                header("Authorization", format!("Basic {}", STANDARD.encode(pair)));
            }
            "apikey" if given.get("in").is_some_and(|place| place == "query") => {
                let separator = if target.contains('?') { '&' } else { '?' };
                *target = format!("{target}{separator}{}={}", get("key")?, get("value")?);
            }
            "apikey" => header(&get("key")?, get("value")?),
            other => return Err(format!("its authorization {other} is not known")),
        }
        Ok(())
    }
}

/// `[{key, value}]` in 2.1, an object in 2.0.
fn pairs(value: &Value) -> BTreeMap<String, String> {
    let listed = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|pair| Some((pair["key"].as_str()?.to_owned(), scalar(&pair["value"])?)));
    let named = value.as_object().into_iter().flatten();
    listed.chain(named.filter_map(|(key, value)| Some((key.clone(), scalar(value)?)))).collect()
}

/// Path and query of a URL of the service under test, or why it is not one.
pub(super) fn own_target(url: &str, opened: &Opened<'_>) -> Result<String, String> {
    if url.is_empty() || url.starts_with(['/', '?']) {
        return Ok(if url.starts_with('/') { url.to_owned() } else { format!("/{url}") });
    }
    let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let address = address(&whole).map_err(|_| "its URL cannot be requested".to_owned())?;
    if !opened.source.home.is(&address.origin) {
        return Err(format!("it goes to {}; load goes only to the service that was named", address.origin));
    }
    Ok(if address.path.is_empty() { "/".to_owned() } else { address.path })
}

/// `:name` as a whole segment.
fn replace_segment(target: &str, name: &str, value: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let replaced: Vec<&str> =
        path.split('/').map(|part| if part.strip_prefix(':') == Some(name) { value } else { part }).collect();
    let path = replaced.join("/");
    query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"))
}
