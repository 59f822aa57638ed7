//! What hurts a service without limits, and what one with limits refuses.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::drip::{PATIENCE, Scene, words};

/// Takes objects of JSON, packed or not, and lists as many as are asked for. `limits`: at most 100 kB as they come, never
/// packed, 50 levels, two seconds for the head of a request, and 200 in a list.
const SERVER: &str = "\
const http = require('http'), zlib = require('zlib');
const limits = process.argv[2] === 'limits';
const deep = text => { let now = 0, most = 0; for (const c of text) { now += c === '[' ? 1 : c === ']' ? -1 : 0; most = Math.max(most, now); } return most; };
const server = http.createServer({ connectionsCheckingInterval: 500 }, (request, response) => {
  const say = status => { response.statusCode = status; response.end(); };
  const page = /per_page=(\\d+)/.exec(request.url);
  if (page) return response.end('{\"id\": 123456},'.repeat(Math.min(+page[1], limits ? 200 : 1e5)));
  const packed = request.headers['content-encoding'] === 'gzip';
  if (limits && packed) { request.resume(); return say(415); }
  const pieces = []; let size = 0;
  request.on('data', piece => { size += piece.length; if (!limits || size <= 100e3) pieces.push(piece); });
  request.on('end', () => {
    if (limits && size > 100e3) return say(413);
    try {
      const body = Buffer.concat(pieces);
      const text = (packed ? zlib.gunzipSync(body) : body).toString();
      if (limits && deep(text) > 50) return say(400);
      JSON.parse(text);
      say(200);
    } catch { say(400); }
  });
});
server.headersTimeout = limits ? 2000 : 0;
server.requestTimeout = limits ? 2000 : 0;
server.listen(process.env.PORT, '127.0.0.1');
";

const PLAN: &str = r#"
[[request]]
path = "/items"
body = '{"name": "a"}'

[[request]]
path = "/items?q=a&per_page=20"
"#;

fn probed(kind: &str) -> Value {
    let scene = Scene::new();
    scene.write("server.js", SERVER);
    scene.write("plan.toml", PLAN);
    let short = ["--dose", "200ms", "--budget", "16s", "--users", "2", "--no-fail", "--format", "json"];
    let asked = ["--plan", &scene.arg("plan.toml"), "--probes"];
    let run = scene.start(&words("run", &[&short, &asked], &["node", "server.js", kind]));
    run.end_within(PATIENCE * 4).exits(0).document()
}

/// Findings of limits by id, and their endpoints.
fn found(document: &Value) -> BTreeSet<(&str, Option<&str>)> {
    let findings = document["findings"].as_array().unwrap().iter();
    let of_limits = findings.filter(|finding| finding["category"] == "limits");
    of_limits.map(|finding| (finding["id"].as_str().unwrap(), finding["endpoint"].as_str())).collect()
}

#[test]
fn a_service_without_limits_is_told_each_that_it_lacks() {
    let document = probed("none");
    let expected = [
        ("DRIP022", Some("GET /items")),
        ("DRIP024", Some("POST /items")),
        ("DRIP025", Some("POST /items")),
        ("DRIP026", None),
    ]
    .into();
    assert_eq!(found(&document), expected, "{document:#}");
}

#[test]
fn a_service_with_limits_has_none_of_these_findings() {
    let document = probed("limits");
    assert_eq!(found(&document), BTreeSet::new(), "{document:#}");
}

#[test]
fn a_host_that_is_not_ours_is_not_probed() {
    let scene = Scene::new();
    let done = scene.drip(&["scan", "http://192.0.2.1/", "--probes"]);
    done.exits(5).says(&["--probes", "--i-own"]);
}

/// Findings of limits of a service whose answers are so long, by its number of requests `n`.
fn answering(length: &str) -> Value {
    let scene = Scene::new();
    scene.python(&format!(
        "import itertools\nturn = itertools.count()\n\n\
         def answer(r):\n    n = next(turn)\n    r.answer(body=b'x' * ({length}))\n\nserve(answer)\n"
    ));
    let short = ["--dose", "200ms", "--budget", "20s", "--users", "2", "--no-fail", "--format", "json"];
    scene.run_app(&[&short]).exits(0).document()
}

#[test]
fn answers_that_grow_with_the_requests_are_reported() {
    assert_eq!(found(&answering("n // 4")), [("DRIP022", Some("GET /"))].into());
    assert_eq!(found(&answering("5000")), BTreeSet::new());
}
