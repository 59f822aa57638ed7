//! `drip run`: how a service is started, and found.

use std::net::{Ipv4Addr, TcpListener};

use nix::sys::signal::Signal;

use crate::drip::{APP, BRIEF, Scene, port, saved, vector, wait_gone, wait_until, words};

#[test]
fn a_command_that_does_not_exist_is_named() {
    let scene = Scene::new();
    scene.run(&[], &["no-such-server", "--port", "1"]).exits(2).says(&["no-such-server"]);
    scene.write("plain.txt", "not a program");
    scene.run(&[], &["./plain.txt"]).exits(2).says(&["./plain.txt"]);
}

#[test]
fn a_service_that_exits_at_once_is_shown_with_its_last_words() {
    let script = "echo reading config.toml; echo 'config.toml: no such file' >&2; exit 7";
    let done = Scene::new().run(&[], &["sh", "-c", script]);
    done.exits(3).says(&["exit status 7", "| reading config.toml", "| config.toml: no such file"]);
}

#[test]
fn a_service_that_never_listens_is_shown_with_its_last_words() {
    let scene = Scene::new();
    let script = "echo $$ >pids; echo waiting for the database; exec sleep 600";
    let done = scene.run(&[&["--ready-timeout", "1s"]], &["sh", "-c", script]);
    done.exits(3).says(&["within 1 s", "opened no port", "--ready-timeout", "| waiting for the database"]);
    assert_eq!(scene.processes(0), []);
}

#[test]
fn a_failed_run_leaves_a_document_that_says_so() {
    let scene = Scene::new();
    scene.run(&[&["-o", "out.json"]], &["sh", "-c", "exit 7"]).exits(3);
    let document = saved(&scene.path("out.json"));
    assert_eq!(document["status"], "failed");
    assert!(document["doubts"][0]["message"].as_str().unwrap().contains("exit status 7"), "{document:#}");
}

const READY_WITH_FILE: &str = r#"note(r.path.strip("/"))
r.answer(200 if r.path != "/health" or os.path.exists("open") else 503)"#;

#[test]
fn the_readiness_path_is_waited_for() {
    let scene = Scene::answering(READY_WITH_FILE);
    let options = [&["--ready-path", "/health", "--path", "/data"], BRIEF.as_slice()];
    let running = scene.start(&words("run", &options, &APP));
    wait_until("the readiness path was asked twice", || scene.read("health").lines().count() > 1);
    assert!(!scene.exists("data"), "load began before the service was ready");
    scene.write("open", "");
    running.end().prints(&["GET /data"]);
    assert!(scene.exists("data"));
}

#[test]
fn a_service_that_never_gets_ready_is_told_with_its_answer() {
    let scene = Scene::answering(READY_WITH_FILE);
    let done = scene.run_app(&[&["--ready-path", "/health", "--ready-timeout", "1s"]]);
    done.exits(3).says(&["/health answers 503", "--ready-timeout"]);
}

#[test]
fn a_port_that_somebody_else_has_is_named_with_its_owner() {
    let scene = Scene::new();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port())).unwrap();
    let number = taken.local_addr().unwrap().port().to_string();
    let done = scene.run(&[&["--port", &number]], &["touch", "started"]);
    done.exits(2).says(&[&number, &format!("process {}", std::process::id())]);
    assert!(!scene.exists("started"));
}

#[test]
fn of_two_ports_that_answer_one_must_be_named() {
    let scene = Scene::new();
    let (first, second) = (port().to_string(), port().to_string());
    scene.python(&format!(
        "def answer(r):\n    r.answer()\n\nlisten(answer, {first})\nserve(answer, {second})\n"
    ));
    scene.run_app(&[]).exits(2).says(&["--port", &first, &second]);
    let done = scene.run_app(&[&["--port", &second, "--format", "json"], &BRIEF]);
    assert_eq!(done.document()["url"], format!("http://127.0.0.1:{second}"), "{done}");
}

#[test]
fn a_service_is_given_its_port() {
    let scene = Scene::answering("note('port', os.environ['PORT'])\nr.answer()");
    let number = port().to_string();
    let done = scene.run_app(&[&["--port", &number, "--format", "json"], &BRIEF]);
    assert_eq!(done.document()["url"], format!("http://127.0.0.1:{number}"), "{done}");
    assert_eq!(scene.read("port").lines().next(), Some(number.as_str()));
}

#[test]
fn a_service_without_a_named_port_is_found_where_it_listens() {
    let scene = Scene::answering("note('port', os.environ['PORT'])\nr.answer()");
    let done = scene.run_app(&[&["--format", "json"], &BRIEF]);
    let given = scene.read("port").lines().next().unwrap().to_owned();
    assert_eq!(done.document()["url"], format!("http://127.0.0.1:{given}"), "{done}");
}

/// Ignores `PORT`, and listens elsewhere for what is not HTTP: on one port it greets, on the other it is silent.
const FIXED: &str = r#"
import socket

def greet(server):
    while True:
        client, _ = server.accept()
        client.sendall(b"220 mail.example ESMTP\r\n")
        client.close()

mail = socket.create_server(("127.0.0.1", MAIL))
threading.Thread(target=greet, args=(mail,), daemon=True).start()
silent = socket.create_server(("127.0.0.1", SILENT))
serve(lambda r: r.answer(), HTTP)
"#;

#[test]
fn a_service_on_a_fixed_port_is_found_beside_ports_that_speak_no_http() {
    let scene = Scene::new();
    let [mail, silent, http] = [port(), port(), port()].map(|port| port.to_string());
    scene.python(&FIXED.replace("MAIL", &mail).replace("SILENT", &silent).replace("HTTP", &http));
    let done = scene.run_app(&[&["--format", "json"], &BRIEF]);
    assert_eq!(done.document()["url"], format!("http://127.0.0.1:{http}"), "{done}");
    assert!(vector(&done.document())["requests"].as_u64().unwrap() > 0);
}

#[test]
fn a_service_that_hangs_on_the_question_whether_it_is_ready_is_told_how_to_say_so() {
    let scene = Scene::answering("if r.path == '/':\n    time.sleep(600)\nr.answer()");
    let done = scene.run_app(&[&["--ready-timeout", "1s", "--path", "/data"]]);
    done.exits(3).says(&["no answer", "--ready-path"]);
}

#[test]
fn a_runner_that_leaves_its_service_in_the_background_is_followed() {
    let scene = Scene::answering("r.answer()");
    let done = scene.run(&[&["--format", "json"], &BRIEF], &["sh", "-c", "python3 app.py & exit 0"]);
    assert!(vector(&done.document())["requests"].as_u64().unwrap() > 0, "{done}");
}

#[test]
fn a_service_that_waits_for_ever_does_not_outlive_an_impatient_user() {
    let scene = Scene::new();
    let running = scene.start(&["run", "--", "sh", "-c", "echo $$ >>pids; exec sleep 600"]);
    let service = scene.processes(1);
    running.send(Signal::SIGINT);
    running.end().exits(130).says(&["interrupted"]);
    wait_gone(&service);
}
