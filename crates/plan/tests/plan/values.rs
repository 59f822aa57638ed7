//! The n-th request: the same for the same seed, another for each n, and always one that the schema allows.

use std::collections::HashSet;

use drip_plan::{Endpoint, Place};
use serde_json::{Value, json};

use crate::source::{described, fixture};

const MILLION: u64 = 1_000_000;

fn queried(schema: &Value) -> Endpoint {
    let description = json!({ "openapi": "3.1.0", "paths": { "/a": { "get": { "parameters": [
        { "name": "id", "in": "query", "required": true, "schema": schema } ] } } } });
    described(&description.to_string()).unwrap().endpoints.remove(0)
}

fn value(endpoint: &Endpoint, seed: u64, n: u64) -> String {
    let target = endpoint.template(&|place, _| place == Place::Query).render(seed, n).target;
    let text = String::from_utf8(target).unwrap();
    let (_, value) = text.split_once("?id=").unwrap();
    percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned()
}

#[test]
fn no_two_of_a_million_are_the_same() {
    for schema in [
        json!({ "type": "string" }),
        json!({ "type": "string", "format": "uuid" }),
        json!({ "type": "string", "format": "date-time" }),
        json!({ "type": "string", "format": "email" }),
        json!({ "type": "string", "pattern": "^[A-Z]{2}[0-9]{6}$" }),
        json!({ "type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "maxLength": 9 }),
        json!({ "type": "integer" }),
        json!({ "type": "number", "minimum": 0, "maximum": 2_000_000 }),
        json!({ "type": "integer", "minimum": -500_000, "maximum": 499_999 }),
    ] {
        let endpoint = queried(&schema);
        let template = endpoint.template(&|_, _| true);
        let all: HashSet<Vec<u8>> = (0..MILLION).map(|n| template.render(7, n).target).collect();
        assert_eq!(all.len() as u64, MILLION, "{schema}");
    }
}

#[test]
fn a_run_can_be_replayed_and_another_seed_is_another_run() {
    let endpoint = queried(&json!({ "type": "string", "format": "uuid" }));
    assert_eq!(value(&endpoint, 1, 5), value(&endpoint, 1, 5));
    assert_ne!(value(&endpoint, 1, 5), value(&endpoint, 1, 6));
    assert_ne!(value(&endpoint, 1, 5), value(&endpoint, 2, 5));
}

#[test]
fn a_text_of_any_format_is_one_by_the_validator() {
    let formats = [
        "uuid",
        "date",
        "time",
        "date-time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
    ];
    for format in formats {
        let schema = json!({ "type": "string", "format": format });
        let endpoint = queried(&schema);
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        for n in 0..2000 {
            let text = value(&endpoint, 3, n);
            assert!(validator.is_valid(&json!(text)), "{format}: {text}");
        }
    }
}

#[test]
fn bodies_satisfy_the_schema_that_they_were_made_from() {
    let text = std::fs::read_to_string(format!("{}/tests/fixtures/fastapi.json", env!("CARGO_MANIFEST_DIR")))
        .unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    schema["$ref"] = json!("#/components/schemas/Order");
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let endpoints = fixture("fastapi.json").endpoints;
    let orders = endpoints.iter().find(|endpoint| endpoint.label() == "POST /orders").unwrap();
    let mut different = HashSet::new();
    for n in 0..2000 {
        let body = orders.template(&|_, _| true).render(1, n).body.unwrap();
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert!(validator.is_valid(&value), "{value}: {:?}", validator.validate(&value).err());
        different.insert(value["id"].to_string());
    }
    assert_eq!(different.len(), 2000);
}

#[test]
fn a_listed_value_is_sent_as_often_as_the_others() {
    let endpoint = queried(&json!({ "enum": ["a", "b", "c"] }));
    let values: Vec<_> = (0..9).map(|n| value(&endpoint, 1, n)).collect();
    for word in ["a", "b", "c"] {
        assert_eq!(values.iter().filter(|value| *value == word).count(), 3, "{values:?}");
    }
}
