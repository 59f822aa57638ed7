//! Swagger 2.0, the older sibling of OpenAPI: parameters carry their schema themselves, the body is one of them.

use serde_json::{Map, Value};

use super::operation::{Dialect, Told, api_key, operations};
use super::{Format, Home, Opened, openapi};
use crate::document::Library;
use crate::endpoint::{Description, Payload, Scheme, Skipped};
use crate::schema::Style;

pub(super) const FORMAT: Format = Format {
    name: "swagger",
    about: "Swagger 2.0, as JSON or YAML",
    sniff: |opened| opened.tree().is_ok_and(|tree| tree["swagger"] == "2.0" || tree["swagger"] == 2.0),
    read,
};

fn read(opened: Opened<'_>) -> Result<Description, String> {
    let source = opened.source;
    let library = Library::new(&source.base, opened.into_tree()?, &source.fetched);
    let prefix = library.main()["basePath"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
    let mut description = operations(&library, &Swagger, &prefix);
    if let Some(host) = foreign_host(library.main(), &source.home) {
        description.skipped.insert(0, host);
    }
    Ok(Description { wanted: library.wanted(), ..description })
}

fn foreign_host(tree: &Value, home: &Home) -> Option<Skipped> {
    let host = tree["host"].as_str()?;
    let scheme = tree["schemes"][0].as_str().unwrap_or("http");
    let known = crate::address(&format!("{scheme}://{host}"));
    let foreign = !known.is_ok_and(|address| home.is(&address.origin));
    foreign.then(|| Skipped::new(format!("host {host}"), "load goes only to the service that was named"))
}

struct Swagger;

impl Dialect for Swagger {
    fn value<'a>(&self, parameter: &'a Value) -> Result<Told<'a>, String> {
        let style = match parameter["collectionFormat"].as_str().unwrap_or("csv") {
            "multi" => Style::Exploded,
            "ssv" => Style::Separated("%20"),
            "tsv" => Style::Separated("%09"),
            "pipes" => Style::Separated("%7C"),
            _ => Style::Separated(","),
        };
        let example = parameter.get("x-example").or_else(|| parameter.get("default"));
        Ok(Told { schema: parameter, example, style, spread: None })
    }

    fn body(
        &self,
        library: &Library<'_>,
        operation: &Value,
        parameters: &[&Value],
    ) -> Result<Option<Payload>, String> {
        let consumes = operation.get("consumes").unwrap_or(&library.main()["consumes"]);
        let kinds: Vec<&str> = consumes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if let Some(body) = parameters.iter().find(|parameter| parameter["in"] == "body") {
            let json = kinds.iter().copied().find(|kind| kind.contains("json"));
            let kind = json.or_else(|| kinds.first().copied()).unwrap_or("application/json");
            return optional(openapi::payload(library, kind, body), body["required"] == true);
        }
        let fields: Vec<&Value> =
            parameters.iter().copied().filter(|parameter| parameter["in"] == "formData").collect();
        if fields.is_empty() {
            return Ok(None);
        }
        let has_file = fields.iter().any(|field| field["type"] == "file");
        let urlencoded = "application/x-www-form-urlencoded";
        let kind = if has_file || !kinds.contains(&urlencoded) && !kinds.is_empty() {
            "multipart/form-data"
        } else {
            urlencoded
        };
        openapi::payload(library, kind, &record(&fields)).map(Some)
    }

    fn scheme(&self, library: &Library<'_>, name: &str) -> Scheme {
        let described = &library.main()["securityDefinitions"][name];
        match described["type"].as_str() {
            Some("basic") => Scheme::Basic,
            Some("oauth2") => Scheme::Bearer,
            Some("apiKey") => api_key(described),
            _ => Scheme::Other(name.to_owned()),
        }
    }
}

fn optional(payload: Result<Payload, String>, required: bool) -> Result<Option<Payload>, String> {
    match payload {
        Err(why) if required => Err(format!("body: {why}")),
        payload => Ok(payload.ok()),
    }
}

/// The fields of a form as one schema.
fn record(fields: &[&Value]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in fields {
        let name = field["name"].as_str().unwrap_or_default();
        let mut schema = (*field).clone();
        if field["type"] == "file" {
            schema = serde_json::json!({ "type": "string", "format": "binary" });
        }
        if field["required"] == true {
            required.push(Value::from(name));
        }
        // In a schema, `required` is a list of names.
        schema.as_object_mut().and_then(|schema| schema.remove("required"));
        properties.insert(name.to_owned(), schema);
    }
    serde_json::json!({ "schema": { "type": "object", "properties": properties, "required": required } })
}
