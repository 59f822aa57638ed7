//! One request in curl's words, as it arrives at the service.

use std::collections::BTreeMap;

use crate::drip::{BRIEF, Scene};

/// Notes the paths of the test, not those by which the service was found.
const NOTES_PATHS: &str = "if r.path.startswith('/item/'):\n    note('paths', r.path)\nr.answer()";

/// Which uuid went with which number.
fn uuids(seed: &str) -> BTreeMap<u32, String> {
    let scene = Scene::answering(NOTES_PATHS);
    scene.run_app(&[&["--path", "/item/{n}/{uuid}", "--seed", seed], &BRIEF]);
    let paths = scene.read("paths");
    let pair = |path: &str| {
        let (number, uuid) = path.strip_prefix("/item/").unwrap().split_once('/').unwrap();
        (number.parse().unwrap(), uuid.to_owned())
    };
    paths.lines().map(pair).collect()
}

#[test]
fn the_same_seed_sends_the_same_requests() {
    let (first, second, other) = (uuids("7"), uuids("7"), uuids("8"));
    let common: Vec<_> = first.keys().filter(|number| second.contains_key(number)).collect();
    assert!(common.len() >= 20, "{} requests in common", common.len());
    assert!(common.iter().all(|number| first[number] == second[number]));
    assert!(first.values().all(|uuid| uuid.len() == 36 && uuid.split('-').count() == 5), "{first:?}");
    assert!(first.values().all(|uuid| !other.values().any(|different| different == uuid)));
}

/// Notes the first request of the test.
const NOTES_FIRST: &str = r#"
with lock:
    first = r.path.startswith("/item/") and not os.path.exists("body")
    if first:
        open("line", "w").write(f"{r.command} {r.path}")
        open("who", "w").write(r.headers.get("X-Who", ""))
        open("agent", "w").write(r.headers.get("User-Agent", ""))
        open("body", "wb").write(r.body)
r.answer()
"#;

#[test]
fn slots_arrive_filled() {
    let scene = Scene::answering(NOTES_FIRST);
    let request =
        ["--path", "/item/{n}?h={hex}", "-H", "X-Who: {word} {ip}", "-d", r#"{"id":"{uuid}{pad:9}"}"#];
    scene.run_app(&[&request, &BRIEF]);
    let (line, who, body) = (scene.read("line"), scene.read("who"), scene.read("body"));
    let query = line.strip_prefix("POST /item/").and_then(|rest| rest.split_once("?h=")).expect(&line);
    assert!(query.0.parse::<u32>().is_ok() && u128::from_str_radix(query.1, 16).is_ok(), "{line}");
    let (word, address) = who.split_once(' ').unwrap();
    assert!(word.chars().all(char::is_alphanumeric) && !word.is_empty(), "{who}");
    assert!(address.parse::<std::net::IpAddr>().is_ok(), "{who}");
    assert!(body.starts_with(r#"{"id":""#) && body.len() == r#"{"id":""}"#.len() + 36 + 9, "{body}");
    assert!(scene.read("agent").to_lowercase().contains("drip"), "{}", scene.read("agent"));
}

#[test]
fn a_file_arrives_byte_for_byte() {
    let scene = Scene::answering(NOTES_FIRST);
    let bytes: Vec<u8> = (0..=255).cycle().take(3000).chain(*b"{n} {uuid}\r\n").collect();
    scene.write("data.bin", &bytes);
    scene.run_app(&[&["--path", "/item/put", "-X", "put", "-d", "@data.bin"], &BRIEF]);
    assert_eq!(scene.read("line"), "PUT /item/put");
    assert_eq!(std::fs::read(scene.path("body")).unwrap(), bytes);
}

#[test]
fn what_cannot_be_sent_is_told_before_anything_starts() {
    let scene = Scene::new();
    let cases: [(&[&str], &[&str]); 6] = [
        (&["--path", "data"], &["data", "begin with /"]),
        (&["--path", "/{id}"], &["{id}", "{uuid}"]),
        (&["-H", "Broken"], &["'Name: value'"]),
        (&["-X", "GE T"], &["GE T"]),
        (&["-d", "@missing.bin"], &["missing.bin"]),
        (&["--dose", "1ms"], &["200ms"]),
    ];
    for (options, words) in cases {
        scene.run(&[options], &["touch", "started"]).exits(2).says(words);
    }
    assert!(!scene.exists("started"));
}

#[test]
fn several_paths_are_several_vectors() {
    let scene = Scene::answering("r.answer()");
    let done = scene.run_app(&[&["--path", "/a", "--path", "/b?q={n}", "--format", "json"], &BRIEF]);
    let document = done.document();
    let names: Vec<_> = document["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vector| (vector["endpoint"].as_str().unwrap(), vector["pattern"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [("GET /a", "repeated"), ("GET /b", "unique-query")]);
}
