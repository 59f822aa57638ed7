//! `drip init`: the file that it writes is understood, and says what the folder is.

use crate::drip::{BRIEF, Scene};

#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    let scene = Scene::new();
    files.iter().for_each(|(name, text)| scene.write(name, text));
    scene.drip(&["init"]).exits(0).says(&["wrote drip.toml"]);
    let text = scene.read("drip.toml");
    assert!(text.contains(expected), "{expected} is not in {text}");
    // Wrong only in what it is asked: the file itself is understood.
    scene.drip(&["run", "--users", "none"]).exits(2).says(&["--users"]).never_tells("drip.toml");
}

#[test]
fn a_folder_says_how_its_service_is_started() {
    check(
        &[("package.json", r#"{"scripts": {"start": "node server.js"}}"#)],
        r#"command = ["node", "server.js"]"#,
    );
    check(&[("package.json", r#"{"scripts": {"start": "A=1 node x.js"}}"#)], r#"command = ["npm", "start"]"#);
    check(&[("package.json", r#"{"main": "a\"b.js"}"#)], r#"command = ["node", 'a"b.js']"#);
    check(&[("requirements.txt", "Flask==3\n"), ("app.py", "")], r#"command = ["python3", "app.py"]"#);
    check(
        &[("requirements.txt", "fastapi\nuvicorn\n"), ("main.py", "")],
        r#"command = ["uvicorn", "main:app"]"#,
    );
    check(&[("go.mod", "module x"), ("main.go", "package main")], r#"command = ["go", "run", "."]"#);
    check(&[("package.json", "no JSON")], r#"# command = ["node", "server.js"]"#);
}

#[test]
fn what_was_written_runs_and_is_never_replaced() {
    let scene = Scene::answering("r.answer()");
    scene.write("requirements.txt", "");
    scene.write("Dockerfile", "FROM x\nEXPOSE 8080\n");
    scene
        .drip(&["init"])
        .exits(0)
        .says(&["requirements.txt: starts with python3 app.py", "exposes port 8080"]);
    scene.drip(&[&["run"], &BRIEF[..]].concat()).prints(&["(python3 app.py)"]);
    scene.write("drip.toml", "# mine");
    scene.drip(&["init"]).exits(2).says(&["drip.toml", "exists"]);
    assert_eq!(scene.read("drip.toml"), "# mine");
}

#[test]
fn every_comment_of_the_file_is_a_setting_that_there_is() {
    let scene = Scene::new();
    scene.drip(&["init"]).exits(0);
    let uncommented = |line: &str| match line.strip_prefix("# ") {
        Some(setting) if setting.contains(" = ") || setting.starts_with("[[") => setting.to_owned(),
        _ => line.to_owned(),
    };
    let text: Vec<_> = scene.read("drip.toml").lines().map(uncommented).collect();
    scene.write("drip.toml", text.join("\n"));
    scene.drip(&["run", "--users", "none"]).exits(2).says(&["--users"]).never_tells("drip.toml");
}
