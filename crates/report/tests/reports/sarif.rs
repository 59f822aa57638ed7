//! SARIF, held against the schema that OASIS publishes and against what code scanning asks beyond it.

use drip_report::Document;
use drip_report::document::Location;
use serde_json::Value;

use crate::hostile::{self, rendered};
use crate::samples;

const SCHEMA: &str = include_str!("sarif-2.1.0.schema.json");

fn sarif(document: &Document) -> Value {
    serde_json::from_str(&rendered("sarif", document)).expect("SARIF is JSON")
}

fn result(document: &Document) -> Value {
    sarif(document)["runs"][0]["results"][0].clone()
}

fn leaking_at(file: &str, line: u32) -> Document {
    let mut document = samples::by_name("leaking-node");
    let holder = Some("requestLog".to_owned());
    document.findings[0].locations = vec![Location { file: file.into(), line, function: None, holder }];
    document
}

#[test]
fn every_sample_is_valid() {
    // A stray bracket in the published pattern of a language is an error to stricter readers of patterns.
    let schema = SCHEMA.replace("{2}]?$", "{2}$");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for (name, document) in hostile::and_all_samples() {
        let sarif = sarif(&document);
        let errors: Vec<_> = validator.iter_errors(&sarif).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn every_result_has_what_code_scanning_asks_for() {
    for (name, document) in samples::all() {
        let run = &sarif(&document)["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for rule in rules {
            for text in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
                assert!(rule.pointer(text).is_some_and(|text| text.as_str() != Some("")), "{name}: {text}");
            }
            assert!(rule["fullDescription"]["text"].as_str().unwrap().chars().count() <= 1024);
        }
        for result in run["results"].as_array().unwrap() {
            let index = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(rules[index]["id"], result["ruleId"], "{name}");
            let uri = result.pointer("/locations/0/physicalLocation/artifactLocation/uri");
            assert_eq!(uri.unwrap(), "server.js", "{name}");
            assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string(), "{name}");
        }
    }
}

#[test]
fn a_line_is_named_only_where_it_is_known() {
    assert_eq!(
        result(&samples::by_name("leaking-node")).pointer("/locations/0/physicalLocation/region"),
        None
    );
    let known = result(&leaking_at("src/leaky server.js", 5));
    let place = &known["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/leaky%20server.js");
    assert_eq!(place["region"], serde_json::json!({ "startLine": 5 }));
}

#[test]
fn what_has_no_place_is_told_without_a_result() {
    let mut document = samples::by_name("leaking-node");
    document.service.command = vec!["gunicorn".into(), "app:app".into()];
    let run = &sarif(&document)["runs"][0];
    assert_eq!(run["results"], serde_json::json!([]));
    let told = run.pointer("/invocations/0/toolExecutionNotifications/0/message/text").unwrap();
    assert!(told.as_str().unwrap().contains("DRIP001: GET /data kept 439 bytes"), "{told}");
}

#[test]
fn the_same_leak_keeps_its_fingerprint_and_another_one_has_its_own() {
    let of = |document: &Document| result(document)["partialFingerprints"].clone();
    let first = leaking_at("server.js", 5);
    let mut later = leaking_at("server.js", 9);
    later.findings[0].description = "GET /data kept 440 bytes".into();
    assert_eq!(of(&first), of(&later), "numbers and lines move");
    later.findings[0].endpoint = Some("GET /other".into());
    assert_ne!(of(&first), of(&later));
    // Written down: another version of Drip must make the same, or every alert is opened anew.
    assert_eq!(of(&first)["primaryLocationLineHash"], "6209d0aeb5df361d:1");
}

#[test]
fn severity_is_in_the_band_of_its_name() {
    for (name, band) in [("leaking-node", 7.0..9.0), ("crashed", 9.0..10.1), ("growing-with-time", 4.0..7.0)]
    {
        let sarif = sarif(&samples::by_name(name));
        let score = &sarif["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["security-severity"];
        let score: f64 = score.as_str().unwrap().parse().unwrap();
        assert!(band.contains(&score), "{name}: {score}");
    }
}

#[test]
fn hostile_text_makes_no_link_and_no_placeholder() {
    let message = result(&hostile::document())["message"]["text"].as_str().unwrap().to_owned();
    assert!(message.contains(r"\[owned\](javascript") && message.contains("{{0}}"), "{message}");
}
