//! `.http` and `.rest` files, as editors send them: requests apart by `###`, variables by `@name = value`.

use http::Method;

use super::postman::own_target;
use super::recorded::{Recorded, RecordedBody, distinct};
use super::variables::Variables;
use super::{Format, Opened};
use crate::endpoint::{Description, Endpoint, Skipped};

pub(super) const FORMAT: Format = Format {
    name: "http",
    about: "a .http or .rest file",
    sniff: |opened| opened.has_ending(&["http", "rest"]) || begins(opened.text),
    read,
};

/// Whether the first line that says anything is a request.
fn begins(text: &str) -> bool {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !is_comment(line) && !line.starts_with('@'));
    first.is_some_and(|line| {
        let mut words = line.split_whitespace();
        let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        is_method(method) && (url.starts_with(['/', '{']) || url.starts_with("http"))
    })
}

fn is_method(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_uppercase()) && Method::from_bytes(word.as_bytes()).is_ok()
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.starts_with("//")
}

fn read(opened: Opened<'_>) -> Result<Description, String> {
    let mut out = Description::default();
    let variables = variables(opened.text);
    let mut blocks = vec![Block::default()];
    for line in opened.text.lines() {
        match line.strip_prefix("###") {
            Some(name) => blocks.push(Block { name: name.trim().to_owned(), lines: Vec::new() }),
            None => blocks.last_mut().expect("there is one from the start").lines.push(line),
        }
    }
    for (number, block) in blocks.iter().enumerate() {
        let what = if block.name.is_empty() { format!("request {}", number + 1) } else { block.name.clone() };
        match request(block, &variables, &opened, &mut out.skipped) {
            Ok(endpoint) => out.endpoints.extend(endpoint),
            Err(why) => out.skipped.push(Skipped::new(what, why)),
        }
    }
    Ok(distinct(out))
}

#[derive(Default)]
struct Block<'a> {
    name: String,
    lines: Vec<&'a str>,
}

fn variables(text: &str) -> Variables {
    let pairs = text.lines().filter_map(|line| line.trim().strip_prefix('@')?.split_once('='));
    Variables(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect())
}

/// The request of a block; `None` when it holds none.
fn request(
    block: &Block<'_>,
    variables: &Variables,
    opened: &Opened<'_>,
    skipped: &mut Vec<Skipped>,
) -> Result<Option<Endpoint>, String> {
    let mut lines = block.lines.iter().copied().skip_while(|line| {
        let line = line.trim();
        line.is_empty() || is_comment(line) || line.starts_with('@')
    });
    let Some(first) = lines.next() else { return Ok(None) };
    if first.trim_start().starts_with("< {%") {
        return Err("scripts are not run".to_owned());
    }
    let rest: Vec<&str> = lines.collect();
    let (mut line, mut at) = (first.trim().to_owned(), 0);
    // A long query goes on in lines that are set in.
    while let Some(more) = rest.get(at).map(|line| line.trim()).filter(|line| line.starts_with(['?', '&'])) {
        line.push_str(more);
        at += 1;
    }
    let (method, url) = request_line(&line);
    let end = rest.iter().position(|line| line.trim().is_empty()).unwrap_or(rest.len()).max(at);
    let headers = headers(&rest[at..end], variables)?;
    let body = body(&rest[end..], variables, &block.name, skipped)?;
    let target = target(&url, &headers, variables, opened)?;
    let name = Some(block.name.clone()).filter(|name| !name.is_empty());
    Ok(Some(Recorded { name, method, target, headers, body }.endpoint()))
}

fn request_line(line: &str) -> (String, String) {
    let line = line.rsplit_once(" HTTP/").map_or(line, |(line, _)| line);
    match line.split_once(char::is_whitespace) {
        Some((method, url)) if is_method(method) => (method.to_owned(), url.trim().to_owned()),
        _ => ("GET".to_owned(), line.to_owned()),
    }
}

fn headers(lines: &[&str], variables: &Variables) -> Result<Vec<(String, String)>, String> {
    let pair = |line: &&str| {
        let (name, value) = line.split_once(':').ok_or("a header without a colon stands in it")?;
        Ok((name.trim().to_owned(), variables.fill(value.trim())?))
    };
    lines.iter().filter(|line| !is_comment(line.trim())).map(pair).collect()
}

/// Of a relative URL, the `Host` header says where it goes.
fn target(
    url: &str,
    headers: &[(String, String)],
    variables: &Variables,
    opened: &Opened<'_>,
) -> Result<String, String> {
    let filled = match url.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
        Some((host, path)) if !variables.0.contains_key(host.trim()) && !host.starts_with('$') => {
            variables.fill(path)?
        }
        _ => variables.fill(url)?,
    };
    let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    match host.filter(|_| filled.starts_with('/')) {
        Some((_, host)) => own_target(&format!("{host}{filled}"), opened),
        None => own_target(&filled, opened),
    }
}

fn body(
    lines: &[&str],
    variables: &Variables,
    name: &str,
    skipped: &mut Vec<Skipped>,
) -> Result<Option<RecordedBody>, String> {
    let mut kept = Vec::new();
    for line in lines.iter().skip_while(|line| line.trim().is_empty()) {
        let line = line.trim_end_matches('\r');
        if line.starts_with("> ") || line.starts_with("<> ") {
            skipped.push(Skipped::new(format!("what follows an answer, in {name}"), "scripts are not run"));
            break;
        }
        if line.starts_with("< ") || line.starts_with("<@") {
            return Err("its body stands in another file, which is not read".to_owned());
        }
        kept.push(line);
    }
    let text = variables.fill(kept.join("\n").trim_end())?;
    Ok((!text.is_empty()).then_some(RecordedBody::Text { media_type: None, text }))
}
