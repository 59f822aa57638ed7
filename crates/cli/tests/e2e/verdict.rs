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

/// A launcher that leaves the service to somebody else, as a container's client does.
#[test]
fn a_command_that_does_not_own_the_port_proves_nothing_by_its_calm() {
    let scene = Scene::new();
    scene.python("def answer(r):\n    r.answer()\n\nserve(answer)\n");
    scene.write("launch.sh", "touch launched; exec sleep 1000\n");
    let port = crate::drip::port();
    let number = port.to_string();
    let drip = scene.start(&crate::drip::words(
        "run",
        &[&SHORT, &["--port", &number, "--path", "/data", "--format", "json"]],
        &["sh", "launch.sh"],
    ));
    scene.wait_for("launched");
    let service = scene.serve(port);
    let done = drip.end();
    drop(service);
    let document = done.exits(4).document();
    assert!(doubts(vector(&document)).contains(&"not-the-service"), "{done}");
}

#[test]
fn a_crash_accuses_only_the_path_that_was_asked() {
    let scene = Scene::new();
    scene.python(
        "def answer(r):\n    if r.path == '/die':\n        os._exit(3)\n    r.answer()\n\nserve(answer)\n",
    );
    let done = scene.run_app(&[&SHORT, &["--path", "/die", "--path", "/fine", "--format", "json"]]);
    let document = done.exits(1).document();
    let verdicts: Vec<_> = document["vectors"].as_array().unwrap().iter().map(|v| &v["verdict"]).collect();
    assert_eq!(verdicts, ["crashed", "unclear"], "{done}");
}

#[test]
fn another_run_sends_other_keys_unless_the_seed_says_so() {
    let scene = Scene::answering("open('seen', 'a').write(r.path + '\\n'); r.answer()");
    let run = || {
        scene.run_app(&[&crate::drip::BRIEF, &["--path", "/{uuid}"]]);
        let seen = scene.read("seen");
        std::fs::remove_file(scene.path("seen")).unwrap();
        seen.lines()
            .filter(|path| path.len() > 30)
            .map(str::to_owned)
            .collect::<std::collections::BTreeSet<_>>()
    };
    let (first, second) = (run(), run());
    assert!(first.len() > 50 && first.is_disjoint(&second), "{} and {} keys", first.len(), second.len());
}
