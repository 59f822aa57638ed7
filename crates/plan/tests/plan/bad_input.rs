//! Input that is wrong, hostile or huge: told, bounded, never a panic.

use std::fmt::Write as _;
use std::time::Instant;

use drip_plan::{DESCRIPTION_BYTES_MAX, choose, plan, read};

use crate::source::{described, fixture, listed, source};

#[track_caller]
fn refused(bytes: &[u8], words: &str) {
    let error = read(&source("x.json", bytes)).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn what_is_no_description_is_told() {
    refused(b"", "no description");
    refused(b"hello", "known are har, curl, http, openapi, swagger, postman");
    refused(b"<!DOCTYPE html><html></html>", "an HTML page");
    refused(b"{\"openapi\": \"4.0.0\"}", "version \"4.0.0\"");
    refused(b"{\"swagger\": \"1.2\"}", "version \"1.2\"");
    refused(b"{\"a\": [1}", "not valid JSON");
    refused(b"\xff\xfe{\x00", "not UTF-8");
    refused(b"{\"log\": {\"entries\": 5}}", "not a HAR");
}

#[test]
fn a_har_of_200_megabytes_is_refused_before_it_is_read() {
    let bytes = vec![b' '; 200 << 20];
    let started = Instant::now();
    refused(&bytes, "200 MiB are more than the 64 MiB that are read; a HAR without the bodies");
    assert!(started.elapsed().as_secs() < 1);
}

#[test]
fn a_har_near_the_bound_is_read_without_its_answers() {
    let mut text = "{\"log\": {\"entries\": [".to_owned();
    let body = "x".repeat(1 << 20);
    for number in 0..(DESCRIPTION_BYTES_MAX >> 20) - 1 {
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(
            text,
            "{comma}{{\"request\": {{\"method\": \"GET\", \"url\": \"http://localhost:3000/a{number}\", \"headers\": []}}, \
             \"response\": {{\"content\": {{\"text\": \"{body}\"}}}}}}"
        );
    }
    text.push_str("]}}");
    assert_eq!(read(&source("x.har", text.as_bytes())).unwrap().endpoints.len(), 63);
}

#[test]
fn an_operation_that_cannot_be_asked_is_skipped_and_the_others_are_not() {
    let text = r##"
openapi: 3.0.3
paths:
  /loop: { get: { parameters: [ { $ref: "#/components/parameters/a" } ] } }
  /outside: { get: { parameters: [ { $ref: "../../etc/passwd" } ] } }
  /foreign: { get: { parameters: [ { $ref: "http://example.com/x.yaml" } ] } }
  /never: { get: { parameters: [ { name: q, in: query, required: true, schema: { type: integer, minimum: 2, maximum: 1 } } ] } }
  /explodes: { get: { parameters: [ { name: q, in: query, required: true, schema: { type: string, pattern: "^((a{100}){100}){100}$" } } ] } }
  /optional: { get: { parameters: [ { name: q, in: query, schema: { type: string, pattern: "(?<=x)y" } } ] } }
  /fine: { get: {} }
  no-slash: { get: {} }
webhooks: { ping: {} }
components:
  parameters:
    a: { $ref: "#/components/parameters/b" }
    b: { $ref: "#/components/parameters/a" }
"##;
    insta::assert_snapshot!(listed(&described(text).unwrap()));
}

#[test]
fn ten_thousand_paths_are_planned_in_two_seconds() {
    let mut text = String::from("{\"openapi\": \"3.0.3\", \"paths\": {");
    for number in 0..10_000 {
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(
            text,
            r##"{comma}"/v1/things{number}/{{id}}": {{"get": {{"operationId": "getThing{number}", "parameters": [
               {{"name": "id", "in": "path", "required": true, "schema": {{"type": "string", "format": "uuid"}}}},
               {{"name": "q", "in": "query", "schema": {{"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "maxLength": 40}}}},
               {{"name": "page", "in": "query", "schema": {{"$ref": "#/components/schemas/Page"}}}}],
               "responses": {{"200": {{"description": "a thing", "content": {{"application/json": {{"schema": {{"type": "object"}}}}}}}}}}}}}}"##
        );
    }
    text.push_str(
        r#"}, "components": {"schemas": {"Page": {"type": "integer", "minimum": 1, "default": 1}}}}"#,
    );
    let started = on_processor();
    let description = read(&source("big.json", text.as_bytes())).unwrap();
    let plan = plan(&description.endpoints, &choose(&[]).unwrap(), false);
    let (elapsed, peak) = (on_processor() - started, peak_mebibytes());
    println!("{} vectors, {} skipped, {elapsed:.2} s, {peak} MiB", plan.vectors.len(), plan.skipped.len());
    assert_eq!(description.endpoints.len(), 10_000);
    assert!(elapsed < 2.0, "{elapsed} s");
}

/// Seconds that this thread had a processor: who waits for others has done nothing slow.
fn on_processor() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// Of this process, so it holds what other tests used too.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn secrets_of_a_record_are_sent_and_stand_in_no_reason() {
    for name in ["recorded.har", "collection.json", "requests.http", "curl.txt"] {
        let description = fixture(name);
        let sent = description.endpoints.iter().any(|endpoint| {
            let request = endpoint.template(&|_, _| false).render(0, 0);
            let all = request.headers.iter().map(|(_, value)| value).chain(&request.body);
            all.into_iter().any(|text| String::from_utf8_lossy(text).contains("s3cret"))
        });
        assert!(sent || name == "curl.txt", "{name}");
        let plan = plan(&description.endpoints, &choose(&["all".into()]).unwrap(), true);
        let told = description.skipped.iter().chain(&plan.skipped);
        let labels = plan.vectors.iter().map(|vector| vector.endpoint.clone());
        for text in told.map(|skipped| format!("{}: {}", skipped.what, skipped.why)).chain(labels) {
            assert!(!text.contains("s3cret"), "{name}: {text}");
        }
    }
}
