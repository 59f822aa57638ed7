//! How live memory is read, as a user meets it: what is said, what is touched, what is left.

use nix::sys::signal::Signal;

use crate::drip::{APP, BRIEF, SHORT, Scene, saved, vector, wait_gone, wait_until, words};

/// Keeps 20 kB of each request, and tells its environment once.
const LEAKING: &str = r#"
kept = []
note("pids", os.getpid())
note("environment", "\n".join(sorted(os.environ)))

def answer(r):
    kept.append(bytes(20000))
    r.answer()

serve(answer)
"#;

/// Variables by which a service is prepared.
const OURS: [&str; 6] = ["DRIP_FLOOR", "PYTHONPATH", "NODE_OPTIONS", "RUBYOPT", "GODEBUG", "LD_PRELOAD"];

fn leaking() -> Scene {
    let scene = Scene::new();
    scene.python(LEAKING);
    scene
}

/// Why live memory was not read, as the saved document says it.
fn refused(scene: &Scene) -> String {
    let document = saved(&scene.path("out.json"));
    let doubts = vector(&document)["doubts"].as_array().unwrap().clone();
    let found = doubts.into_iter().find(|doubt| doubt["kind"] == "floor-not-available");
    found.unwrap_or_else(|| panic!("{document:#}"))["message"].as_str().unwrap().to_owned()
}

fn folders(scene: &Scene) -> Vec<String> {
    let entries = std::fs::read_dir(scene.path("")).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let names = folders.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("drip-")).collect()
}

#[test]
fn a_python_service_is_judged_by_what_is_left_after_a_collection() {
    let scene = leaking();
    let done = scene.run_app(&[&SHORT, &["-o", "out.json"]]);
    done.prints(&["live heap after a forced collection (python-hook;"]);
    let document = saved(&scene.path("out.json"));
    let found = vector(&document);
    assert_eq!((&found["verdict"], &found["signal"]), (&"leaking".into(), &"live_heap".into()), "{done}");
    assert_eq!(document["service"]["floor"]["name"], "python-hook");
    assert!(found["longestReadingSeconds"].as_f64().unwrap() > 0.0);
    assert!(found["serviceCpuSecondsPerRequest"].as_f64().unwrap() > 0.0);
    let names: Vec<_> = found["gauges"].as_array().unwrap().iter().map(|gauge| &gauge["name"]).collect();
    assert!(names.contains(&&"descriptors".into()) && names.contains(&&"threads".into()), "{names:?}");
}

#[test]
fn nothing_of_ours_is_left_in_the_temporary_folder() {
    let scene = leaking();
    let running = scene.start(&words("run", &[&BRIEF], &APP));
    scene.wait_for("pids");
    assert_eq!(folders(&scene).len(), 1, "the private folder of a run");
    running.end();
    assert_eq!(folders(&scene), [""; 0]);
}

#[test]
fn nothing_of_ours_is_left_even_when_drip_is_killed() {
    let scene = leaking();
    let running = scene.start(&words("run", &[&["--budget", "10m", "--dose", "60s"]], &APP));
    let service = scene.processes(1);
    running.send(Signal::SIGKILL);
    running.end();
    wait_gone(&service);
    wait_until("the folder is gone", || folders(&scene).is_empty());
}

#[test]
fn no_attach_leaves_the_environment_alone_and_says_what_that_costs() {
    let scene = leaking();
    scene.run_app(&[&BRIEF, &["--no-attach", "-o", "out.json"]]);
    let doubt = refused(&scene);
    assert!(doubt.contains("--no-attach leaves the service untouched"), "{doubt}");
    assert!(doubt.contains("needs more requests for the same certainty"), "{doubt}");
    let environment = scene.read("environment");
    for name in OURS {
        assert!(!environment.lines().any(|line| line == name), "{name} in {environment}");
    }
    assert!(saved(&scene.path("out.json"))["service"].get("floor").is_none());
}

#[test]
fn a_service_that_replaces_its_environment_falls_to_the_next_signal_with_the_reason() {
    let scene = leaking();
    scene.write("start.sh", "exec env -i PATH=\"$PATH\" HOME=\"$HOME\" PORT=$PORT python3 app.py\n");
    scene.run(&[&BRIEF, &["-o", "out.json"]], &["sh", "start.sh"]);
    let doubt = refused(&scene);
    assert!(doubt.contains("was started with another environment"), "{doubt}");
    assert_eq!(vector(&saved(&scene.path("out.json")))["signal"], "anon");
}

#[test]
fn an_interpreter_that_is_told_to_load_nothing_falls_to_the_next_signal_with_the_reason() {
    let scene = leaking();
    let script = format!("import sys; sys.path.insert(0, {:?}); import app", scene.arg(""));
    scene.write("isolated.py", script);
    scene.run(&[&BRIEF, &["-o", "out.json"]], &["python3", "-I", "isolated.py"]);
    let doubt = refused(&scene);
    assert!(doubt.contains("-I"), "{doubt}");
}

#[test]
fn of_two_runtimes_in_one_tree_the_one_that_answers_is_read() {
    let scene = leaking();
    let parent = "require('child_process').spawn('python3', ['app.py'], { stdio: 'inherit' })\n";
    scene.write("parent.js", parent);
    scene.run(&[&BRIEF, &["-o", "out.json"]], &["node", "parent.js"]);
    let document = saved(&scene.path("out.json"));
    assert_eq!(document["service"]["runtime"], "python", "{document:#}");
    assert_eq!(document["service"]["floor"]["name"], "python-hook");
}

#[test]
fn a_folder_too_deep_for_a_socket_is_not_used() {
    let scene = leaking();
    let deep = scene.path(&"a".repeat(100));
    std::fs::create_dir(&deep).unwrap();
    let mut drip = scene.drip_command(&["doctor", "--format", "json", "--", APP[0], APP[1]]);
    let done = scene.spawn(drip.env("TMPDIR", &deep)).end();
    let document: serde_json::Value = serde_json::from_str(&done.exits(0).stdout).unwrap();
    assert_eq!(document["service"]["floor"]["name"], "python-hook", "{document:#}");
    assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 0, "something was left there");
}

#[test]
fn a_service_that_changes_its_user_is_still_read() {
    let scene = Scene::new();
    // Only root can; anybody else stays who they are.
    let become_nobody = "if os.getuid() == 0:\n    os.setgid(65534); os.setuid(65534)\n";
    scene.python(&format!("listen(lambda r: r.answer())\n{become_nobody}threading.Event().wait()\n"));
    let done = scene.drip(&["doctor", "--format", "json", "--", APP[0], APP[1]]);
    let document: serde_json::Value = serde_json::from_str(&done.exits(0).stdout).unwrap();
    assert_eq!(document["service"]["floor"]["name"], "python-hook", "{document:#}");
}

#[test]
fn a_service_that_dies_of_what_was_prepared_is_started_without_it() {
    let scene = leaking();
    let picky =
        "case \"$NODE_OPTIONS\" in *debug_port*) echo 'that is not allowed in NODE_OPTIONS'; exit 9;; esac\n";
    scene.write("start.sh", format!("{picky}exec python3 app.py\n"));
    let done = scene.drip(&["doctor", "--", "sh", "start.sh"]);
    done.exits(4).prints(&["LESS CERTAIN", "did not start with what its hook needs"]);
}
