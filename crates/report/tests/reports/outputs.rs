//! Values for the next step of a build.

use crate::hostile::{self, rendered};
use crate::samples;

const NAMES: [&str; 6] =
    ["verdict", "score", "grade", "findings-count", "leaking-endpoint", "bytes-per-request"];

fn names(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split_once('=').expect("name=value").0).collect()
}

#[test]
fn a_leak_is_told_in_six_values() {
    let text = rendered("outputs", &samples::by_name("leaking-node"));
    assert_eq!(names(&text), NAMES);
    assert!(text.starts_with("verdict=leaking\nscore="), "{text}");
    assert!(text.contains("\nleaking-endpoint=GET /data\nbytes-per-request=439"), "{text}");
}

#[test]
fn what_is_not_there_is_empty_and_text_from_outside_begins_no_line() {
    let text = rendered("outputs", &samples::by_name("unclear-cache"));
    assert!(text.ends_with("leaking-endpoint=\nbytes-per-request=\n"), "{text}");
    assert_eq!(names(&rendered("outputs", &hostile::document())), NAMES);
}
