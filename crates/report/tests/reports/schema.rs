//! The published schema.

use drip_report::schema;

use crate::samples;

const PUBLISHED: &str = include_str!("../../../../docs/schema/drip.report-1.schema.json");

#[test]
fn the_published_schema_is_the_one_that_the_types_make() {
    // Values, not text: another crate of the same build may switch serde_json to another order of keys.
    let published: serde_json::Value = serde_json::from_str(PUBLISHED).unwrap();
    assert!(published == schema::schema(), "{} is stale; regenerate it: cargo xtask generate", schema::PATH);
}

#[test]
fn every_sample_is_valid() {
    let validator = jsonschema::validator_for(&schema::schema()).unwrap();
    for (name, document) in samples::all() {
        let value = serde_json::to_value(&document).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn the_schema_refuses_what_a_reader_would_stumble_over() {
    let validator = jsonschema::validator_for(&schema::schema()).unwrap();
    let valid = serde_json::to_value(samples::by_name("steady")).unwrap();
    let changes = [
        ("schema", serde_json::json!("drip.report/2")),
        ("verdict", serde_json::json!("fine")),
        ("score", serde_json::json!(101)),
        ("vectors", serde_json::json!([{ "endpoint": "GET /" }])),
    ];
    for (name, value) in changes {
        let mut changed = valid.clone();
        changed[name] = value;
        assert!(!validator.is_valid(&changed), "{name}");
    }
}
