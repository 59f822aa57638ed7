//! Services that speak HTTP/2: found without being told, judged as any other.

use crate::drip::{BRIEF, Done, Scene};

/// A server of Node.js that speaks HTTP/2 and nothing else, without TLS; `keep` is what it does with each request.
fn service(keep: &str) -> Scene {
    let scene = Scene::new();
    scene.write(
        "server.js",
        format!(
            "const server = require('node:http2').createServer();
             const kept = [];
             server.on('stream', (stream, headers) => {{
                 {keep}
                 stream.respond({{ ':status': headers[':path'] === '/data' ? 200 : 404 }});
                 stream.end('hello');
             }});
             server.listen(process.env.PORT, '127.0.0.1');"
        ),
    );
    scene
}

fn judged(scene: &Scene, options: &[&str]) -> Done {
    let usual =
        ["--path", "/data", "--users", "20", "--dose", "400ms", "--budget", "60s", "--format", "json"];
    scene.run(&[&usual, options], &["node", "server.js"])
}

#[test]
fn a_leaking_service_is_found_without_being_told_what_it_speaks() {
    let scene = service("kept.push(Buffer.alloc(2000).toString('hex'));");
    let done = judged(&scene, &[]);
    let document = done.exits(1).document();
    assert_eq!(document["verdict"], "leaking", "{done}");
    assert_eq!(document["service"]["protocol"], "HTTP/2");
    assert_eq!(document["vectors"][0]["signal"], "live_heap");
}

#[test]
fn a_healthy_service_is_steady() {
    let scene = service("");
    let done = judged(&scene, &["--http", "2"]);
    let document = done.exits(0).document();
    assert_eq!(document["verdict"], "steady", "{done}");
    assert_eq!(document["service"]["protocol"], "HTTP/2");
}

#[test]
fn whoever_insists_on_http_1_is_told_that_the_service_does_not_speak_it() {
    let scene = service("");
    let done = scene.run(
        &[&BRIEF, &["--http", "1.1", "--ready-timeout", "2s", "--path", "/data"]],
        &["node", "server.js"],
    );
    done.exits(3).says(&["not HTTP"]);
}

#[test]
fn the_protocol_stands_beside_the_target() {
    let scene = service("");
    let done = scene.run(&[&BRIEF, &["--path", "/data"]], &["node", "server.js"]);
    assert!(done.stdout.contains("HTTP/2, "), "{done}");
}

#[test]
fn a_port_of_grpc_beside_the_service_is_not_in_the_way() {
    let scene = Scene::new();
    scene.write(
        "server.js",
        "require('node:http2').createServer().on('stream', stream => stream.respond({ ':status': 200 }, { endStream: true }))
             .listen(0, '127.0.0.1');
         require('node:http').createServer((request, response) => response.end('hello'))
             .listen(process.env.PORT, '127.0.0.1');",
    );
    let done = scene.run(&[&BRIEF, &["--path", "/data", "--format", "json"]], &["node", "server.js"]);
    assert_eq!(done.document()["service"]["protocol"], "HTTP/1.1", "{done}");
}
