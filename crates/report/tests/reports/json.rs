//! The document on its way out and back.

use drip_report::{Look, REPORTERS, ReadError, Reporter, SCHEMA, by_name, json, read};

use crate::samples;

fn written(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let document = samples::by_name(name);
    json::Json.write(&document, &Look::default(), &mut out).expect("memory can be written to");
    out
}

#[test]
fn what_was_written_is_read_back_unchanged() {
    for (name, document) in samples::all() {
        assert_eq!(read(&written(name)).unwrap(), document, "{name}");
    }
}

#[test]
fn the_file_ends_with_one_line_break_and_is_for_human_eyes_too() {
    let text = String::from_utf8(written("steady")).unwrap();
    assert!(text.starts_with("{\n  \"schema\": \"drip.report/1\",\n  \"id\": "), "{}", &text[..60]);
    assert!(text.ends_with("}\n") && !text.ends_with("\n\n"));
}

#[test]
fn the_promised_names_are_there() {
    let document: serde_json::Value = serde_json::from_slice(&written("leaking-node")).unwrap();
    let check = |pointer: &str, expected: serde_json::Value| {
        assert_eq!(document.pointer(pointer), Some(&expected), "{pointer}");
    };
    check("/schema", SCHEMA.into());
    check("/status", "completed".into());
    check("/url", "http://127.0.0.1:8080".into());
    check("/verdict", "leaking".into());
    check("/score", 65.into());
    check("/grade", "D".into());
    check("/gradeBasis", "memory".into());
    check("/scoring", 1.into());
    check("/createdAt", "2026-09-21T14:13:20.123Z".into());
    check("/vectors/0/endpoint", "GET /data".into());
    check("/vectors/0/pattern", "repeated".into());
    check("/vectors/0/signal", "live_heap".into());
    check("/vectors/0/unit", "bytes".into());
    check("/vectors/0/requests", 41_200.into());
    check("/vectors/0/perRequest/estimate", 439.2.into());
    check("/vectors/0/smallestDetectable", 35.0.into());
    check("/vectors/0/toLimit/limitBytes", 271_581_184.into());
    check("/vectors/0/toLimit/requests", 618_374.into());
    check("/vectors/0/toLimit/ratePerSecond", 10.0.into());
    check("/vectors/0/toLimit/seconds", 61_837.into());
    check("/vectors/0/series/0/points/1/stage", "warm-up".into());
    check("/findings/0/id", "DRIP001".into());
    check("/findings/0/severity", "high".into());
    check("/findings/0/cwe", serde_json::json!(["CWE-401", "CWE-772"]));
    check("/findings/0/locations", serde_json::json!([]));
    check("/footprint/peakRssBytes", 14_000_000.into());
}

#[test]
fn small_counts_survive_rounding() {
    let rate = samples::by_name("descriptors").vectors[0].per_request.unwrap();
    assert_eq!((rate.low, rate.estimate, rate.high), (0.0118, 0.0124, 0.013));
}

#[test]
fn nothing_measured_has_no_grade_and_infinity_is_left_out() {
    let document: serde_json::Value = serde_json::from_slice(&written("partial")).unwrap();
    for absent in ["/score", "/grade", "/gradeBasis", "/vectors/0/smallestDetectable"] {
        assert_eq!(document.pointer(absent), None, "{absent}");
    }
}

#[test]
fn a_long_series_is_thinned_and_says_so() {
    let document = samples::by_name("leaking-node");
    let sampled = &document.vectors[0].series[1];
    assert_eq!((sampled.readings, sampled.points.len()), (1_500, 600));
    assert_eq!((sampled.missed, sampled.gaps.len()), (1, 1));
}

#[track_caller]
fn check_refused(bytes: &[u8], expected: &str) {
    let error = read(bytes).expect_err("it is no report").to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_is_no_report_is_refused_by_name() {
    check_refused(
        br#"{"schema": "drip.report/2", "whatever": 1}"#,
        "`drip.report/2`, and only `drip.report/1`",
    );
    check_refused(br#"{"schema": "drip.report/1"}"#, "but is not: missing field");
    check_refused(br#"{"version": 3}"#, "not a drip report");
    check_refused(br#"{"schema": 7}"#, "not a drip report");
    check_refused(b"[]", "not a drip report");
    check_refused(b"3", "not a drip report");
    check_refused(b"", "not JSON");
    check_refused(br#"{"schema": "drip.report/1", "id": "#, "ends in the middle, at line 1");
    check_refused(b"LEAKING: GET /data", "not JSON");
}

#[test]
fn a_hostile_name_is_shortened() {
    let bytes = format!(r#"{{"schema": "{}"}}"#, "x".repeat(10_000));
    let Err(ReadError::OtherSchema { found }) = read(bytes.as_bytes()) else { panic!("it was read") };
    assert_eq!(found.len(), 60);
}

#[test]
fn every_format_is_found_by_its_own_name() {
    for reporter in REPORTERS {
        assert_eq!(by_name(reporter.name()).unwrap().media_type(), reporter.media_type());
    }
    assert!(by_name("papyrus").is_none());
}
