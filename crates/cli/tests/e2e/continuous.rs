//! A service that must not pause is judged while requests come.

use serde_json::Value;

use crate::drip::{PATIENCE, Scene, doubts, vector, words};

const OPTIONS: [&str; 11] = [
    "--continuous",
    "--users",
    "4",
    "--dose",
    "500ms",
    "--budget",
    "25s",
    "--assume-cache",
    "5MB",
    "--format",
    "json",
];

/// Judged where each answer keeps so many bytes.
fn judged(keeps: u32, code: i32) -> Value {
    let scene = Scene::new();
    scene.python(&format!(
        "kept = []\n\n\
         def answer(r):\n    {keeps} and kept.append(os.urandom({keeps}))\n    r.answer()\n\n\
         serve(answer)\n"
    ));
    let run = scene.start(&words("run", &[&OPTIONS], &crate::drip::APP));
    vector(&run.end_within(PATIENCE).exits(code).document()).clone()
}

#[test]
fn a_leak_is_found_without_rests_and_its_cause_left_open() {
    let vector = judged(20_000, 1);
    assert_eq!((&vector["verdict"], &vector["signal"]), (&"leaking".into(), &"anon".into()), "{vector:#}");
    let estimate = vector["perRequest"]["estimate"].as_f64().unwrap();
    assert!((16_000.0..24_000.0).contains(&estimate), "{vector:#}");
    assert!(doubts(&vector).contains(&"time-or-requests"), "{vector:#}");
    let stages: Vec<_> =
        vector["series"][0]["points"].as_array().unwrap().iter().map(|p| &p["stage"]).collect();
    assert!(stages.iter().all(|stage| ["baseline", "load"].contains(&stage.as_str().unwrap())), "{stages:?}");
}

#[test]
fn who_keeps_nothing_is_not_accused() {
    let vector = judged(0, 0);
    assert!(["steady", "settling"].contains(&vector["verdict"].as_str().unwrap()), "{vector:#}");
}

#[test]
fn several_paths_cannot_be_told_apart_without_rests() {
    let scene = Scene::new();
    let paths = ["--path", "/a", "--path", "/b"];
    let run = scene.start(&words("run", &[&OPTIONS, &paths], &crate::drip::APP));
    let ended = run.end_within(PATIENCE);
    ended.exits(2);
    assert!(ended.stderr.contains("--continuous judges one kind of request"), "{}", ended.stderr);
}
