//! A verdict that is right also where a run is too short for it.

use serde_json::Value;

use crate::drip::{SHORT, Scene, doubts, vector};

/// What is said of a service that keeps so many bytes of each request and takes its time.
fn verdict_on(kept_bytes: u32, seconds: &str, options: &[&str]) -> Value {
    let scene = Scene::new();
    scene.python(&format!(
        "kept = []\n\n\
         def answer(r):\n    kept.append(os.urandom({kept_bytes}))\n    time.sleep({seconds})\n    r.answer()\n\n\
         serve(answer)\n"
    ));
    let done =
        scene.run_app(&[&SHORT[..2], &["--path", "/data", "--format", "json", "--budget", "20s"], options]);
    vector(&done.document()).clone()
}

/// Every reading says that it grows, by the same amount with each request, and yet it all would fit into a cache.
#[track_caller]
fn assert_unclear(vector: &Value) {
    assert_eq!(vector["verdict"], "unclear", "{vector:#}");
    assert!(!doubts(vector).is_empty(), "{vector:#}");
}

#[test]
fn a_slow_leaking_service_is_never_called_steady() {
    assert_unclear(&verdict_on(30_000, "0.1", &["--dose", "300ms"]));
}

#[test]
fn a_few_requests_to_a_leaking_service_never_make_it_steady() {
    assert_unclear(&verdict_on(30_000, "0", &["--dose", "200ms", "--requests", "100"]));
}
