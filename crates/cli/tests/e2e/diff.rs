//! Two results side by side, and gates on what is new.

use serde_json::{Value, json};

use crate::drip::{BRIEF, Scene, saved};

/// A service of which one path is asked, with results of the given verdicts made from a real one.
fn results(scene: &Scene, files: &[(&str, &str, f64)]) {
    scene.run_app(&[&["-o", "real.json"], &BRIEF]);
    let real = saved(&scene.path("real.json"));
    for (name, verdict, rate) in files {
        scene.write(name, serde_json::to_vec(&with(&real, verdict, *rate)).unwrap());
    }
}

fn with(real: &Value, verdict: &str, rate: f64) -> Value {
    let mut document = real.clone();
    document["verdict"] = json!(verdict);
    let vector = &mut document["vectors"][0];
    vector["verdict"] = json!(verdict);
    vector["signal"] = json!("live_heap");
    vector["perRequest"] = json!({ "low": rate * 0.9, "estimate": rate, "high": rate * 1.1, "level": 0.99 });
    document
}

#[test]
fn new_worse_and_fixed_are_told_and_only_then_a_gate_fails() {
    let scene = Scene::answering("r.answer()");
    results(
        &scene,
        &[
            ("calm", "steady", 0.0),
            ("leak", "leaking", 400.0),
            ("same", "leaking", 420.0),
            ("more", "leaking", 600.0),
        ],
    );
    let diff = |old: &str, new: &str| scene.drip(&["diff", old, new, "--fail-on", "new"]);
    diff("calm", "leak").exits(1).prints(&["WORSE: ", "NEW  GET / (repeated): leaking; was steady"]);
    diff("leak", "more").exits(1).prints(&["WORSE  GET / (repeated): leaking; 540 to 660 bytes"]);
    diff("leak", "same").exits(0).prints(&["UNCHANGED: ", "KNOWN  GET / (repeated): leaking"]);
    diff("leak", "calm").exits(0).prints(&["BETTER: ", "FIXED  GET / (repeated): steady; was leaking"]);
    scene.drip(&["diff", "calm", "leak"]).exits(0);
}

#[test]
fn a_difference_has_other_forms() {
    let scene = Scene::answering("r.answer()");
    results(&scene, &[("calm", "steady", 0.0), ("leak", "leaking", 400.0)]);
    let json = scene.drip(&["diff", "calm", "leak", "--format", "json"]).exits(0).document();
    assert_eq!((&json["schema"], &json["changes"][0]["kind"]), (&json!("drip.diff/1"), &json!("new")));
    let markdown = scene.drip(&["diff", "calm", "leak", "--format", "markdown"]);
    markdown.exits(0).prints(&["| new | `GET /` repeated | leaking | was steady |"]);
}

#[test]
fn what_is_no_result_cannot_be_compared() {
    let scene = Scene::new();
    scene.write("half.json", r#"{ "schema": "drip.report/1", "id": "#);
    scene.drip(&["diff", "half.json", "missing.json"]).exits(2).says(&["half.json", "the file was cut"]);
}

#[test]
fn the_last_result_of_a_folder_is_a_baseline() {
    let scene = Scene::answering("r.answer()");
    let first = scene.run_app(&[&["--baseline", "latest", "--fail-on", "new"], &BRIEF]);
    first.says(&["no earlier result", "kept for the next run"]);
    let kept = saved(&scene.path(".drip/latest.json"));
    assert_eq!(scene.read(".drip/.gitignore"), "*\n");
    let second = scene.run_app(&[&["--baseline", "latest"], &BRIEF]);
    second.says(&["since the baseline, nothing new, nothing fixed"]);
    assert_ne!(saved(&scene.path(".drip/latest.json"))["id"], kept["id"]);
}

#[test]
fn what_is_wrong_with_a_baseline_is_told_before_anything_starts() {
    let scene = Scene::new();
    let run = |options: &[&str]| scene.run(&[options], &["touch", "started"]);
    run(&["--baseline", "missing.json"]).exits(2).says(&["missing.json"]);
    run(&["--fail-on", "new"]).exits(2).says(&["--fail-on new needs a --baseline"]);
    assert!(!scene.exists("started"));
}
