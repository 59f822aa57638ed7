//! What a service may answer, wrong and hostile, and what is made of it.

use nix::sys::signal::Signal;

use crate::drip::{APP, BRIEF, Done, SHORT, Scene, doubts, port, vector, words};

const NOT_FOUND: &str = "r.answer(404)";

#[test]
fn a_path_that_answers_only_404_is_not_judged() {
    let done = Scene::answering(NOT_FOUND).run_app(&[&["--format", "json", "--path", "/typo"], &SHORT]);
    done.exits(3).says(&["--path"]);
    let document = done.document();
    assert_eq!(vector(&document)["verdict"], "unclear");
    assert!(doubts(vector(&document)).contains(&"no-success"), "{document:#}");
    assert!(document.get("grade").is_none(), "{document:#}");
}

#[test]
fn a_404_that_is_expected_is_judged() {
    let expected = ["--expect-status", "404", "--format", "json"];
    let done = Scene::answering(NOT_FOUND).run_app(&[&expected, &SHORT]);
    let document = done.document();
    assert!(!doubts(vector(&document)).contains(&"no-success"), "{done}");
    assert_eq!(vector(&document)["signal"], "live_heap");
    assert!(document["grade"].is_string(), "{document:#}");
}

#[test]
fn a_service_that_mostly_fails_is_not_called_healthy() {
    let scene = Scene::new();
    scene.python(
        "import itertools\nturn = itertools.count()\n\n\
         def answer(r):\n    r.answer(500 if next(turn) % 4 else 200)\n\nserve(answer)\n",
    );
    let done = scene.run_app(&[&["--format", "json"], &SHORT]);
    let document = done.exits(4).document();
    assert_eq!(vector(&document)["verdict"], "unclear");
    assert!(doubts(vector(&document)).contains(&"many-errors"), "{document:#}");
}

/// Hostile answers, by path; `/` is well, so that the service gets ready.
const HOSTILE: &str = r#"
if r.path == "/endless":
    r.send_response(200)
    r.send_header("Transfer-Encoding", "chunked")
    r.end_headers()
    while True:
        r.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
elif r.path == "/huge-head":
    r.send_response(200)
    r.send_header("X-Filler", "x" * 1000000)
    r.end_headers()
elif r.path == "/many-headers":
    r.send_response(200)
    for n in range(1000):
        r.send_header(f"X-{n}", "x")
    r.end_headers()
elif r.path == "/not-http":
    r.wfile.write(b"hello\r\n\r\n")
    r.close_connection = True
elif r.path == "/hangs-up":
    r.close_connection = True
elif r.path == "/half":
    r.send_response(200)
    r.send_header("Content-Length", "100")
    r.end_headers()
    r.wfile.write(b"x")
    r.close_connection = True
elif r.path == "/never":
    note("asked-never")
    time.sleep(600)
else:
    r.answer()
"#;

fn hostile(path: &str) -> Done {
    Scene::answering(HOSTILE).run_app(&[&["--path", path, "--budget", "3s", "--format", "text"], &SHORT[..4]])
}

#[test]
fn a_body_without_end_is_cut_and_told() {
    hostile("/endless").prints(&["cut"]);
}

#[test]
fn an_answer_beyond_every_bound_is_refused_with_the_bound() {
    hostile("/huge-head").exits(3).prints(&["no request succeeded", "answer head over 64 KiB"]);
    hostile("/many-headers").exits(3).prints(&["no request succeeded", "256 headers"]);
}

#[test]
fn an_answer_that_is_none_is_told_for_what_it_is() {
    hostile("/not-http").exits(3).prints(&["no request succeeded", "not HTTP"]);
    hostile("/hangs-up").exits(3).prints(&["no request succeeded", "closed"]);
    hostile("/half").exits(3).prints(&["no request succeeded", "closed"]);
}

/// A patience that is far above every budget here, and below the time that one request may take.
const SECONDS_MAX: u64 = 25;

#[test]
fn a_connection_that_never_answers_costs_no_more_than_the_budget() {
    let done = hostile("/never");
    done.exits(3).prints(&["no request succeeded", "no answer"]);
    assert!(done.took.as_secs() < SECONDS_MAX, "{done}");
}

#[test]
fn a_connection_that_never_answers_does_not_hold_up_ctrl_c() {
    let scene = Scene::answering(HOSTILE);
    let running = scene.start(&words("run", &[&["--users", "4", "--path", "/never"]], &APP));
    scene.wait_for("asked-never");
    running.send(Signal::SIGINT);
    let done = running.end();
    done.exits(130);
    assert!(done.took.as_secs() < SECONDS_MAX, "{done}");
}

#[test]
fn a_scan_of_what_never_answers_ends_with_its_budget_or_with_ctrl_c() {
    let scene = Scene::answering(HOSTILE);
    let port = port();
    let _app = scene.serve(port);
    let url = format!("http://127.0.0.1:{port}/never");
    let done = scene.scan(&url, &[&["--budget", "2s"]]);
    done.exits(3).says(&["no answer"]);
    assert!(done.took.as_secs() < SECONDS_MAX, "{done}");
    std::fs::remove_file(scene.path("asked-never")).unwrap();
    let running = scene.start(&["scan", &url]);
    scene.wait_for("asked-never");
    running.send(Signal::SIGINT);
    let done = running.end();
    done.exits(130);
    assert!(done.took.as_secs() < SECONDS_MAX, "{done}");
}

#[test]
fn no_more_requests_are_sent_than_allowed() {
    let scene = Scene::answering("note('requests')\nr.answer()");
    let done = scene.run_app(&[&["--requests", "100", "--format", "json"], &BRIEF[..4]]);
    let asked = scene.read("requests").lines().count();
    // Besides those of the test, the service is asked a few times whether it is there.
    assert!((20..=110).contains(&asked), "{asked} requests: {done}");
}
