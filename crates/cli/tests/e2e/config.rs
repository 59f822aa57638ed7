//! `drip.toml`: what it sets, what wins over it, what is wrong with it.

use crate::drip::{SHORT, Scene, vector};

/// A brief run of a service, all said in the file.
const WHOLE: &str = r#"
command = ["python3", "app.py"]
path = ["/one"]
users = 4
dose = "200ms"
requests = 200
budget = "10s"
seed = 7
format = "json"
no-fail = true
"#;

#[test]
fn a_run_needs_no_words_where_the_file_has_them() {
    let scene = Scene::answering("r.answer()");
    scene.write("drip.toml", WHOLE);
    let document = scene.drip(&["run"]).exits(0).document();
    assert_eq!((&document["settings"]["users"], &document["settings"]["seed"]), (&4.into(), &7.into()));
    assert_eq!(vector(&document)["endpoint"], "GET /one");
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let scene = Scene::answering("r.answer()");
    scene.write("drip.toml", WHOLE);
    let users = |words: &[&str], environment: Option<&str>| {
        let mut command = scene.drip_command(&[&["run"], words].concat());
        command.envs(environment.map(|users| ("DRIP_USERS", users)));
        scene.spawn(&mut command).end().exits(0).document()["settings"]["users"].clone()
    };
    assert_eq!(users(&[], Some("3")), 3);
    assert_eq!(users(&["--users", "2"], Some("3")), 2);
}

#[test]
fn another_file_can_be_named() {
    let scene = Scene::answering("r.answer()");
    scene.write("drip.toml", "nonsense");
    scene.write("ci.toml", WHOLE);
    scene.drip(&["run", "--config", "ci.toml"]).exits(0).prints(&["\"GET /one\""]);
    scene.drip(&["run", "--config", "missing.toml"]).exits(2).says(&["missing.toml"]);
}

#[test]
fn what_is_wrong_in_the_file_is_told_with_its_name_before_anything_starts() {
    let scene = Scene::new();
    let cases = [
        ("user = 4", "drip.toml: user is no setting; did you mean users?"),
        ("fail_below = 'C'", "did you mean fail-below?"),
        ("xyzzy = 1", "xyzzy is no setting; there are command, url, suppress, format"),
        ("users = 0", "drip.toml: users: invalid value '0'"),
        ("budget = 'soon'", "drip.toml: budget: invalid value 'soon'"),
        ("i-own = 'example.com'", "i-own cannot be set here"),
        ("resolve = ['example.com:80:10.0.0.1']", "resolve cannot be set here"),
        ("users = { a = 1 }", "users: a text, a number"),
        ("users = ", "drip.toml: TOML parse error"),
    ];
    for (text, expected) in cases {
        scene.write("drip.toml", text);
        scene.run(&[], &["touch", "started"]).exits(2).says(&[expected]);
    }
    assert!(!scene.exists("started"));
}

#[test]
fn verbs_without_settings_do_not_read_it() {
    let scene = Scene::new();
    scene.write("drip.toml", "format = 'json'");
    scene.drip(&["explain", "DRIP001"]).exits(0).prints(&["Memory grows with each request"]);
}

/// A service whose memory is a leak for everyone to see, and the settings to see it.
fn leaking() -> Scene {
    let scene = Scene::new();
    let kept = "const kept = []; require('http').createServer((_, answer) => { kept.push(Buffer.alloc(20000, 1)); \
                answer.end('ok'); }).listen(process.env.PORT, '127.0.0.1');";
    scene.write("app.js", kept);
    scene
}

#[test]
fn a_suppressed_finding_is_shown_and_fails_nothing_until_its_day() {
    let scene = leaking();
    let suppress = |until: &str| {
        scene.write(
            "drip.toml",
            format!("[[suppress]]\nfinding = 'DRIP001'\nendpoint = 'GET /'\nreason = 'it is a ring'\nuntil = {until}\n"),
        );
    };
    let run = || scene.run(&[&["--report", "sarif=out.sarif"], &SHORT], &["node", "app.js"]);
    suppress("2999-12-31");
    run().exits(0).prints(&["LEAKING", "2999-12-31: it"]);
    assert!(scene.read("out.sarif").contains("\"justification\": \"it is a ring (until 2999-12-31)\""));
    suppress("2020-01-31");
    run().exits(1).says(&["the suppression of DRIP001 expired after 2020-01-31"]);
}

#[test]
fn a_suppression_has_a_finding_a_reason_and_a_day() {
    let scene = Scene::new();
    let cases = [
        (
            "finding = 'DRIP901'\nreason = 'x'\nuntil = 2027-01-31",
            "DRIP901 is no finding; did you mean DRIP001",
        ),
        ("finding = 'DRIP001'\nuntil = 2027-01-31", "missing field `reason`"),
        ("finding = 'DRIP001'\nreason = ' '\nuntil = 2027-01-31", "DRIP001 needs a reason"),
        ("finding = 'DRIP001'\nreason = 'x'", "missing field `until`"),
        ("finding = 'DRIP001'\nreason = 'x'\nuntil = 2027-01-31T00:00:00Z", "until is a day"),
        (
            "finding = 'DRIP001'\nreson = 'x'\nuntil = 2027-01-31",
            "unknown field `reson`, expected one of `finding`",
        ),
    ];
    for (text, expected) in cases {
        scene.write("drip.toml", format!("[[suppress]]\n{text}\n"));
        scene.run(&[], &["touch", "started"]).exits(2).says(&["drip.toml", expected]);
    }
    assert!(!scene.exists("started"));
}
