//! What a pipeline is told: the gate's options and exit codes.

use crate::drip::{Done, SHORT, Scene, port, vector};

/// A black-box scan of a healthy service: unclear, graded B from symptoms.
fn blind(options: &[&str]) -> Done {
    let scene = Scene::answering("r.answer()");
    let port = port();
    let _app = scene.serve(port);
    scene.scan(&format!("http://127.0.0.1:{port}/"), &[&SHORT, options])
}

#[test]
fn a_grade_below_the_wanted_fails() {
    blind(&["--fail-below", "A"]).exits(1).says(&["grade B is below A"]);
    blind(&["--fail-below", "b"]).exits(4);
}

#[test]
fn a_score_under_the_wanted_fails() {
    blind(&["--fail-under", "70"]).exits(4);
    blind(&["--fail-under", "90"]).exits(1).says(&["score 89 is under 90"]);
}

#[test]
fn a_verdict_that_is_named_fails_unless_nothing_may() {
    blind(&["--fail-on", "leaking,unclear"]).exits(1).says(&["is unclear (--fail-on)"]);
    blind(&["--fail-on", "unclear", "--no-fail"]).exits(0);
}

#[test]
fn even_steady_can_be_failed_on() {
    let scene = Scene::new();
    scene.write(
        "app.js",
        "require('http').createServer((_, answer) => answer.end('ok')).listen(process.env.PORT, '127.0.0.1');",
    );
    // Which of the two it is, half a megabyte of warm-up more or less decides.
    let options = ["--format", "json", "--fail-on", "steady,settling"];
    let usual = ["--users", "4", "--dose", "200ms", "--budget", "90s"];
    let done = scene.run(&[&usual, &options], &["node", "app.js"]);
    let verdict = vector(&done.document())["verdict"].as_str().unwrap().to_owned();
    done.exits(1).says(&[&format!("is {verdict} (--fail-on)")]);
}

#[test]
fn what_is_unknown_is_answered_with_what_is_known() {
    let scene = Scene::new();
    let cases: [(&[&str], &[&str]); 7] = [
        (&["--fail-below", "Z"], &["Z", "A, B, C, D, F"]),
        (&["--fail-under", "101"], &["101", "100"]),
        (&["--fail-on", "leak"], &["leak", "leaking, unbounded", "drip explain"]),
        (&["--fail-on", "DRIP999"], &["DRIP999", "drip explain"]),
        (&["--format", "xml"], &["xml", "text, json"]),
        (&["--runtime", "cobol"], &["cobol", "node, python"]),
        (&["--pat", "/data"], &["--pat", "--path"]),
    ];
    for (options, words) in cases {
        scene.run(&[options], &["touch", "started"]).exits(2).says(words);
    }
    assert!(!scene.exists("started"));
}

#[test]
fn the_environment_is_held_to_the_same_words() {
    let scene = Scene::new();
    let mut command = scene.drip_command(&["run", "--", "touch", "started"]);
    scene.spawn(command.env("DRIP_FAIL_BELOW", "Z")).end().exits(2).says(&["Z", "A, B, C, D, F"]);
    assert!(!scene.exists("started"));
}
