//! `drip doctor`: what can be measured, before a request is sent.

use serde_json::Value;

use crate::drip::{APP, Scene, port, wait_gone};

const IDLE: &str = "note(\"pids\", os.getpid())\nserve(lambda r: r.answer())\n";

fn idle() -> Scene {
    let scene = Scene::new();
    scene.python(IDLE);
    scene
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[test]
fn it_lists_every_runtime_and_what_a_reading_costs() {
    let done = Scene::new().drip(&["doctor"]);
    done.exits(0).prints(&["Node.js", "Python", "Go", "Java", "Ruby", "cost:", "Memory"]);
}

#[test]
fn it_starts_a_service_reads_it_and_stops_it() {
    let scene = idle();
    let done = scene.drip(&["doctor", "--format", "json", "--", APP[0], APP[1]]);
    done.exits(0);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(document["schema"], "drip.doctor/1");
    let service = &document["service"];
    assert_eq!(service["floor"]["name"], "python-hook", "{service:#}");
    assert!(service["valueBytes"].as_u64().unwrap() > 1_000_000, "{service:#}");
    assert!(service["longestReadingSeconds"].as_f64().unwrap() > 0.0);
    assert!(names(&service["gauges"]).contains(&"descriptors"), "{service:#}");
    assert!(!service["limits"].as_array().unwrap().is_empty());
    let listens = service["processes"].as_array().unwrap().iter().find(|process| process["listens"] == true);
    assert_eq!(listens.unwrap()["runtime"], "python");
    let pids = scene.read("pids");
    assert!(drip_proc::identity(pids.trim().parse().unwrap()).is_none(), "the service was left behind");
}

#[test]
fn a_service_that_may_not_be_touched_is_less_certain_and_a_script_can_tell() {
    let scene = idle();
    let done = scene.drip(&["doctor", "--no-attach", "--", APP[0], APP[1]]);
    done.exits(4).prints(&["LESS CERTAIN", "anonymous memory", "--no-attach leaves the service untouched"]);
}

#[test]
fn a_process_that_runs_is_looked_at_and_goes_on() {
    let scene = idle();
    let port = port();
    let app = scene.serve(port);
    let pid = app.pid().to_string();
    let done = scene.drip(&["doctor", "--pid", &pid]);
    done.exits(4).prints(&[&format!("http://127.0.0.1:{port}"), "only when Drip starts"]);
    let process = drip_proc::identity(app.pid()).unwrap();
    app.send(nix::sys::signal::Signal::SIGTERM);
    app.end();
    wait_gone(&[process]);
}

#[test]
fn what_cannot_be_found_is_named() {
    let scene = Scene::new();
    let silent = scene.spawn(scene.command("sleep").arg("60"));
    let pid = silent.pid().to_string();
    scene.drip(&["doctor", "--pid", &pid]).exits(2).says(&["--pid", "listens on a TCP port"]);
    silent.send(nix::sys::signal::Signal::SIGTERM);
    silent.end();
    scene.drip(&["doctor", "--", "no-such-program"]).exits(2).says(&["command not found: no-such-program"]);
}
