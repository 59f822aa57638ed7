//! What is written where: data to stdout, words to stderr, the document to a file, colours to terminals.

use serde_json::Value;

use crate::drip::{APP, BRIEF, Done, SHORT, Scene, saved, wait_until, words};

const SCHEMA: &str = include_str!("../../../../docs/schema/drip.report-1.schema.json");

const NODE: &str =
    "require('http').createServer((_, answer) => answer.end('ok')).listen(process.env.PORT, '127.0.0.1');";

#[track_caller]
fn assert_valid(document: &Value) {
    let validator = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let errors: Vec<_> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {document:#}");
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_anything_starts() {
    let scene = Scene::new();
    scene.write("file", "");
    for output in ["no-such-folder/out.json", "file/out.json", "."] {
        let done = scene.run(&[&["-o", output]], &["touch", "started"]);
        done.exits(2).says(&[output, "nothing was started"]);
    }
    assert!(!scene.exists("started"));
}

#[test]
fn an_output_that_cannot_be_written_in_the_end_loses_nothing() {
    let scene = Scene::answering("if os.path.isdir('results'):\n    os.rmdir('results')\nr.answer()");
    std::fs::create_dir(scene.path("results")).unwrap();
    let done = scene.run_app(&[&["-o", "results/out.json"], &BRIEF]);
    done.exits(2).prints(&["GET /"]).says(&["results/out.json"]).never_tells("nothing was started");
}

#[test]
fn an_output_that_exists_is_replaced_only_by_a_result() {
    let scene = Scene::answering("r.answer()");
    scene.write("out.json", "yesterday");
    scene.run(&[&["-o", "out.json", "--port", "x"]], &["true"]).exits(2);
    assert_eq!(scene.read("out.json"), "yesterday");
    scene.run_app(&[&["-o", "out.json"], &BRIEF]);
    assert_valid(&saved(&scene.path("out.json")));
}

#[test]
fn json_is_one_valid_document_and_nothing_else() {
    let scene = Scene::answering("r.answer()");
    let done = scene.run_app(&[&["--format", "json", "-o", "out.json"], &BRIEF]);
    assert_valid(&done.document());
    assert_eq!(done.document(), saved(&scene.path("out.json")));
    assert!(!done.stderr.contains(['{', '\u{1b}']), "{done}");
}

#[test]
fn json_of_a_failed_run_is_valid_too() {
    let done = Scene::new().run(&[&["--format", "json"]], &["no-such-server"]);
    assert_valid(&done.exits(2).document());
    assert!(!done.stderr.contains('{'), "{done}");
}

#[test]
fn a_saved_result_renders_as_the_live_one_did() {
    let scene = Scene::answering("r.answer()");
    let live = scene.run_app(&[&["-o", "out.json"], &BRIEF]);
    assert_eq!(scene.drip(&["report", "out.json"]).exits(0).stdout, live.stdout);
    let json = scene.drip(&["report", "out.json", "--format", "json"]);
    assert_eq!(json.document(), saved(&scene.path("out.json")));
}

#[test]
fn several_reports_are_saved_at_once_and_again_from_the_document() {
    let scene = Scene::answering("r.answer()");
    let formats = ["markdown", "ndjson", "sarif", "junit", "csv", "github", "html"];
    let reports = |folder: &str| formats.map(|format| format!("{format}={folder}.{format}"));
    let live = reports("live");
    let options: Vec<_> = live.iter().flat_map(|report| ["--report", report]).collect();
    scene.run_app(&[&["-o", "out.json"], &options, &BRIEF]);
    let later = reports("later");
    let options = later.iter().flat_map(|report| ["--report", report]);
    scene.drip(&["report", "out.json"].into_iter().chain(options).collect::<Vec<_>>()).exits(0);
    for format in formats {
        let live = scene.read(&format!("live.{format}"));
        assert!(!live.is_empty(), "{format}");
        assert_eq!(live, scene.read(&format!("later.{format}")), "{format}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_starts() {
    let scene = Scene::new();
    let done = scene.run(&[&["--report", "sarif=no-such-folder/out.sarif"]], &["touch", "started"]);
    done.exits(2).says(&["--report no-such-folder/out.sarif", "nothing was started"]);
    scene
        .run(&[&["--report", "pdf=out.pdf"]], &["touch", "started"])
        .exits(2)
        .says(&["pdf", "markdown, sarif"]);
    assert!(!scene.exists("started"));
}

#[test]
fn what_is_no_result_cannot_be_rendered() {
    let scene = Scene::new();
    scene.write("half.json", r#"{ "schema": "drip.report/1", "id": "#);
    scene.write("other.json", r#"{ "schema": "drip.report/9" }"#);
    scene.drip(&["report", "missing.json"]).exits(2).says(&["missing.json"]);
    std::fs::File::create(scene.path("huge.json")).unwrap().set_len(500 << 20).unwrap();
    scene.drip(&["report", "half.json"]).exits(2).says(&["half.json", "the file was cut"]);
    scene.drip(&["report", "huge.json"]).exits(2).says(&["huge.json", "larger than 64 MiB"]);
    scene.drip(&["report", "other.json"]).exits(2).says(&["other.json", "drip.report/9"]);
}

#[test]
fn a_healthy_run_is_quiet_when_it_is_told_to_be() {
    let scene = Scene::new();
    scene.write("app.js", NODE);
    let done = scene.run(&[&["--quiet"], &SHORT[..4], &["--budget", "60s"]], &["node", "app.js"]);
    assert_eq!(done.exits(0).stderr, "", "{done}");
}

/// `drip` on a terminal of its own: both of its streams in one.
fn on_terminal(scene: &Scene, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let pty = "import pty, sys, os; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let mut command = scene.command("python3");
    command.args(["-c", pty, env!("CARGO_BIN_EXE_drip")]).args(arguments);
    scene.spawn(command.envs(variables.iter().copied())).end()
}

#[test]
fn colours_are_for_terminals_whose_owner_wants_them() {
    let scene = Scene::answering("r.answer()");
    scene.run_app(&[&["-o", "out.json"], &BRIEF]);
    let shown = |arguments: &[&str], variables: &[(&str, &str)]| {
        on_terminal(&scene, &[&["report", "out.json"], arguments].concat(), variables)
    };
    shown(&[], &[]).exits(0).prints(&["\u{1b}[", "GET /"]);
    shown(&["--no-color"], &[]).exits(0).prints(&["GET /"]).never_tells("\u{1b}");
    shown(&[], &[("NO_COLOR", "1")]).exits(0).prints(&["GET /"]).never_tells("\u{1b}");
    let dumb = shown(&[], &[("TERM", "dumb")]);
    dumb.exits(0).prints(&["GET /"]).never_tells("\u{1b}");
    assert!(dumb.stdout.is_ascii(), "{dumb}");
}

#[test]
fn progress_is_for_terminals_whose_owner_wants_it() {
    let scene = Scene::answering("r.answer()");
    let loud = words("run", &[&BRIEF], &APP);
    let quiet = words("run", &[&["--quiet"], &BRIEF], &APP);
    on_terminal(&scene, &loud, &[]).prints(&["GET /: dose 2 of"]);
    on_terminal(&scene, &quiet, &[]).prints(&["GET /"]).never_tells("dose 2 of");
    scene.drip(&loud).prints(&["GET /"]).never_tells("dose 2 of");
}

#[test]
fn a_pipe_gets_no_escape_codes() {
    let done = Scene::answering("r.answer()").run_app(&[&BRIEF]);
    done.prints(&["GET /"]).never_tells("\u{1b}");
}

#[test]
fn a_service_cannot_write_to_the_readers_terminal() {
    let scene = Scene::new();
    let done = scene.run(&[], &["printf", r"\033[2J\033]0;title\007 hello\n"]);
    done.exits(3).says(&["hello"]).never_tells("\u{1b}");
}

#[test]
fn a_reader_that_hangs_up_is_no_error() {
    let scene = Scene::answering("r.answer()");
    scene.run_app(&[&["-o", "out.json"], &BRIEF]);
    let script = format!("{} report out.json; echo $? >code", env!("CARGO_BIN_EXE_drip"));
    let piped = format!("( {script} ) | true");
    scene.spawn(scene.command("sh").args(["-c", &piped])).end().exits(0);
    scene.wait_for("code");
    wait_until("the exit code is written", || scene.read("code") == "0\n");
}
