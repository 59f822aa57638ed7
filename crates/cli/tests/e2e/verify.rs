//! A finding that was saved is looked for again, in codes that `git bisect run` reads.

use crate::drip::{BRIEF, Done, SHORT, Scene, saved, words};

const COMMAND: [&str; 2] = ["node", "app.js"];
/// Each path keeps what its branch says.
const SERVICE: &str = "const kept = []; require('http').createServer((request, answer) => { KEEP answer.end('ok'); })\
                       .listen(process.env.PORT, '127.0.0.1');";
const KEEPS: &str = "if (request.url === '/data') kept.push(Buffer.alloc(20000, 1));";

fn service(scene: &Scene, keep: &str) {
    scene.write("app.js", SERVICE.replace("KEEP", keep));
}

/// A folder with a leaking service, and the result that says so.
fn leaking(options: &[&str]) -> Scene {
    let scene = Scene::new();
    service(&scene, KEEPS);
    let asked = ["--path", "/data", "-o", "leak.json"];
    scene.run(&[&asked, &SHORT, options], &COMMAND).exits(1);
    scene
}

fn verify(scene: &Scene, further: &[&str]) -> Done {
    scene.drip(&[&["verify", "leak.json", "DRIP001"], further].concat())
}

#[test]
fn a_leak_is_still_there_until_it_is_mended() {
    let scene = leaking(&["--seed", "7"]);
    let document = saved(&scene.path("leak.json"));
    let asked = document["replay"]["words"].as_array().unwrap();
    assert!(asked.contains(&"--seed=7".into()) && asked.contains(&"--path=/data".into()), "{asked:?}");
    verify(&scene, &[]).exits(1).prints(&["DRIP001 is still there: Memory grows by"]);
    service(&scene, "");
    verify(&scene, &["-o", "fixed.json"]).exits(0).prints(&["DRIP001 is gone: "]);
    assert_eq!(saved(&scene.path("fixed.json"))["settings"]["seed"], 7);
}

#[test]
fn what_cannot_be_measured_is_neither_gone_nor_there() {
    let scene = leaking(&[]);
    scene.write("app.js", "throw new Error('half a commit')");
    verify(&scene, &[]).exits(125).says(&["half a commit"]);
    service(&scene, "");
    verify(&scene, &["--requests", "40", "--budget", "5s"]).exits(125).prints(&["may be gone or not"]);
    let missing = verify(&scene, &["--", "./not-built-in-this-commit"]);
    missing.exits(125).says(&["not-built-in-this-commit"]);
}

#[test]
fn wrong_words_stop_a_bisect() {
    let scene = Scene::answering("r.answer()");
    scene.run_app(&[&["-o", "leak.json"], &BRIEF]);
    verify(&scene, &[]).exits(129).says(&["it has no DRIP001; it has no finding"]);
    scene.drip(&["verify", "missing.json", "DRIP001"]).exits(129).says(&["missing.json"]);
    scene.drip(&["verify", "leak.json"]).exits(129).says(&["<FINDING>"]);
}

#[test]
fn a_secret_is_not_in_the_result_and_is_asked_for_again() {
    let scene = leaking(&["-H", "Authorization: Bearer hush-hush"]);
    assert!(!scene.read("leak.json").contains("hush-hush"));
    verify(&scene, &[]).exits(129).says(&["--header Authorization, which may be a secret; say it again"]);
    let keeps = KEEPS.replace("'/data'", "'/data' && request.headers.authorization === 'Bearer hush-hush'");
    service(&scene, &keeps);
    verify(&scene, &["-H", "Authorization: Bearer hush-hush"]).exits(1).never_tells("hush-hush");
}

#[test]
fn only_what_showed_it_is_asked_again() {
    let scene = Scene::new();
    service(&scene, KEEPS);
    let asked = ["--path", "/data", "--path", "/calm", "-o", "leak.json"];
    scene.run(&[&asked, &SHORT[..4], &["--budget", "40s"]], &COMMAND).exits(1);
    verify(&scene, &["-o", "again.json"]).exits(1);
    let again = saved(&scene.path("again.json"));
    assert_eq!(again["vectors"].as_array().unwrap().len(), 1);
    assert_eq!(again["vectors"][0]["endpoint"], "GET /data");
}

/// `git` in a scene, as nobody in particular.
fn git(scene: &Scene, arguments: &[&str]) -> Done {
    let mut command = scene.command("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments);
    scene.spawn(&mut command).end()
}

#[test]
fn a_bisect_finds_the_commit_that_leaks() {
    let scene = Scene::new();
    scene.write(".gitignore", "*.json\n*.log\n");
    git(&scene, &["init", "--quiet", "--initial-branch=main"]).exits(0);
    for (name, keep) in
        [("first", ""), ("calm", "/* calm */"), ("guilty", KEEPS), ("last", &format!("/* last */ {KEEPS}"))]
    {
        service(&scene, keep);
        git(&scene, &["add", "."]).exits(0);
        git(&scene, &["commit", "--quiet", "-m", name]).exits(0);
    }
    scene.drip(&words("run", &[&["--path", "/data", "-o", "leak.json"], &SHORT], &COMMAND)).exits(1);
    git(&scene, &["bisect", "start", "HEAD", "HEAD~3"]).exits(0);
    let drip = env!("CARGO_BIN_EXE_drip");
    let done = git(&scene, &["bisect", "run", drip, "verify", "leak.json", "DRIP001"]);
    done.exits(0).prints(&["is the first"]);
    assert_eq!(
        git(&scene, &["log", "-1", "--format=%s", "refs/bisect/bad"]).stdout.trim(),
        "guilty",
        "{done}"
    );
}
