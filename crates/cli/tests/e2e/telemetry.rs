//! What a service tells of itself: reported, and read as its memory where nothing better is seen.

use std::net::{Ipv4Addr, TcpStream};

use serde_json::Value;

use crate::drip::{PATIENCE, Running, Scene, doubts, port, vector, wait_until};
use crate::examples::fixture;

const OPTIONS: [&str; 6] = ["--dose", "500ms", "--budget", "60s", "--format", "json"];

/// A service with Prometheus' own client, that keeps so many bytes of each request to `/data`.
fn telling(scene: &Scene, keeps: u32) -> (Running, String) {
    let port = port();
    let mut command = scene.command("node");
    command.arg(fixture("telemetry/server.js")).env("PORT", port.to_string());
    let service = scene.spawn(command.env("KEEPS", keeps.to_string()));
    wait_until("the port opens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    (service, format!("http://127.0.0.1:{port}/data"))
}

fn scanned(keeps: u32, exit_code: i32) -> Value {
    let scene = Scene::new();
    let (_service, url) = telling(&scene, keeps);
    let args: Vec<&str> = ["scan", &url].into_iter().chain(OPTIONS).collect();
    scene.start(&args).end_within(PATIENCE * 2).exits(exit_code).document()
}

#[test]
fn a_leak_is_seen_by_what_the_service_tells_of_its_memory() {
    let document = scanned(4000, 1);
    let vector = vector(&document);
    assert_eq!((&vector["verdict"], &vector["signal"]), (&"leaking".into(), &"rss".into()), "{vector:#}");
    assert!(doubts(vector).contains(&"floor-not-available"), "{vector:#}");
    let limit = &vector["toLimit"];
    assert!(limit["requests"].as_u64().unwrap() > 0, "a service fits into what it has: {limit:#}");
    assert_eq!(document["service"]["runtime"], "node", "{document:#}");
    assert_eq!(document["gradeBasis"], "memory");
}

#[test]
fn a_service_that_tells_and_keeps_nothing_is_not_accused() {
    let document = scanned(0, 0);
    let verdict = vector(&document)["verdict"].as_str().unwrap();
    assert!(["steady", "settling"].contains(&verdict), "{document:#}");
    let findings = document["findings"].as_array().unwrap();
    let exposed = findings.iter().find(|finding| finding["id"] == "DRIP030").unwrap();
    assert_eq!(exposed["endpoint"], "GET /metrics", "{exposed:#}");
    assert_eq!((&exposed["severity"], &exposed["confidence"]), (&"low".into(), &"tentative".into()));
}

#[test]
fn a_page_for_everything_is_no_telemetry() {
    let scene =
        Scene::answering("r.answer(body=b'<html># TYPE of page: memstats cmdline goroutine?debug=1</html>')");
    let port = port();
    let _app = scene.serve(port);
    let url = format!("http://127.0.0.1:{port}/data");
    let document = scene.scan(&url, &[&["--requests", "200", "--format", "json"]]).exits(4).document();
    assert_eq!(document["findings"], Value::Array(Vec::new()), "{document:#}");
    assert_eq!(doubts(vector(&document)), ["memory-not-seen"]);
}
