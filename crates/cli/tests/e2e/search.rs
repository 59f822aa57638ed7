//! Many endpoints in one run: asked together first, and only who stands out alone.

use serde_json::Value;

use crate::drip::{PATIENCE, Scene, words};

const ROUTES: usize = 12;
const OPTIONS: [&str; 8] = ["--users", "4", "--dose", "400ms", "--budget", "100s", "--format", "json"];

/// A service with so many routes, `/r0` and on, that keeps 20 kB of each value of `q` where `is_kept` says so.
fn judged(routes: usize, is_kept: &str, exit_code: i32) -> Value {
    let scene = Scene::new();
    scene.python(&format!(
        "import urllib.parse\n\ncache = {{}}\n\n\
         def answer(r):\n    url = urllib.parse.urlsplit(r.path)\n    key = (url.path, url.query)\n    \
         if url.path in ({is_kept}) and key not in cache:\n        cache[key] = os.urandom(20_000)\n    r.answer()\n\n\
         serve(answer)\n"
    ));
    let paths: Vec<String> = (0..routes).map(|route| format!("--path=/r{route}?q={{uuid}}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let run = scene.start(&words("run", &[&OPTIONS, &paths], &crate::drip::APP));
    run.end_within(PATIENCE * 3).exits(exit_code).document()
}

fn vectors(document: &Value) -> &[Value] {
    document["vectors"].as_array().unwrap()
}

/// Those with this verdict.
fn with<'a>(verdict: &str, document: &'a Value) -> Vec<&'a str> {
    let some = vectors(document).iter().filter(|vector| vector["verdict"] == verdict);
    some.map(|vector| vector["endpoint"].as_str().unwrap()).collect()
}

#[test]
fn two_of_twelve_are_found_and_asked_alone_and_the_rest_is_cleared_together() {
    let document = judged(ROUTES, "'/r3', '/r8'", 1);
    assert_eq!(with("unbounded", &document), ["GET /r3", "GET /r8"], "{document:#}");
    assert_eq!(with("steady", &document).len(), ROUTES - 2, "{document:#}");
    for vector in vectors(&document) {
        let is_cleared = vector["verdict"] == "steady";
        assert_eq!(vector["askedWith"].is_number(), is_cleared, "{vector:#}");
        assert_eq!(vector["confirmed"] == true, !is_cleared, "{vector:#}");
        let smallest = vector["smallestDetectable"].as_f64().unwrap();
        assert!(smallest > 0.0 && smallest < 20_000.0, "{vector:#}");
    }
}

#[test]
fn many_that_keep_nothing_are_cleared_together() {
    let document = judged(ROUTES, "", 0);
    assert_eq!(with("steady", &document).len(), ROUTES, "{document:#}");
    assert!(vectors(&document).iter().all(|vector| vector["askedWith"] == 11), "{document:#}");
    assert_eq!(document["service"]["floor"]["name"], "python-hook", "{document:#}");
}

#[test]
fn where_all_leak_nobody_is_cleared() {
    let document = judged(5, "'/r0', '/r1', '/r2', '/r3', '/r4'", 1);
    let accused = with("unbounded", &document).len() + with("leaking", &document).len();
    assert!(accused > 0, "{document:#}");
    assert_eq!(accused + with("unclear", &document).len(), 5, "{document:#}");
}
