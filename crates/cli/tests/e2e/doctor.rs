//! `drip doctor`: what can be measured, before a request is sent.

use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::drip::{APP, Done, Scene, port, wait_gone, words};

const IDLE: &str = "note(\"pids\", os.getpid())\nserve(lambda r: r.answer())\n";

fn idle() -> Scene {
    let scene = Scene::new();
    scene.python(IDLE);
    scene
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[test]
fn it_lists_every_runtime_and_what_a_reading_costs() {
    let done = Scene::new().drip(&["doctor"]);
    done.exits(0).prints(&["Node.js", "Python", "Go", "Java", "Ruby", "cost:", "Memory"]);
}

#[test]
fn it_starts_a_service_reads_it_and_stops_it() {
    let scene = idle();
    let done = scene.drip(&["doctor", "--format", "json", "--", APP[0], APP[1]]);
    done.exits(0);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(document["schema"], "drip.doctor/1");
    let service = &document["service"];
    assert_eq!(service["floor"]["name"], "python-hook", "{service:#}");
    assert!(service["valueBytes"].as_u64().unwrap() > 1_000_000, "{service:#}");
    assert!(service["longestReadingSeconds"].as_f64().unwrap() > 0.0);
    assert!(names(&service["gauges"]).contains(&"descriptors"), "{service:#}");
    assert!(!service["limits"].as_array().unwrap().is_empty());
    let listens = service["processes"].as_array().unwrap().iter().find(|process| process["listens"] == true);
    assert_eq!(listens.unwrap()["runtime"], "python");
    let pids = scene.read("pids");
    assert!(drip_proc::identity(pids.trim().parse().unwrap()).is_none(), "the service was left behind");
}

#[test]
fn a_service_that_may_not_be_touched_is_less_certain_and_a_script_can_tell() {
    let scene = idle();
    let done = scene.drip(&["doctor", "--no-attach", "--", APP[0], APP[1]]);
    done.exits(4).prints(&["LESS CERTAIN", "anonymous memory", "--no-attach leaves the service untouched"]);
}

#[test]
fn a_process_that_runs_is_looked_at_and_goes_on() {
    let scene = idle();
    let port = port();
    let app = scene.serve(port);
    let pid = app.pid().to_string();
    let done = scene.drip(&["doctor", "--pid", &pid]);
    done.exits(4).prints(&[&format!("http://127.0.0.1:{port}"), "only when Drip starts"]);
    let process = drip_proc::identity(app.pid()).unwrap();
    app.send(nix::sys::signal::Signal::SIGTERM);
    app.end();
    wait_gone(&[process]);
}

#[test]
fn what_cannot_be_found_is_named() {
    let scene = Scene::new();
    let silent = scene.spawn(scene.command("sleep").arg("60"));
    let pid = silent.pid().to_string();
    scene.drip(&["doctor", "--pid", &pid]).exits(2).says(&["--pid", "listens on a TCP port"]);
    silent.send(nix::sys::signal::Signal::SIGTERM);
    silent.end();
    scene.drip(&["doctor", "--", "no-such-program"]).exits(2).says(&["command not found: no-such-program"]);
}

/// `drip doctor --format json OPTIONS -- COMMAND` here, and what it says of the service.
fn looked_at(scene: &Scene, options: &[&str], command: &[&str]) -> (Done, Value) {
    let done = scene.drip(&words("doctor", &[&["--format", "json"], options], command));
    let document: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{done}"));
    (done, document["service"].clone())
}

fn check_floor(scene: &Scene, options: &[&str], command: &[&str], floor: &str) -> Value {
    let (done, service) = looked_at(scene, options, command);
    done.exits(0);
    assert_eq!(service["floor"]["name"], floor, "{service:#}");
    service
}

mod go {
    use super::*;

    const SERVER: &str = r#"package main

import (
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("ok")) })
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
"#;

    #[test]
    fn what_the_command_builds_is_read_by_an_overlay_and_nothing_of_the_build_is_left() {
        let scene = Scene::new();
        // Not in the folder itself: as that of temporary files it can hold no module.
        std::fs::create_dir(scene.path("app")).unwrap();
        scene.write("app/go.mod", "module example.com/app\n\ngo 1.19\n");
        scene.write("app/main.go", SERVER);
        let service = check_floor(&scene, &[], &["sh", "-c", "cd app && exec go run ."], "go-overlay");
        assert!(service["valueBytes"].as_u64().unwrap() > 100_000, "{service:#}");
        let left = std::fs::read_dir(scene.path("")).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("go-build")).collect();
        assert_eq!(left, [""; 0]);
    }

    #[test]
    fn a_ready_binary_is_read_by_its_trace_once_it_collects() {
        let scene = Scene::new();
        let fixtures = std::env::var("DRIP_FIXTURES").expect("run these tests by: cargo xtask test");
        let service = check_floor(&scene, &[], &[&format!("{fixtures}/go/fixed")], "go-gctrace");
        assert_eq!(service["signal"], "heap_after_gc");
    }
}

mod jvm {
    use super::*;

    const SERVER: &str = r#"
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

class Server {
    public static void main(String[] words) throws Exception {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write(new byte[] {'o', 'k'});
            exchange.close();
        });
        server.start();
    }
}
"#;

    #[test]
    fn a_virtual_machine_is_read_by_its_attach_listener_and_tells_its_limit() {
        let scene = Scene::new();
        scene.write("Server.java", SERVER);
        let service = check_floor(&scene, &[], &["java", "-Xmx128m", "Server.java"], "jvm-attach");
        let limits = service["limits"].to_string();
        assert!(limits.contains("the heap limit set by a flag") && limits.contains("134217728"), "{limits}");
    }
}

mod ruby {
    use super::*;

    const SERVER: &str = r#"
require "socket"
server = TCPServer.new("127.0.0.1", ENV["PORT"].to_i)
loop do
  client = server.accept
  client.gets
  client.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
  client.close
end
"#;

    #[test]
    fn ruby_is_read_by_its_hook() {
        check_floor(&Scene::new(), &[], &["ruby", "-e", SERVER], "ruby-hook");
    }

    #[test]
    fn a_service_that_is_started_as_another_user_lives_and_falls_to_the_next_signal() {
        let scene = Scene::new();
        // Only root can become somebody else.
        let as_nobody: &[&str] = if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ruby", "-e", SERVER]
        } else {
            &["ruby", "--disable=rubyopt", "-e", SERVER]
        };
        let mut drip = scene.drip_command(&words("doctor", &[], as_nobody));
        // The folder of this test is closed to everybody else.
        let done = scene.spawn(drip.env("TMPDIR", "/tmp")).end();
        done.exits(4).prints(&["LESS CERTAIN", "Because"]);
    }
}

mod native {
    use super::*;

    /// A small HTTP server of C, compiled here.
    fn server(scene: &Scene) -> String {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/floor/native/list.c");
        let compiled =
            scene.spawn(scene.command("cc").args(["-O1", "-pthread", "-o", "server", source])).end();
        compiled.exits(0);
        scene.arg("server")
    }

    #[test]
    fn a_native_service_is_read_only_when_asked() {
        let scene = Scene::new();
        let server = server(&scene);
        let service = check_floor(&scene, &["--preload"], &[&server], "native-preload");
        assert!(service["gauges"].to_string().contains("taken by malloc"), "{service:#}");
        let (done, service) = looked_at(&scene, &[], &[&server]);
        done.exits(4);
        assert!(service["refused"].as_str().unwrap().contains("--preload"), "{service:#}");
    }
}
