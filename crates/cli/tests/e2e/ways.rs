//! The way to a service: a Unix socket, an address that the user names, a proxy of the environment.

use serde_json::Value;

use crate::drip::{BRIEF, Done, Running, SHORT, Scene, port, saved, wait_until};

/// A service of Node.js on a Unix socket, which keeps something of each request.
const ON_A_SOCKET: &str = "
    const kept = [];
    require('node:http').createServer((request, response) => {
        kept.push(Buffer.alloc(2000).toString('hex'));
        response.end('hello');
    }).listen('app.sock');
";

fn on_a_socket() -> Scene {
    let scene = Scene::new();
    scene.write("server.js", ON_A_SOCKET);
    scene
}

#[test]
fn a_service_on_a_unix_socket_is_started_and_judged() {
    let scene = on_a_socket();
    let usual =
        ["--path", "/data", "--users", "20", "--dose", "400ms", "--budget", "60s", "--format", "json"];
    let done = scene.run(&[&usual, &["--unix-socket", "app.sock"]], &["node", "server.js"]);
    let document = done.exits(1).document();
    assert_eq!(document["verdict"], "leaking", "{done}");
    assert_eq!(document["vectors"][0]["signal"], "live_heap");
    assert_eq!(document["url"], "http://localhost");
    assert!(!document.to_string().contains("not-the-service"), "{document:#}");
}

#[test]
fn two_threads_find_the_leak_that_one_does() {
    let scene = on_a_socket();
    let usual = ["--threads", "2", "--users", "20", "--dose", "400ms", "--budget", "60s", "--format", "json"];
    let done =
        scene.run(&[&usual, &["--path", "/data", "--unix-socket", "app.sock"]], &["node", "server.js"]);
    let document = done.exits(1).document();
    assert_eq!(
        (&document["verdict"], &document["settings"]["threads"]),
        (&"leaking".into(), &2.into()),
        "{done}"
    );
    // 2,000 bytes in hexadecimal digits, the string around them, and its place in the array.
    let bytes = &document["vectors"][0]["perRequest"];
    let (low, high) = (bytes["low"].as_f64().unwrap(), bytes["high"].as_f64().unwrap());
    assert!(low < 4024.0 && 4024.0 < high && high < 1.3 * low, "{done}");
}

#[test]
fn a_service_that_runs_on_a_unix_socket_is_scanned() {
    let scene = on_a_socket();
    let app = scene.spawn(scene.command("node").arg("server.js"));
    scene.wait_for("app.sock");
    let source = format!("pid:{}", app.pid());
    let options: &[&str] = &["--unix-socket", "app.sock", "--memory", &source, "-o", "out.json"];
    scene.scan("http://any.test/data", &[&BRIEF, options]);
    let document = saved(&scene.path("out.json"));
    assert_eq!(document["service"]["pid"], app.pid());
    assert!(!is_polite(&document), "{document:#}");
    // It is somebody's already, so no service can be started on it.
    let taken = scene.run(&[&["--unix-socket", "app.sock"]], &["node", "server.js"]);
    taken.exits(2).says(&["app.sock is already listened on"]);
}

/// Whether it was asked as a stranger's service is.
fn is_polite(document: &Value) -> bool {
    document["settings"]["rate"] == 5.0
}

/// A service that notes what it is asked, and its port.
fn noting() -> (Scene, Running, u16) {
    let scene = Scene::answering(
        "note('seen', r.command + ' ' + r.path + ' ' + r.headers.get('Host', '') + ' ' + str(r.headers.get('Proxy-Authorization')))\nr.answer()",
    );
    let port = port();
    let app = scene.serve(port);
    (scene, app, port)
}

#[test]
fn an_address_that_the_user_names_stands_for_a_host_and_decides_the_manners() {
    let (scene, _app, port) = noting();
    let pin = format!("shop.test:{port}:127.0.0.1");
    let url = format!("http://shop.test:{port}/data");
    // On this machine, everything is allowed, whatever the name is.
    scene.scan(&url, &[&BRIEF, &["--resolve", &pin, "-X", "POST", "-o", "out.json"]]).exits(4);
    assert!(!is_polite(&saved(&scene.path("out.json"))));
    let first = scene.read("seen").lines().next().unwrap().to_owned();
    assert!(first.contains(&format!("/data shop.test:{port} ")), "{first}");
    // Elsewhere it is not, even if the name says that it is this machine.
    let pin = format!("localhost:{port}:10.255.255.1");
    let url = format!("http://localhost:{port}/data");
    scene.scan(&url, &[&["--resolve", &pin, "-X", "POST"]]).exits(5).says(&["POST", "not this machine"]);
    let pin = format!("localhost:{port}:169.254.169.254");
    scene.scan(&url, &[&["--resolve", &pin]]).exits(5).says(&["metadata"]);
    scene.scan(&url, &[&["--resolve", "localhost:80"]]).exits(2).says(&["HOST:PORT:ADDR"]);
}

/// Scans with a proxy, whose URL has a secret, in the environment.
fn scan_through(scene: &Scene, port: u16, url: &str, options: &[&[&str]]) -> Done {
    let args = [&["scan", url], options.concat().as_slice()].concat();
    let mut command = scene.drip_command(&args);
    let done = scene.spawn(command.env("http_proxy", format!("http://me:hunter2@127.0.0.1:{port}"))).end();
    done.never_tells("hunter2").never_tells("bWU6aHVudGVyMg");
    done
}

#[test]
fn through_a_proxy_a_host_is_asked_politely_and_the_password_shown_to_nobody() {
    let (scene, _proxy, port) = noting();
    scan_through(&scene, port, "http://shop.test/data", &[&SHORT, &["--requests", "20", "-o", "out.json"]]);
    let document = saved(&scene.path("out.json"));
    assert!(is_polite(&document), "{document:#}");
    assert!(!document.to_string().contains("hunter2"));
    let seen = scene.read("seen");
    let is_whole = |line: &str| {
        line.starts_with("GET http://shop.test/") && line.ends_with(" shop.test Basic bWU6aHVudGVyMg==")
    };
    assert!(!seen.is_empty() && seen.lines().all(is_whole), "{seen}");
    let refused = |options: &[&str], words: &str| {
        scan_through(&scene, port, "http://shop.test/data", &[options]).exits(5).says(&[words, "--no-proxy"]);
    };
    refused(&["-X", "POST"], "not a safe request");
    refused(
        &["--i-own", "shop.test", "--requests", "1000", "--users", "9"],
        "--i-own shop.test does not hold",
    );
    assert_eq!(scene.read("seen"), seen, "a refused scan asks nobody");
}

#[test]
fn a_proxy_is_never_asked_for_this_machine_nor_when_it_is_ignored() {
    let (scene, _app, port) = noting();
    let nobody = crate::drip::port();
    let url = format!("http://127.0.0.1:{port}/data");
    scan_through(&scene, nobody, &url, &[&BRIEF, &["-o", "out.json"]]).exits(4);
    assert!(!is_polite(&saved(&scene.path("out.json"))));
    scan_through(&scene, nobody, "http://shop.test/", &[&["--no-proxy"]]).exits(3).says(&["shop.test"]);
    scan_through(&scene, nobody, "http://shop.test/", &[]).exits(3).says(&["connecting to the proxy at"]);
    wait_until("nothing went to the proxy", || !scene.read("seen").contains("shop.test"));
}
