//! What OpenAPI and Swagger have in common: paths, operations, parameters, who may call.

use std::collections::BTreeSet;

use drip_model::Escape;
use serde_json::{Map, Value};

use crate::document::Library;
use crate::endpoint::{Description, Endpoint, Parameter, Payload, Scheme, Segment, Skipped};
use crate::schema::{Form, Style, form, parameter, unique_text};

const METHODS: [&str; 8] = ["get", "head", "options", "post", "put", "patch", "delete", "trace"];
/// Headers that a description must not define as parameters (OpenAPI 3.1, 4.8.12.2.1), and that we set ourselves.
const OUR_HEADERS: [&str; 5] = ["accept", "authorization", "content-type", "content-length", "host"];

/// Where OpenAPI 3 and Swagger 2 differ.
pub(super) trait Dialect {
    /// Schema, example and style of a parameter.
    fn value<'a>(&self, parameter: &'a Value) -> Result<Told<'a>, String>;
    /// The body of an operation.
    fn body(
        &self,
        library: &Library<'_>,
        operation: &Value,
        parameters: &[&Value],
    ) -> Result<Option<Payload>, String>;
    /// The scheme of that name.
    fn scheme(&self, library: &Library<'_>, name: &str) -> Scheme;
}

/// What a description tells of a parameter's value.
pub(super) struct Told<'a> {
    pub(super) schema: &'a Value,
    pub(super) example: Option<&'a Value>,
    pub(super) style: Style,
    /// How the fields of an object become parameters of their own, where they do.
    pub(super) spread: Option<Spread>,
}

/// Under which name the field of an object is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// `field`
    Fields,
    /// `name[field]`
    Deep,
}

/// Reads all operations.
pub(super) fn operations(library: &Library<'_>, dialect: &dyn Dialect, prefix: &str) -> Description {
    let mut walk = Walk { library, dialect, prefix, out: Description::default() };
    for (path, item) in library.main()["paths"].as_object().into_iter().flatten() {
        walk.path(path, item);
    }
    walk.out
}

struct Walk<'a> {
    library: &'a Library<'a>,
    dialect: &'a dyn Dialect,
    prefix: &'a str,
    out: Description,
}

