//! Each format by an example of it; the snapshots hold every request that it leads to.

use std::collections::BTreeMap;

use drip_model::{Origin, Scheme};
use drip_plan::{Base, Home, Source, read};

use crate::source::{described, fixture, listed};

#[test]
fn what_fastapi_writes() {
    insta::assert_snapshot!(listed(&fixture("fastapi.json")));
}

#[test]
fn what_fastify_writes() {
    insta::assert_snapshot!(listed(&fixture("fastify.json")));
}

#[test]
fn swagger() {
    insta::assert_snapshot!(listed(&fixture("swagger.yaml")));
}

#[test]
fn har() {
    insta::assert_snapshot!(listed(&fixture("recorded.har")));
}

#[test]
fn postman() {
    insta::assert_snapshot!(listed(&fixture("collection.json")));
}

#[test]
fn http_file() {
    insta::assert_snapshot!(listed(&fixture("requests.http")));
}

#[test]
fn curl() {
    insta::assert_snapshot!(listed(&fixture("curl.txt")));
}

#[test]
fn parameters_are_written_in_their_style() {
    let text = r"
openapi: 3.1.0
servers: [{ url: /api }]
paths:
  /a b/{ids}:
    get:
      parameters:
        - { name: ids, in: path, required: true, schema: { type: array, minItems: 2, items: { type: integer } } }
        - { name: tags, in: query, required: true, schema: { type: array, example: [x, y] } }
        - { name: one, in: query, explode: false, required: true, schema: { type: array, example: [x, y] } }
        - { name: pipes, in: query, style: pipeDelimited, required: true, schema: { example: [x, y] } }
        - { name: deep, in: query, style: deepObject, required: true, schema: { example: { k: v } } }
        - { name: spread, in: query, required: true, schema: { example: { k2: v2 } } }
        - { name: json, in: query, required: true, content: { application/json: { schema: { example: { j: 1 } } } } }
        - { name: sid, in: cookie, required: true, schema: { const: abc } }
        - { name: odd, in: query, style: odd, schema: { type: string } }
        - { name: Authorization, in: header, required: true, schema: { type: string } }
";
    insta::assert_snapshot!(listed(&described(text).unwrap()));
}

#[test]
fn a_description_of_several_documents_asks_for_them_and_is_then_whole() {
    let text = "openapi: 3.0.0\npaths:\n  /a: { $ref: 'paths/a.yaml' }\n";
    let origin = Origin { scheme: Scheme::Http, host: "127.0.0.1".into(), port: 3000 };
    let base = Base::Url { origin: origin.clone(), path: "/docs/openapi.yaml".into() };
    let mut source = Source {
        name: "a",
        bytes: text.as_bytes(),
        base,
        home: Home::Origin(origin),
        fetched: BTreeMap::new(),
    };
    assert_eq!(read(&source).unwrap().wanted, ["/docs/paths/a.yaml"]);
    let path = "get: { parameters: [ { name: q, in: query, required: true, schema: { $ref: '../openapi.yaml#/x' } } ] }";
    source.fetched.insert("/docs/paths/a.yaml".into(), path.into());
    let found = read(&source).unwrap();
    assert!(found.wanted.is_empty());
    assert!(found.endpoints.is_empty() && found.skipped[0].why.contains("leads to nothing"), "{found:?}");
}

#[test]
fn the_official_description_of_a_cloud_is_read_whole() {
    let Some(path) = std::env::var_os("DRIP_DESCRIPTION") else {
        eprintln!("skipped: DRIP_DESCRIPTION names no description of DigitalOcean");
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let found = read(&crate::source::source("do.yaml", &bytes)).unwrap();
    println!("{}", listed(&found));
    let reasons: Vec<_> = found.skipped.iter().map(|skipped| skipped.why.as_str()).collect();
    assert_eq!(reasons, ["load goes only to the service that was named"], "only its own host is left out");
    assert_eq!(found.endpoints.len(), 57);
}
