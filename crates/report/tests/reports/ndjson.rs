//! Events, one for each line.

use serde_json::Value;

use crate::hostile::{self, rendered};
use crate::samples;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

#[test]
fn the_first_line_names_the_form_and_the_last_one_the_result() {
    for (name, document) in samples::all() {
        let lines = lines(&rendered("ndjson", &document));
        let (first, last) = (&lines[0], &lines[lines.len() - 1]);
        assert_eq!((&first["type"], &first["schema"]), (&"run".into(), &"drip.events/1".into()), "{name}");
        assert_eq!((&last["type"], &last["id"]), (&"result".into(), &first["id"]), "{name}");
        assert_eq!(last["verdict"], serde_json::to_value(document.verdict).unwrap(), "{name}");
        assert_eq!(of_type(&lines, "vector").len(), document.vectors.len(), "{name}");
        assert_eq!(of_type(&lines, "finding").len(), document.findings.len(), "{name}");
    }
}

#[test]
fn readings_come_in_the_order_of_time_and_name_their_vector() {
    let lines = lines(&rendered("ndjson", &samples::by_name("several")));
    let readings = of_type(&lines, "reading");
    assert!(readings.is_sorted_by(|a, b| a["atSeconds"].as_f64() <= b["atSeconds"].as_f64()));
    assert!(readings.iter().all(|reading| reading["vector"].as_u64().unwrap() < 3));
    let rested = readings.iter().filter(|reading| reading["vector"] == 1 && reading["of"] == "live_heap");
    assert_eq!(rested.count(), 18);
    assert!(of_type(&lines, "vector").iter().all(|vector| vector.get("series").is_none()));
}

#[test]
fn hostile_text_breaks_no_line() {
    assert_eq!(of_type(&lines(&rendered("ndjson", &hostile::document())), "result").len(), 1);
}