impl Walk<'_> {
    fn path(&mut self, path: &str, item: &Value) {
        if !path.starts_with('/') {
            if !path.starts_with("x-") {
                self.out.skipped.push(Skipped::new(path, "a path begins with /"));
            }
            return;
        }
        let item = match self.library.resolve(item) {
            Ok(item) => item,
            Err(why) => return self.out.skipped.push(Skipped::new(path, why)),
        };
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            match self.operation(path, method, item, operation) {
                Ok(endpoint) => self.out.endpoints.push(endpoint),
                Err(why) => {
                    let label = format!("{} {}{path}", method.to_uppercase(), self.prefix);
                    self.out.skipped.push(Skipped::new(label, why));
                }
            }
        }
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        item: &Value,
        operation: &Value,
    ) -> Result<Endpoint, String> {
        let path = format!("{}{path}", self.prefix);
        let parameters = parameters(self.library, item, operation)?;
        let mut endpoint = Endpoint {
            method: method.to_uppercase(),
            segments: self.segments(&path, &parameters)?,
            name: operation["operationId"].as_str().map(ToOwned::to_owned),
            wants: self.wants(operation),
            path,
            ..Endpoint::default()
        };
        for described in &parameters {
            self.place(&mut endpoint, described)?;
        }
        endpoint.body = self.dialect.body(self.library, operation, &parameters)?;
        Ok(endpoint)
    }

    /// Adds a parameter. One that nobody demands and that cannot be made is left out and said.
    fn place(&mut self, endpoint: &mut Endpoint, described: &Value) -> Result<(), String> {
        let name = described["name"].as_str().unwrap_or_default();
        let place = described["in"].as_str().unwrap_or_default();
        let is_ours = place == "header" && OUR_HEADERS.iter().any(|ours| name.eq_ignore_ascii_case(ours));
        if is_ours || !matches!(place, "query" | "header" | "cookie") {
            return Ok(());
        }
        let required = described["required"] == true;
        let found = match self.values(described, name, place) {
            Ok(found) => found,
            Err(why) if required => return Err(format!("{place} parameter {name}: {why}")),
            Err(why) => {
                let what = format!("{}, {place} parameter {name}", endpoint.label());
                self.out.skipped.push(Skipped::new(what, why));
                return Ok(());
            }
        };
        match place {
            "query" => endpoint.query.extend(found),
            "header" => endpoint.headers.extend(found),
            _ => endpoint.cookies.extend(found),
        }
        Ok(())
    }

    fn values(&self, described: &Value, name: &str, place: &str) -> Result<Vec<Parameter>, String> {
        let told = self.dialect.value(described)?;
        let mut form = form(self.library, told.schema, told.example)?;
        if place == "query" && !is_id(name) {
            form.keep_numbers();
        }
        let escape = if place == "header" { Escape::Plain } else { Escape::Url };
        // An optional parameter with an example is sent, since its author thought that it belongs there.
        let always = described["required"] == true || told.example.is_some();
        let one = |name: String, form: &Form| Parameter {
            value: parameter(form, &name, told.style, escape),
            name: if place == "header" { name } else { encoded(&name) },
            always,
        };
        match (&form, told.spread) {
            (Form::Record(fields), Some(spread)) => {
                let named = |field: &str| match spread {
                    Spread::Fields => field.to_owned(),
                    Spread::Deep => format!("{name}[{field}]"),
                };
                Ok(fields.iter().map(|(field, form)| one(named(field), form)).collect())
            }
            _ => Ok(vec![one(name.to_owned(), &form)]),
        }
    }

    fn segments(&self, path: &str, parameters: &[&Value]) -> Result<Vec<Segment>, String> {
        let (mut segments, mut rest) = (Vec::new(), path);
        while let Some((before, name, after)) = next_name(rest) {
            if !before.is_empty() {
                segments.push(Segment::Fixed(path_text(before)));
            }
            segments.push(Segment::Free(self.path_parameter(name, parameters)?));
            rest = after;
        }
        if !rest.is_empty() {
            segments.push(Segment::Fixed(path_text(rest)));
        }
        Ok(segments)
    }

    fn path_parameter(&self, name: &str, parameters: &[&Value]) -> Result<Parameter, String> {
        let fault = |why| format!("path parameter {name}: {why}");
        let described = parameters.iter().find(|other| other["in"] == "path" && other["name"] == name);
        let value = match described {
            None => parameter(&Form::free(unique_text()), name, Style::Separated(","), Escape::Url),
            Some(described) => {
                let told = self.dialect.value(described).map_err(fault)?;
                let form = form(self.library, told.schema, told.example).map_err(fault)?;
                parameter(&form, name, told.style, Escape::Url)
            }
        };
        if value.usual.0.is_empty() {
            return Err(fault("its value is empty".to_owned()));
        }
        Ok(Parameter { name: name.to_owned(), always: true, value })
    }

    /// Whoever may call without credentials needs none.
    fn wants(&self, operation: &Value) -> Vec<Scheme> {
        let demands = operation.get("security").unwrap_or(&self.library.main()["security"]);
        let alternatives: Vec<&Map<String, Value>> =
            demands.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
        if alternatives.iter().any(|names| names.is_empty()) {
            return Vec::new();
        }
        let names: BTreeSet<&String> = alternatives.into_iter().flat_map(Map::keys).collect();
        let schemes: BTreeSet<Scheme> =
            names.into_iter().map(|name| self.dialect.scheme(self.library, name)).collect();
        schemes.into_iter().collect()
    }
}

/// The operation's own parameters replace those of its path.
fn parameters<'a>(
    library: &'a Library<'_>,
    item: &'a Value,
    operation: &'a Value,
) -> Result<Vec<&'a Value>, String> {
    let listed = |value: &'a Value| value["parameters"].as_array().into_iter().flatten();
    let mut all: Vec<&Value> = Vec::new();
    for parameter in listed(item).chain(listed(operation)) {
        let found = library.resolve(parameter)?;
        all.retain(|other| (&other["name"], &other["in"]) != (&found["name"], &found["in"]));
        all.push(found);
    }
    Ok(all)
}

/// Whether a name says that its number is a key, and not a measure of how much to answer.
fn is_id(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["id", "ids", "no", "number", "key"].iter().any(|ending| name.ends_with(ending))
}

fn next_name(path: &str) -> Option<(&str, &str, &str)> {
    let open = path.find('{')?;
    let close = open + path[open..].find('}')?;
    Some((&path[..open], &path[open + 1..close], &path[close + 1..]))
}

/// The fixed part of a path, with what must not stand there encoded.
fn path_text(text: &str) -> String {
    let mut out = Vec::new();
    for c in text.chars() {
        match c {
            // What may stand in a path (RFC 3986, 3.3), slashes and what is encoded already.
            '!' | '$' | '%' | '&'..=';' | '=' | '@' => out.push(c as u8),
            c => Escape::Url.write(c.encode_utf8(&mut [0; 4]), &mut out),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A name in a query.
fn encoded(name: &str) -> String {
    let mut out = Vec::new();
    Escape::Url.write(name, &mut out);
    String::from_utf8(out).expect("percent-encoded text is ASCII")
}

/// The scheme of an API key, which is described the same in both.
pub(super) fn api_key(described: &Value) -> Scheme {
    let name = described["name"].as_str().unwrap_or_default().to_owned();
    let known = ["header", "query", "cookie"].into_iter().find(|place| described["in"] == *place);
    match known {
        Some(place) => Scheme::ApiKey { place, name },
        None => Scheme::Other(format!("API key {name}")),
    }
}
