//! From the requests of a case to a plan for `drip run`; or why Drip cannot say that yet.
//!
//! Whatever a manifest asks for is either expressed or named as the reason for leaving the case out: a run whose
//! requests are not those that trigger a leak would count as a miss, or as an acquittal. Requests of different weight
//! take turns in doses of their own, so a rare one is asked as often as the others.

use serde_json::{Value, json};

use super::case::{Load, Request};

/// Slots that only Drip has: in a manifest they are plain text.
const ONLY_OURS: [&str; 4] = ["{uuid}", "{hex}", "{word}", "{pad:"];
/// The longest filler that Drip has a slot for.
const PAD_MAX: usize = 1 << 20;
/// About what the head of a request takes: whoever breaks off an upload sends this and the body that he has.
const HEAD_BYTES: usize = 160;
/// What a client of a corpus reads of an answer before it hangs up.
const RECEIVED_BYTES: usize = 512;

/// The plan that `drip run --plan` is given; a status other than 2xx and 3xx that counts as success goes with it.
pub(crate) fn plan(load: &Load, expected: Option<u16>) -> Result<Value, String> {
    if let Some(client) = &load.custom {
        return Err(format!("it needs a client of its own ({client})"));
    }
    if load.req.is_empty() {
        return Err("it asks for nothing".to_owned());
    }
    let requests = load.req.iter().map(|request| asked(request, load.pad, expected));
    Ok(json!({"request": requests.collect::<Result<Vec<_>, _>>()?}))
}

fn asked(request: &Request, pad: usize, expected: Option<u16>) -> Result<Value, String> {
    if request.method.contains('{') {
        return Err("a slot in the method cannot be expressed".to_owned());
    }
    let mut asked = json!({"path": slots(&request.path, pad)?, "method": request.method});
    let headers = request.headers.iter().map(|header| {
        let (name, value) = header.split_once(':').ok_or_else(|| format!("{header:?} is no header"))?;
        Ok((name.to_owned(), slots(value.trim(), pad)?.into()))
    });
    asked["headers"] = Value::Object(headers.collect::<Result<_, String>>()?);
    if !request.body.is_empty() {
        asked["body"] = slots(&request.body, pad)?.into();
    }
    if let Some(status) = expected {
        asked["expect-status"] = status.into();
    }
    if request.weight > 1.0 {
        asked["weight"] = (request.weight as u64).into();
    }
    conduct(request, pad, &mut asked)?;
    Ok(asked)
}

/// How the client behaves. An upload that breaks off is one that declares more than it sends.
fn conduct(request: &Request, pad: usize, asked: &mut Value) -> Result<(), String> {
    let mut beyond = request.beyond.keys();
    match request.mode.as_deref().unwrap_or("normal") {
        "normal" if request.close => asked["fresh-connection"] = true.into(),
        "normal" => {}
        "abort_resp" => {
            asked["conduct"] = "hang-up-received".into();
            asked["bytes"] = RECEIVED_BYTES.into();
        }
        "abort_body" => {
            let sent = request.body.replace("{pad}", &"x".repeat(pad)).len();
            let declared = request.beyond.get("declare_length").and_then(toml::Value::as_integer);
            let declared = declared.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(sent * 2);
            let missing = declared.saturating_sub(sent).clamp(1, PAD_MAX);
            asked["body"] = format!("{}{{pad:{missing}}}", slots(&request.body, pad)?).into();
            asked["conduct"] = "hang-up-sent".into();
            asked["bytes"] = (sent + HEAD_BYTES).into();
            beyond.by_ref().find(|key| *key == "declare_length");
        }
        mode => return Err(format!("mode {mode} cannot be expressed")),
    }
    beyond.next().map_or(Ok(()), |key| Err(format!("{key} of a request cannot be expressed")))
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

    fn check(req: &[Request], expected: Result<Value, &str>) {
        let found = plan(&Load { req: req.to_vec(), pad: 500, custom: None }, None);
        match expected {
            Ok(requests) => assert_eq!(found, Ok(json!({"request": requests}))),
            Err(part) => {
                let why = found.expect_err("it cannot be expressed");
                assert!(why.contains(part), "{req:?}: {why}");
            }
        }
    }

    #[test]
    fn a_request_is_said_in_drips_words() {
        check(&[get("/")], Ok(json!([{"path": "/", "method": "GET", "headers": {}}])));
        let post = Request {
            method: "POST".into(),
            headers: vec!["Content-Type: text/plain".into(), "X-From: {ip}".into()],
            body: "--{pad}{n}".into(),
            ..get("/in?id={u}&w={w}")
        };
        let expected = json!([{
            "path": "/in?id={hex}{hex}&w={word}",
            "method": "POST",
            "headers": {"Content-Type": "text/plain", "X-From": "{ip}"},
            "body": "--{pad:500}{n}",
        }]);
        check(&[post], Ok(expected));
    }

    #[test]
    fn clients_misbehave_as_the_manifest_says() {
        let close = Request { close: true, ..get("/") };
        check(&[close], Ok(json!([{"path": "/", "method": "GET", "headers": {}, "fresh-connection": true}])));
        let cut = Request { mode: Some("abort_resp".into()), ..get("/") };
        let expected = json!([{
            "path": "/", "method": "GET", "headers": {}, "conduct": "hang-up-received", "bytes": 512,
        }]);
        check(&[cut], Ok(expected));
        let upload = Request {
            mode: Some("abort_body".into()),
            body: "ab{pad}".into(),
            beyond: toml::Table::from_iter([("declare_length".to_owned(), toml::Value::Integer(1000))]),
            ..get("/")
        };
        let expected = json!([{
            "path": "/", "method": "GET", "headers": {}, "body": "ab{pad:500}{pad:498}",
            "conduct": "hang-up-sent", "bytes": 662,
        }]);
        check(&[upload], Ok(expected));
    }

    #[test]
    fn refusals_can_be_the_service_s_own_word() {
        let plan = plan(&Load { req: vec![get("/a"), get("/b")], pad: 1, custom: None }, Some(405)).unwrap();
        assert_eq!(plan["request"][1]["expect-status"], 405);
    }

    #[test]
    fn what_cannot_be_said_is_named() {
        let beyond = toml::Table::from_iter([("body_hex".to_owned(), toml::Value::String("00".into()))]);
        let cases = [
            (Request { mode: Some("raw".into()), ..get("/") }, "mode raw"),
            (Request { beyond, ..get("/") }, "body_hex"),
            (Request { method: "{w}".into(), ..get("/") }, "method"),
            (get("/{W}"), "capital letters"),
            (get("/{uuid}"), "plain text"),
        ];
        for (request, part) in cases {
            check(&[request], Err(part));
        }
        check(&[], Err("nothing"));
        let custom = Load { req: vec![get("/")], pad: 0, custom: Some("client.py".into()) };
        assert!(plan(&custom, None).unwrap_err().contains("client.py"));
        let long = Load { req: vec![get("/{pad}")], pad: PAD_MAX + 1, custom: None };
        assert!(plan(&long, None).unwrap_err().contains("filler"));
    }
}
