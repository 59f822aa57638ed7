//! Workers that are replaced take their memory along.

use serde_json::Value;

use crate::drip::{PATIENCE, Scene, doubts, vector, words};

/// Two forked workers, each replaced after 400 requests, as by gunicorn's `--max-requests`.
const PREFORK: &str = r#"import http.server
import os
import socket

kept = []


class Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    served = 0

    def log_message(self, *words):
        pass

    def do_GET(self):
        Request.served += 1
        kept.append(os.urandom(KEEPS))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"ok")


def work(listener):
    server = http.server.HTTPServer(("127.0.0.1", 0), Request, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = "localhost", 0
    while Request.served < 400:
        server.handle_request()
    os._exit(0)


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(os.environ["PORT"])))
listener.listen(128)
for _ in range(2):
    os.fork() or work(listener)
while True:
    os.wait()
    os.fork() or work(listener)
"#;

/// Judged where workers keep so many bytes of each request until they are replaced.
fn judged(keeps: u32, options: &[&str]) -> Value {
    let scene = Scene::new();
    scene.write("app.py", PREFORK.replace("KEEPS", &keeps.to_string()));
    let usual = ["--users", "4", "--dose", "200ms", "--budget", "100s", "--path", "/", "--format", "json"];
    let run = scene.start(&words("run", &[&usual, options], &crate::drip::APP));
    vector(&run.end_within(PATIENCE).document()).clone()
}

#[test]
fn a_leak_that_recycling_hides_is_measured_and_not_acquitted() {
    let vector = judged(20_000, &[]);
    assert_eq!(vector["verdict"], "unclear", "{vector:#}");
    assert!(doubts(&vector).contains(&"process-replaced"), "{vector:#}");
    let message = &vector["doubts"][0]["message"];
    assert!(message.as_str().unwrap().contains("a leak that recycling hides"), "{vector:#}");
}

#[test]
fn it_is_found_by_who_knows_what_a_cache_may_hold() {
    let vector = judged(20_000, &["--assume-cache", "2MB"]);
    assert_eq!(vector["verdict"], "leaking", "{vector:#}");
    let estimate = vector["perRequest"]["estimate"].as_f64().unwrap();
    assert!((16_000.0..24_000.0).contains(&estimate), "{vector:#}");
}

#[test]
fn healthy_workers_that_are_replaced_are_not_accused() {
    let vector = judged(0, &["--assume-cache", "2MB"]);
    assert_eq!(vector["verdict"], "unclear", "{vector:#}");
    assert!(doubts(&vector).contains(&"process-replaced"), "{vector:#}");
}
