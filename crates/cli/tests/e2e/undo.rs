//! What requests make is deleted again, so that stored rows are no leak and a leak beside them is one.

use serde_json::Value;

use crate::drip::{PATIENCE, Scene, doubts, vector, words};

/// Stores what is posted until it is deleted; `audit` also keeps a copy of it for ever.
const STORE: &str = "\
const http = require('http');
const rows = new Map(), copies = [];
let last = 0;
http.createServer((request, response) => {
  let body = '';
  request.on('data', piece => body += piece);
  request.on('end', () => {
    const [, , id] = request.url.split('/');
    if (request.method === 'DELETE') { response.statusCode = rows.delete(+id) ? 204 : 404; return response.end(); }
    if (request.method !== 'POST') { response.statusCode = 405; return response.end(); }
    const made = ++last;
    rows.set(made, body);
    if (process.argv[2] === 'audit') copies.push(Buffer.from(body + made).toString('latin1'));
    response.statusCode = 201;
    response.end(JSON.stringify({ id: made }));
  });
}).listen(process.env.PORT, '127.0.0.1');
";

const OPENAPI: &str = r"
openapi: 3.0.3
paths:
  /items:
    post:
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [text]
              properties: { text: { type: string, minLength: 900, maxLength: 1000 } }
  /items/{id}:
    delete:
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer } }
";

/// The document of a run that posts.
fn posted(kind: &str) -> Value {
    let scene = Scene::new();
    scene.write("server.js", STORE);
    scene.write("api.yaml", OPENAPI);
    let (api, usual) =
        (scene.arg("api.yaml"), ["--dose", "300ms", "--budget", "60s", "--no-fail", "--format", "json"]);
    let asked = ["--spec", &api, "--unsafe-methods", "--patterns", "unique-body"];
    let run = scene.start(&words("run", &[&usual, &asked], &["node", "server.js", kind]));
    run.end_within(PATIENCE * 2).exits(0).document()
}

#[test]
fn rows_that_are_deleted_again_are_no_leak() {
    let document = posted("store");
    let vector = vector(&document);
    assert!(["steady", "settling"].contains(&vector["verdict"].as_str().unwrap()), "{vector:#}");
    let undone = &vector["undone"];
    assert_eq!(undone["by"], "DELETE /items/{id}");
    assert!(undone["made"].as_u64() > Some(1000), "{undone}");
    assert_eq!(undone["made"], undone["deleted"]);
    // Which is not asked about things that nobody made.
    let skipped = &document["notTested"][0];
    assert_eq!(skipped["what"], "DELETE /items/{id}", "{document:#}");
    assert!(skipped["why"].as_str().unwrap().contains("POST /items"), "{skipped}");
}

#[test]
fn a_leak_beside_deleted_rows_is_found_without_a_doubt_about_them() {
    let document = posted("audit");
    let vector = vector(&document);
    assert!(["leaking", "unbounded"].contains(&vector["verdict"].as_str().unwrap()), "{vector:#}");
    assert!(!doubts(vector).contains(&"stored-data"), "{vector:#}");
}
