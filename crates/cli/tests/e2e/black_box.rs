//! What a scan sees of services whose memory it cannot read: possible, and no more.

use serde_json::Value;

use crate::drip::{Running, Scene, doubts, port, saved, vector};

/// As many pairs as tell a heap that grows, each of two requests; half of them are kept for a second run.
const ENOUGH: [&str; 4] = ["--requests", "48000", "--budget", "90s"];

/// A service that runs, and what a scan without its memory says.
fn scanned(app: &str, options: &[&str]) -> (Scene, Running, Value) {
    let scene = Scene::new();
    scene.python(app);
    let port = port();
    let app = scene.serve(port);
    let url = format!("http://127.0.0.1:{port}/data");
    scene.scan(&url, &[options, &["-o", "out.json"]]).exits(4);
    let document = saved(&scene.path("out.json"));
    (scene, app, document)
}

fn finding<'a>(document: &'a Value, id: &str) -> Option<&'a Value> {
    document["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id)
}

/// Makes objects that CPython's collector has to look at, for each tested request, and keeps them or does not.
fn makes_objects(keeps: bool) -> String {
    let keep = if keeps { "kept.append(made)" } else { "pass" };
    format!(
        "kept = []\n\ndef answer(r):\n    if r.path == '/data':\n        made = [[] for _ in range(300)]\n        {keep}\n    r.answer()\n\nserve(answer)\n"
    )
}

#[test]
fn a_leak_in_cpython_is_possible_by_its_longer_pauses() {
    let (_scene, _app, document) = scanned(&makes_objects(true), &ENOUGH);
    let found = finding(&document, "DRIP020").unwrap_or_else(|| panic!("{document:#}"));
    assert_eq!(found["confidence"], "tentative");
    assert!(["low", "medium"].contains(&found["severity"].as_str().unwrap()), "{found:#}");
    assert!(found["description"].as_str().unwrap().contains("possible"), "{found:#}");
    assert_eq!((&document["verdict"], &document["gradeBasis"]), (&"unclear".into(), &"symptoms".into()));
    assert_eq!(doubts(vector(&document)), ["memory-not-seen"]);
}

#[test]
fn its_fixed_twin_is_not_suspected() {
    let (_scene, _app, document) = scanned(&makes_objects(false), &ENOUGH);
    assert_eq!(document["findings"], Value::Array(Vec::new()));
}

#[test]
fn deaths_that_repeat_are_told_with_their_number_of_requests() {
    let dies = "import itertools\nturn = itertools.count()\n\n\
                def answer(r):\n    if next(turn) == 1000:\n        os.execv(sys.executable, [sys.executable, *sys.argv])\n    r.answer()\n\nserve(answer)\n";
    let (_scene, _app, document) = scanned(dies, &["--requests", "16000", "--budget", "60s"]);
    let found = finding(&document, "DRIP021").unwrap_or_else(|| panic!("{document:#}"));
    let description = found["description"].as_str().unwrap();
    assert!(description.contains("came back") && description.contains("possible"), "{description}");
    assert!(finding(&document, "DRIP020").is_none(), "latencies over a restart mean nothing: {document:#}");
}

#[test]
fn what_may_be_asked_counts_controls_too() {
    let (_scene, _app, document) = scanned(&makes_objects(false), &["--requests", "200", "--budget", "10s"]);
    assert!(document["footprint"]["requests"].as_u64().unwrap() <= 200, "{document:#}");
    assert_eq!(document["settings"]["users"], 1, "one user, whatever else is usual");
}
