//! What to request from a description, a plan and a file of credentials, as it arrives at the service.

use crate::drip::{BRIEF, Scene, port, saved, vector};

/// Notes each request of the test, its secret in a file of its own.
const NOTES: &str = r#"
note('lines', f"{r.command} {r.path}")
note('secrets', r.headers.get('Authorization', '-'))
r.answer()
"#;

const OPENAPI: &str = r"
openapi: 3.0.3
servers: [{ url: https://api.example.com/v1 }]
components: { securitySchemes: { login: { type: http, scheme: bearer } } }
security: [{ login: [] }]
paths:
  /items/{id}:
    get:
      parameters:
        - { name: id, in: path, required: true, schema: { type: string, format: uuid } }
    delete:
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
  /logout: { get: {} }
";

#[test]
fn a_description_becomes_requests_and_what_is_left_out_is_told() {
    let scene = Scene::answering(NOTES);
    scene.write("api.yaml", OPENAPI);
    scene.write("auth.toml", "bearer = 's3cret'");
    let options = [
        "--spec",
        &scene.arg("api.yaml"),
        "--patterns",
        "unique-path",
        "--auth-file",
        &scene.arg("auth.toml"),
    ];
    let done = scene.run_app(&[&options, &BRIEF, &["-o", "out.json"]]);
    done.never_tells("s3cret");
    done.says(&[
        "DELETE may change something",
        "its name says logout",
        "server https://api.example.com: load goes only",
    ]);
    let document = saved(&scene.path("out.json"));
    let left_out = document["notTested"].as_array().unwrap();
    assert!(left_out.iter().any(|one| one["why"].as_str().unwrap().contains("says logout")), "{left_out:?}");
    let lines = scene.read("lines");
    let mut items: Vec<&str> = lines.lines().filter(|line| line.starts_with("GET /v1/items/")).collect();
    let all = items.len();
    items.sort_unstable();
    items.dedup();
    assert!(all > 20 && items.len() == all, "{all} requests, {} of them distinct", items.len());
    assert!(!lines.contains("DELETE") && !lines.contains("logout"));
    assert!(scene.read("secrets").contains("Bearer s3cret"));
}

#[test]
fn a_plan_is_played_and_a_mistake_in_it_named() {
    let scene = Scene::answering(NOTES);
    scene.write(
        "plan.toml",
        "[[request]]\npath = '/a?q={n}'\n\n[[request]]\npath = '/b'\nconduct = 'half-open'\n",
    );
    scene.run_app(&[&["--plan", &scene.arg("plan.toml")], &BRIEF]);
    let lines = scene.read("lines");
    assert!(lines.contains("GET /a?q=7\n") && lines.contains("GET /b\n"), "{lines}");
    scene.write("plan.toml", "[[request]]\npaht = '/a'\n");
    scene.run_app(&[&["--plan", &scene.arg("plan.toml")]]).exits(2).says(&["did you mean path?"]);
}

const PUBLISHED: &str = r#"
if r.path == '/v3/api-docs':
    r.answer(body=b'{"openapi": "3.0.1", "paths": {"/found": {"get": {}}}}')
elif r.path == '/found':
    note('lines', r.path)
    r.answer()
else:
    r.answer(404)
"#;

#[test]
fn a_service_that_is_started_is_asked_for_its_description_first() {
    let scene = Scene::answering(PUBLISHED);
    let run = scene.run_app(&[&["--spec", "auto", "--patterns", "repeated", "--format", "json"], &BRIEF]);
    assert_eq!(vector(&run.document())["endpoint"], "GET /found");
    assert!(scene.read("lines").lines().count() > 20);
}

#[test]
fn a_description_that_nobody_asked_for_is_offered() {
    let scene = Scene::answering(PUBLISHED);
    let done = scene.run_app(&[&["--budget", "4s", "--dose", "200ms", "--no-fail", "--format", "json"]]);
    done.says(&["1 endpoint of /v3/api-docs", "--spec auto"]);
    let left_out = &done.document()["notTested"][0];
    assert_eq!(left_out["what"], "1 endpoint of /v3/api-docs");
    assert_eq!(scene.read("lines"), "", "it is not asked for unless the user says so");
    let named = scene.run_app(&[&["--path", "/found"], &BRIEF]);
    named.never_tells("--spec auto");
}

#[test]
fn a_service_without_a_description_or_a_start_is_told_by_name() {
    let scene = Scene::answering("r.answer(404)");
    scene.run_app(&[&["--spec", "auto"]]).exits(2).says(&["publishes no description", "/openapi.json"]);
    scene.run_app(&[&["--spec", "autp"]]).exits(2).says(&["--spec autp", "did you mean auto"]);
    let never = Scene::new();
    never.write("app.py", "raise SystemExit('no port today')");
    never.run_app(&[&["--spec", "auto"]]).exits(3).says(&["no port today"]);
}

#[test]
fn a_description_that_the_service_publishes_is_found() {
    let scene = Scene::answering(PUBLISHED);
    let port = port();
    let _service = scene.serve(port);
    let url = format!("http://127.0.0.1:{port}");
    scene.scan(&url, &[&["--spec", "auto", "--patterns", "repeated"], &BRIEF]);
    assert!(scene.read("lines").lines().count() > 20);
}

#[test]
fn words_that_do_not_go_together_are_refused_before_anything_starts() {
    let scene = Scene::answering(NOTES);
    scene.write("api.yaml", OPENAPI);
    scene.write("none.txt", "hello");
    let (api, none) = (scene.arg("api.yaml"), scene.arg("none.txt"));
    for (words, told) in [
        (vec!["--spec", "auto", "--path", "/x"], "leave out the path /x"),
        (vec!["--spec", none.as_str()], "no description"),
        (vec!["--spec", api.as_str(), "--path", "/x"], "leave out the path /x"),
        (vec!["--spec", api.as_str(), "-X", "POST"], "cannot be used with"),
        (vec!["--patterns", "unique-qery"], "did you mean unique-query"),
        (vec!["--spec", "http://169.254.169.254/openapi.json"], "metadata address"),
    ] {
        scene.run_app(&[&words]).exits(2).says(&[told]);
    }
    assert!(!scene.exists("lines"));
}
