//! The eight example services, judged through the binary: leaks are found or doubted, never called healthy; fixed
//! ones are never accused.
//!
//! `cargo xtask test` prepares what they need and names the folder in `DRIP_FIXTURES`.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::drip::{Done, Scene, vector, words};

/// Doses of half the usual length: these services are fast, and the tests are many.
const OPTIONS: [&str; 5] = ["--quiet", "--dose", "1s", "--format", "json"];
/// Longer than any budget given here.
const PATIENCE: Duration = Duration::from_secs(400);

/// One judged service at a time: two would take each other's processors, and each needs both.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file or folder that `cargo xtask test` made.
pub(crate) fn fixture(path: &str) -> String {
    let folder = std::env::var("DRIP_FIXTURES").expect("run these tests by: cargo xtask test");
    PathBuf::from(folder).join(path).display().to_string()
}

fn example(path: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(path).display().to_string()
}

fn judge(request: &[&str], command: &[&str]) -> Done {
    let scene = Scene::new();
    let _alone = alone();
    scene.start(&words("run", &[&OPTIONS, request], command)).end_within(PATIENCE)
}

/// A fixed service: whatever is said, it is no accusation. Where the signal is good enough, it is acquitted.
#[track_caller]
fn never_accused(done: &Done, verdicts: &[&str]) {
    let document = done.document();
    let verdict = document["verdict"].as_str().unwrap();
    assert!(verdicts.contains(&verdict), "{verdict}: {done}");
    assert_eq!(
        document["findings"].as_array().unwrap().iter().filter(|f| f["severity"] != "note").count(),
        0,
        "{done}"
    );
}

#[track_caller]
fn never_acquitted(done: &Done, endpoint: &str) {
    let document = done.document();
    let verdict = document["verdict"].as_str().unwrap();
    assert!(["leaking", "unclear"].contains(&verdict), "{verdict}: {done}");
    assert_eq!(vector(&document)["endpoint"], endpoint);
}

mod node {
    use super::*;

    /// Bytes per request between the readings that a service took of itself, its warm-up left out: the straight
    /// line through them.
    fn own_count(file: &str, warm_up: u64) -> f64 {
        let text = std::fs::read_to_string(file).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let points: Vec<(f64, f64)> = lines
            .filter(|line| line["requests"].as_u64().unwrap() >= warm_up)
            .map(|line| (line["requests"].as_f64().unwrap(), line["bytes"].as_f64().unwrap()))
            .collect();
        assert!(points.len() >= 8, "the service counted only {} times", points.len());
        let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / points.len() as f64;
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let (over, under) = points
            .iter()
            .fold((0.0, 0.0), |(over, under), p| (over + (p.0 - x) * (p.1 - y), under + (p.0 - x).powi(2)));
        over / under
    }

    #[test]
    fn the_leaking_one_is_found_and_measured_as_it_counts_itself() {
        let (scene, server) = (Scene::new(), fixture("node-express/leaky-server.js"));
        let (preload, count) = (fixture("node-express/count-heap.cjs"), scene.arg("count"));
        let command = ["node", "--expose-gc", "-r", &preload, &server];
        let _alone = alone();
        let mut drip = scene.drip_command(&words("run", &[&OPTIONS, &["--path", "/data"]], &command));
        let done = scene.spawn(drip.env("HEAP_COUNT_FILE", &count)).end_within(PATIENCE);
        let document = done.exits(1).document();
        let found = vector(&document);
        assert_eq!(
            (&found["verdict"], &found["endpoint"], &found["signal"]),
            (&"leaking".into(), &"GET /data".into(), &"live_heap".into()),
            "{done}"
        );
        let points = found["series"][0]["points"].as_array().unwrap();
        let warm_up = points.iter().rfind(|point| point["stage"] == "warm-up").unwrap();
        let truth = own_count(&count, warm_up["requests"].as_u64().unwrap());
        let estimate = found["perRequest"]["estimate"].as_f64().unwrap();
        assert!(
            (estimate - truth).abs() <= 0.2 * truth,
            "{estimate} found, {truth} counted by the service itself"
        );
        assert_eq!(document["findings"][0]["id"], "DRIP001");
    }

    #[test]
    fn the_fixed_one_is_never_accused() {
        let done = judge(&["--path", "/data"], &["node", &fixture("node-express/fixed-server.js")]);
        never_accused(&done, &["steady", "settling", "unclear"]);
        assert_eq!(vector(&done.document())["signal"], "live_heap");
    }
}

mod python {
    use super::*;

    fn flask(script: &str) -> Done {
        let body = format!("@{}", example("python-flask/event.json"));
        let request = [
            "-X",
            "POST",
            "--path",
            "/ingest",
            "-H",
            "Content-Type: application/json",
            "-d",
            &body,
            "--budget",
            "60s",
        ];
        judge(&request, &[&fixture("python/bin/python"), &example(&format!("python-flask/{script}"))])
    }

    fn function(variant: &str) -> Done {
        let (runner, file) =
            (example("python-function/serve.py"), example(&format!("python-function/{variant}/__main__.py")));
        judge(&["--path", "/?name={word}", "--budget", "60s"], &["python3", &runner, &file])
    }

    #[test]
    fn a_leaking_flask_service_is_never_called_steady() {
        never_acquitted(&flask("leaky.py"), "POST /ingest");
    }

    #[test]
    fn its_fixed_twin_is_never_accused() {
        never_accused(&flask("fixed.py"), &["steady", "settling", "unclear"]);
    }

    #[test]
    fn a_leaking_function_is_never_called_steady() {
        never_acquitted(&function("leaky"), "GET /");
    }

    #[test]
    fn a_fixed_function_is_never_accused() {
        never_accused(&function("fixed"), &["steady", "settling", "unclear"]);
    }
}

mod go {
    use super::*;

    fn service(variant: &str) -> Done {
        judge(&["--path", "/data", "--budget", "60s"], &[&fixture(&format!("go/{variant}"))])
    }

    #[test]
    fn the_leaking_one_is_never_called_steady() {
        never_acquitted(&service("leaky"), "GET /data");
    }

    #[test]
    fn the_fixed_one_is_never_accused() {
        never_accused(&service("fixed"), &["steady", "settling", "unclear"]);
    }
}
