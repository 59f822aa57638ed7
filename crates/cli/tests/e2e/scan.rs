//! `drip scan`: a service that runs already, seen from outside or with its memory.

use serde_json::json;

use crate::drip::{BRIEF, Running, SHORT, Scene, doubts, port, saved, vector};

/// A healthy service that is not ours to stop, and its URL.
fn healthy() -> (Scene, Running, String) {
    let scene = Scene::answering("r.answer()");
    let port = port();
    let app = scene.serve(port);
    (scene, app, format!("http://127.0.0.1:{port}/data"))
}

#[test]
fn a_black_box_scan_says_what_it_cannot_know() {
    let (scene, app, url) = healthy();
    let done = scene.scan(&url, &[&SHORT, &["-o", "out.json"]]);
    done.exits(4).says(&[&format!("--memory pid:{}", app.pid())]);
    let first_line = done.stdout.lines().next().unwrap();
    assert!(first_line.contains("memory was not seen"), "{first_line}");
    let document = saved(&scene.path("out.json"));
    assert_eq!(document["verdict"], "unclear");
    assert_eq!(document["gradeBasis"], "symptoms");
    assert!(document["grade"].as_str().unwrap() >= "B", "{}", document["grade"]);
    assert_eq!(doubts(vector(&document)), ["memory-not-seen"]);
    assert_eq!(vector(&document)["signal"], "symptoms");
}

#[test]
fn a_scan_that_is_told_the_process_reads_its_memory() {
    let (scene, app, url) = healthy();
    let source = format!("pid:{}", app.pid());
    let done = scene.scan(&url, &[&SHORT, &["--memory", &source, "--format", "json"]]);
    let document = done.document();
    assert_eq!(vector(&document)["signal"], "anon", "{done}");
    assert_eq!(document["gradeBasis"], "memory");
    assert_eq!(document["service"]["runtime"], "python");
    done.never_tells("add --memory");
    assert!(drip_proc::identity(app.pid()).is_some(), "a scan must not stop the service");
}

#[test]
fn the_memory_of_somebody_else_proves_nothing() {
    let (scene, _app, url) = healthy();
    let bystander = scene.spawn(scene.command("sleep").arg("600"));
    let source = format!("pid:{}", bystander.pid());
    let done = scene.scan(&url, &[&SHORT, &["--memory", &source, "--format", "json"]]);
    assert!(!done.stdout.contains("\"verdict\": \"steady\""), "{done}");
}

#[test]
fn a_process_that_ended_is_no_memory_source() {
    let (scene, _app, url) = healthy();
    let gone = scene.spawn(&mut scene.command("true"));
    let source = format!("pid:{}", gone.pid());
    gone.end();
    scene.scan(&url, &[&["--memory", &source]]).exits(2).says(&[&source]);
    scene.scan(&url, &[&["--memory", "pid:x"]]).exits(2).says(&["pid:x"]);
    scene.scan(&url, &[&["--memory", "docker:shop"]]).exits(2).says(&["pid:N"]);
}

#[test]
fn a_url_that_leads_nowhere_is_told() {
    let scene = Scene::new();
    scene.scan("http://shop.invalid/", &[]).exits(3).says(&["shop.invalid"]);
    let nobody = format!("http://127.0.0.1:{}", port());
    scene.scan(&nobody, &[]).exits(3).says(&[&nobody, "refused"]);
    scene.scan("ftp://127.0.0.1/", &[]).exits(2).says(&["ftp://127.0.0.1/", "http://"]);
    scene.scan("127.0.0.1:8080", &[]).exits(2).says(&["http://HOST:PORT/PATH"]);
}

#[test]
fn credentials_in_a_url_are_refused_and_not_repeated() {
    let scene = Scene::new();
    for url in
        ["http://ann:hunter2@127.0.0.1:1/", "ftp://ann:hunter2@127.0.0.1/", "http://hunter2@[::1]:99999/"]
    {
        scene.scan(url, &[&["--format", "json"]]).exits(2).never_tells("hunter2");
    }
}

#[test]
fn credentials_in_a_header_reach_no_report() {
    let (scene, app, url) = healthy();
    let source = format!("pid:{}", app.pid());
    let secret = ["-H", "Authorization: Bearer hunter2", "-H", "X-Bad\u{1}: hunter2"];
    scene.scan(&url, &[&secret]).exits(2).never_tells("hunter2");
    let done = scene.scan(&url, &[&secret[..2], &["--memory", &source, "--format", "json"], &BRIEF]);
    done.prints(&["drip.report/1"]).never_tells("hunter2");
}

#[test]
fn what_could_hurt_a_stranger_is_refused_before_any_connection() {
    let scene = Scene::new();
    scene.scan("http://169.254.169.254/latest/", &[]).exits(5).says(&["metadata"]);
    scene.scan("http://[::ffff:169.254.169.254]/", &[]).exits(5).says(&["metadata"]);
    scene.scan("http://169.254.169.254/", &[&["--i-own", "169.254.169.254"]]).exits(5).says(&["metadata"]);
    scene.scan("http://10.255.255.1/", &[&["-X", "POST"]]).exits(5).says(&["POST", "--i-own 10.255.255.1"]);
    scene.scan("http://10.255.255.1/", &[&["-d", "x"]]).exits(5).says(&["POST"]);
    let owned = ["-X", "POST", "--i-own", "10.255.255.1"];
    scene.scan("http://10.255.255.1/", &[&owned]).exits(5).says(&["--requests", "--rate"]);
}

#[test]
fn what_is_not_loopback_is_asked_politely() {
    let scene = Scene::answering("r.answer()");
    let port = port();
    let _app = scene.serve(port);
    // The address of "this machine" that is no loopback address to any rule.
    let done = scene.scan(&format!("http://0.0.0.0:{port}/"), &[&SHORT, &["--format", "json"]]);
    let settings = &done.document()["settings"];
    assert_eq!(settings["rate"], json!(5.0), "{done}");
    assert_eq!(settings["requestsMax"], json!(500));
}

/// A service that dies at its five hundredth request, and its URL.
fn mortal() -> (Scene, Running, String) {
    let scene = Scene::new();
    scene.python(
        "import itertools\nturn = itertools.count()\n\n\
         def answer(r):\n    if next(turn) == 500:\n        os._exit(3)\n    r.answer()\n\nserve(answer)\n",
    );
    let port = port();
    let app = scene.serve(port);
    (scene, app, format!("http://127.0.0.1:{port}/"))
}

#[test]
fn a_death_under_scan_is_seen_where_the_process_is() {
    let (scene, app, url) = mortal();
    let source = format!("pid:{}", app.pid());
    let done = scene.scan(&url, &[&SHORT, &["--memory", &source, "--format", "json"]]);
    let document = done.exits(1).document();
    let crash = &vector(&document)["crash"];
    assert!(crash["afterRequests"].as_u64().unwrap() > 0, "{done}");
    assert_eq!(
        (crash.get("exitCode"), crash.get("outOfMemory")),
        (None, None),
        "nobody could see that: {done}"
    );
}

#[test]
fn a_service_that_stops_to_answer_a_black_box_scan_is_told() {
    let (scene, _app, url) = mortal();
    let done = scene.scan(&url, &[&SHORT, &["--format", "json"]]);
    let document = done.exits(4).document();
    assert!(doubts(vector(&document)).contains(&"many-errors"), "{document:#}");
    assert_eq!(document["findings"][0]["id"], "DRIP021", "{document:#}");
}
