//! Whatever becomes of a run, nothing of its service is left behind, and what was measured is kept.

use std::path::Path;

use nix::sys::signal::Signal;

use crate::drip::{APP, BRIEF, Running, SHORT, Scene, saved, vector, wait_gone, words};

/// A runner with a child that ignores `TERM`, one in a session of its own, and the service.
const FAMILY: &str = r#"
echo $$ >>pids
sh -c 'trap "" TERM; echo $$ >>pids; while :; do sleep 0.2; done' &
setsid sh -c 'echo $$ >>pids; exec sleep 600' &
python3 app.py &
wait
"#;
const FAMILY_SIZE: usize = 4;

/// Tells on which path it was asked, and its number.
const APP_BODY: &str = r#"
note("pids", os.getpid())

def answer(r):
    if r.path == "/data" and not os.path.exists("under-load"):
        note("under-load")
    r.answer()

serve(answer)
"#;

fn family() -> Scene {
    let scene = Scene::new();
    scene.write("family.sh", FAMILY);
    scene.python(APP_BODY);
    scene
}

const RUN_FAMILY: [&str; 2] = ["sh", "family.sh"];

/// A run that goes on until somebody ends it, and is under load now.
fn under_load(scene: &Scene, command: &[&str]) -> Running {
    let options = ["--path", "/data", "--users", "4", "--budget", "10m", "--dose", "60s", "-o", "out.json"];
    let running = scene.start(&words("run", &[&options], command));
    scene.wait_for("under-load");
    running
}

fn assert_partial(scene: &Scene) {
    let document = saved(&scene.path("out.json"));
    assert_eq!(document["status"], "partial", "{document:#}");
    assert!(vector(&document)["requests"].as_u64().unwrap() > 0, "{document:#}");
}

#[test]
fn nothing_is_left_after_a_run() {
    let scene = family();
    let running = scene.start(&words("run", &[&["--path", "/data"], &BRIEF], &RUN_FAMILY));
    let family = scene.processes(FAMILY_SIZE);
    running.end().prints(&["GET /data"]);
    assert!(!family.iter().any(drip_proc::is_alive), "something outlived the run");
}

#[test]
fn nothing_is_left_after_ctrl_c_and_what_was_measured_is_kept() {
    let scene = family();
    let running = under_load(&scene, &RUN_FAMILY);
    let family = scene.processes(FAMILY_SIZE);
    running.send(Signal::SIGINT);
    running.end().exits(130).prints(&["partial"]);
    assert!(!family.iter().any(drip_proc::is_alive), "something outlived the run");
    assert_partial(&scene);
}

#[test]
fn nothing_is_left_after_term_and_what_was_measured_is_kept() {
    let scene = family();
    let running = under_load(&scene, &APP);
    let service = scene.processes(1);
    running.send(Signal::SIGTERM);
    running.end().exits(143).prints(&["partial"]);
    assert!(!service.iter().any(drip_proc::is_alive), "something outlived the run");
    assert_partial(&scene);
}

#[test]
fn nothing_is_left_after_kill_9() {
    let scene = family();
    let running = under_load(&scene, &RUN_FAMILY);
    let family = scene.processes(FAMILY_SIZE);
    running.send(Signal::SIGKILL);
    wait_gone(&family);
}

/// Notes that it was asked to end, and goes on.
const STUBBORN: &str = r#"
import signal
signal.signal(signal.SIGTERM, lambda *_: note("asked-to-end"))
"#;

#[test]
fn a_second_ctrl_c_does_not_wait_for_a_stubborn_service() {
    let scene = Scene::new();
    scene.python(&format!("{STUBBORN}{APP_BODY}"));
    let running = under_load(&scene, &APP);
    let service = scene.processes(1);
    running.send(Signal::SIGINT);
    scene.wait_for("asked-to-end");
    running.send(Signal::SIGINT);
    running.end().exits(130);
    assert!(service.iter().all(drip_proc::is_alive), "drip waited for the end of the service");
    wait_gone(&service);
}

#[test]
fn a_service_behind_npm_is_measured_and_ended() {
    let scene = Scene::new();
    scene.write(
        "package.json",
        r#"{ "name": "shop", "version": "1.0.0", "scripts": { "start": "node app.js" } }"#,
    );
    scene.write(
        "app.js",
        "require('fs').appendFileSync('pids', process.pid + '\\n');
         require('http').createServer((_, answer) => answer.end('ok')).listen(process.env.PORT, '127.0.0.1');",
    );
    let running = scene.start(&words("run", &[&["--format", "json"], &BRIEF], &["npm", "start"]));
    let service = scene.processes(1);
    let done = running.end();
    assert!(!service.iter().any(drip_proc::is_alive), "the service outlived the run");
    let document = done.document();
    assert_eq!(document["service"]["pid"], service[0].pid, "{document:#}");
    assert_eq!(document["service"]["runtime"], "node");
}

#[test]
fn what_the_service_prints_goes_to_its_log_only() {
    let scene = Scene::answering(
        "print('a line to stdout', flush=True)\nprint('a line to stderr', file=sys.stderr)\nr.answer()",
    );
    let done = scene.run_app(&[&["--format", "json"], &BRIEF]);
    done.never_tells("a line to");
    let log = done.document()["service"]["log"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(Path::new(&log)).unwrap();
    assert!(text.contains("a line to stdout\n") && text.contains("a line to stderr\n"), "{log}: {text:.500}");
}

#[test]
fn the_log_goes_where_the_user_says() {
    let scene = Scene::answering("print('hello', flush=True)\nr.answer()");
    let log = scene.arg("service.log");
    let done = scene.run_app(&[&["--service-log", &log], &SHORT, &["--requests", "50"]]);
    done.prints(&[&log]);
    assert!(scene.read("service.log").contains("hello"));
}
