//! From the requests of a case to the words of `drip run`; or why Drip cannot say that yet.
//!
//! Whatever a manifest asks for is either expressed exactly or named as the reason for leaving the case out: a run
//! whose requests are not those that trigger a leak would count as a miss, or as an acquittal.

use super::case::{Load, Request};

/// Slots that only Drip has: in a manifest they are plain text.
const ONLY_OURS: [&str; 4] = ["{uuid}", "{hex}", "{word}", "{pad:"];
/// The longest filler that Drip has a slot for.
const PAD_MAX: usize = 1 << 20;

/// What `drip run` is asked with.
pub(crate) fn words(load: &Load) -> Result<Vec<String>, String> {
    if let Some(client) = &load.custom {
        return Err(format!("it needs a client of its own ({client})"));
    }
    let [first, others @ ..] = &load.req[..] else { return Err("it asks for nothing".to_owned()) };
    load.req.iter().try_for_each(sendable)?;
    others.iter().try_for_each(|other| differs_in_path_alone(first, other))?;
    let filled = |text: &String| slots(text, load.pad);
    let mut words = vec!["-X".to_owned(), first.method.clone()];
    for header in &first.headers {
        words.push(format!("--header={}", filled(header)?));
    }
    if !first.body.is_empty() {
        words.push(format!("--data={}", filled(&first.body)?));
    }
    for request in &load.req {
        words.push(format!("--path={}", filled(&request.path)?));
    }
    Ok(words)
}

/// Whether it is a request like any other: sent whole, on a connection that stays, its answer read.
fn sendable(request: &Request) -> Result<(), String> {
    if let Some(mode) = request.mode.as_deref().filter(|mode| *mode != "normal") {
        return Err(format!("mode {mode} cannot be expressed"));
    }
    if request.close {
        return Err("a new connection for each request (close) cannot be expressed".to_owned());
    }
    if let Some(key) = request.beyond.keys().next() {
        return Err(format!("{key} of a request cannot be expressed"));
    }
    if request.method.contains('{') {
        return Err("a slot in the method cannot be expressed".to_owned());
    }
    if request.body.starts_with('@') {
        return Err("a body that begins with @ would name a file".to_owned());
    }
    Ok(())
}

/// `drip run` has one method, one set of headers and one body for all its paths, and plays them equally often.
fn differs_in_path_alone(first: &Request, other: &Request) -> Result<(), String> {
    if first.weight != other.weight {
        return Err("weights between different requests cannot be expressed".to_owned());
    }
    let alike = Request { path: first.path.clone(), ..other.clone() };
    if *first == alike {
        Ok(())
    } else {
        Err("methods, headers or bodies differ between requests".to_owned())
    }
}

/// `{n}` and `{ip}` are the same in both.
fn slots(text: &str, pad: usize) -> Result<String, String> {
    if let Some(slot) = ONLY_OURS.iter().find(|slot| text.contains(**slot)) {
        return Err(format!("{slot} is plain text in the manifest and a slot to Drip"));
    }
    if text.contains("{W}") {
        return Err("a word in capital letters ({W}) has no slot".to_owned());
    }
    if pad > PAD_MAX && text.contains("{pad}") {
        return Err(format!("a filler of {pad} bytes is longer than Drip has"));
    }
    // Theirs are 32 digits, ours 16.
    let text = text.replace("{u}", "{hex}{hex}").replace("{w}", "{word}");
    Ok(text.replace("{pad}", &format!("{{pad:{pad}}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Request {
        Request { path: path.to_owned(), ..Request::default() }
    }

    fn load(req: &[Request]) -> Load {
        Load { req: req.to_vec(), pad: 500, custom: None }
    }

    fn check(req: &[Request], expected: Result<&[&str], &str>) {
        let found = words(&load(req));
        match expected {
            Ok(words) => assert_eq!(
                found.as_deref(),
                Ok(&words.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
            ),
            Err(part) => {
                let why = found.expect_err("it cannot be expressed");
                assert!(why.contains(part), "{req:?}: {why}");
            }
        }
    }

    #[test]
    fn a_request_is_said_in_drips_words() {
        check(&[get("/")], Ok(&["-X", "GET", "--path=/"]));
        let post = Request {
            method: "POST".into(),
            headers: vec!["Content-Type: text/plain".into(), "X-From: {ip}".into()],
            body: "--{pad}{n}".into(),
            ..get("/in?id={u}&w={w}")
        };
        check(
            &[post],
            Ok(&[
                "-X",
                "POST",
                "--header=Content-Type: text/plain",
                "--header=X-From: {ip}",
                "--data=--{pad:500}{n}",
                "--path=/in?id={hex}{hex}&w={word}",
            ]),
        );
        check(
            &[Request { body: r#"{"id":{n}}"#.into(), ..get("/") }],
            Ok(&["-X", "GET", r#"--data={"id":{n}}"#, "--path=/"]),
        );
    }

    #[test]
    fn equal_requests_to_several_paths_are_several_paths() {
        check(&[get("/a"), get("/b")], Ok(&["-X", "GET", "--path=/a", "--path=/b"]));
    }

    #[test]
    fn what_cannot_be_said_is_named() {
        let beyond = toml::Table::from_iter([("body_hex".to_owned(), toml::Value::String("00".into()))]);
        let cases = [
            (Request { mode: Some("abort_body".into()), ..get("/") }, "mode abort_body"),
            (Request { close: true, ..get("/") }, "new connection"),
            (Request { beyond, ..get("/") }, "body_hex"),
            (Request { method: "{w}".into(), ..get("/") }, "method"),
            (Request { body: "@file".into(), ..get("/") }, "name a file"),
            (get("/{W}"), "capital letters"),
            (get("/{uuid}"), "plain text"),
        ];
        for (request, part) in cases {
            check(&[request], Err(part));
        }
        check(&[], Err("nothing"));
        check(&[Request { weight: 999.0, ..get("/a") }, get("/b")], Err("weights"));
        check(&[get("/a"), Request { method: "PUT".into(), ..get("/b") }], Err("differ"));
        let custom = Load { custom: Some("client.py".into()), ..load(&[get("/")]) };
        assert!(words(&custom).unwrap_err().contains("client.py"));
        let long = Load { pad: PAD_MAX + 1, ..load(&[get("/{pad}")]) };
        assert!(words(&long).unwrap_err().contains("longer"));
    }
}
