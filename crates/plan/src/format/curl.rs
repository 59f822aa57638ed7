//! Curl command lines, as browsers copy them and documentation shows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::postman::own_target;
use super::recorded::{Recorded, RecordedBody, distinct, field};
use super::{Format, Opened};
use crate::endpoint::{Description, Endpoint, Skipped};
use crate::schema::Form;

pub(super) const FORMAT: Format = Format {
    name: "curl",
    about: "one or more curl command lines",
    sniff: |opened| {
        let lines =
            opened.text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        lines.is_some_and(|line| line.trim_start_matches("$ ").starts_with("curl "))
    },
    read,
};

/// Options without a value that change nothing for us, and those with one.
const IDLE: [&str; 20] = [
    "-s",
    "--silent",
    "-S",
    "--show-error",
    "-k",
    "--insecure",
    "-L",
    "--location",
    "-i",
    "--include",
    "-v",
    "--verbose",
    "-f",
    "--fail",
    "--compressed",
    "-g",
    "--globoff",
    "--http1.1",
    "--http2",
    "-N",
];
const IDLE_WITH_VALUE: [&str; 12] = [
    "-o",
    "--output",
    "-m",
    "--max-time",
    "--connect-timeout",
    "--retry",
    "-w",
    "--write-out",
    "-D",
    "--dump-header",
    "--cacert",
    "--resolve",
];

fn read(opened: Opened<'_>) -> Result<Description, String> {
    let text: String = opened
        .text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .fold(String::new(), |all, line| all + line.trim_start_matches("$ ") + "\n");
    let words =
        shell_words::split(&text.replace("\\\n", " ")).map_err(|_| "a quote is not closed".to_owned())?;
    let mut out = Description::default();
    let mut commands = words.split(|word| word == "curl").skip(1).enumerate();
    commands.by_ref().for_each(|(number, words)| match endpoint(words, &opened) {
        Ok(endpoint) => out.endpoints.push(endpoint),
        Err(why) => out.skipped.push(Skipped::new(format!("command {}", number + 1), why)),
    });
    Ok(distinct(out))
}

#[derive(Default)]
struct Command {
    method: Option<String>,
    url: Option<String>,
    headers: Vec<(String, String)>,
    data: Vec<String>,
    form: Vec<(String, Form)>,
    json: bool,
    in_query: bool,
}

fn endpoint(words: &[String], opened: &Opened<'_>) -> Result<Endpoint, String> {
    let mut command = Command::default();
    let mut words =
        words.iter().map(String::as_str).take_while(|word| !matches!(*word, "|" | "&&" | ";" | ">"));
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word == "-" {
            command.url = Some(word.to_owned());
            continue;
        }
        let (option, given) = split(word);
        if IDLE.contains(&option) {
            continue;
        }
        let value = if takes_value(option) { given.or_else(|| words.next()) } else { Some("") };
        command.take(option, value.ok_or_else(|| format!("{option} has no value"))?)?;
    }
    command.endpoint(opened)
}

/// `-XPOST` and `--request=POST` have their value in the same word.
fn split(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
    }
    match word.get(..2).zip(word.get(2..)) {
        Some((option, value)) if !value.is_empty() && takes_value(option) => (option, Some(value)),
        _ => (word, None),
    }
}

fn takes_value(option: &str) -> bool {
    !matches!(option, "-G" | "--get" | "-I" | "--head")
}

impl Command {
    fn take(&mut self, option: &str, value: &str) -> Result<(), String> {
        match option {
            "-X" | "--request" => self.method = Some(value.to_owned()),
            "--url" => self.url = Some(value.to_owned()),
            "-H" | "--header" => self.headers.extend(header(value)),
            "-A" | "--user-agent" => self.headers.push(("User-Agent".into(), value.into())),
            "-e" | "--referer" => self.headers.push(("Referer".into(), value.into())),
            "-b" | "--cookie" if value.contains('=') => self.headers.push(("Cookie".into(), value.into())),
            "-u" | "--user" => {
                self.headers.push(("Authorization".into(), format!("Basic {}", STANDARD.encode(value))));
            }
            "-d" | "--data" | "--data-ascii" | "--data-binary" | "--json" if value.starts_with('@') => {
                return Err("its body stands in another file, which is not read".to_owned());
            }
            "-d" | "--data" | "--data-ascii" | "--data-raw" | "--data-binary" => {
                self.data.push(value.to_owned())
            }
            "--data-urlencode" => self.data.push(urlencoded(value)),
            "--json" => {
                self.json = true;
                self.data.push(value.to_owned());
            }
            "-F" | "--form" | "--form-string" => self.form.extend(part(value)),
            "-G" | "--get" => self.in_query = true,
            "-I" | "--head" => self.method = Some("HEAD".to_owned()),
            option if IDLE_WITH_VALUE.contains(&option) => {}
            option => return Err(format!("its option {option} is not known")),
        }
        Ok(())
    }

    fn endpoint(self, opened: &Opened<'_>) -> Result<Endpoint, String> {
        let url = self.url.ok_or("it has no URL")?;
        let mut target = own_target(&url, opened)?;
        let separator = if self.json { "" } else { "&" };
        let data = (!self.data.is_empty()).then(|| self.data.join(separator));
        let mut body = None;
        match data {
            Some(data) if self.in_query => {
                target = format!("{target}{}{data}", if target.contains('?') { '&' } else { '?' });
            }
            Some(text) => {
                let kind = if self.json { "application/json" } else { "application/x-www-form-urlencoded" };
                body = Some(RecordedBody::Text { media_type: Some(kind.to_owned()), text });
            }
            None if !self.form.is_empty() => body = Some(RecordedBody::Multipart(Form::Record(self.form))),
            None => {}
        }
        let usual = if body.is_some() { "POST" } else { "GET" };
        let method = self.method.unwrap_or_else(|| usual.to_owned());
        Ok(Recorded { name: None, method, target, headers: self.headers, body }.endpoint())
    }
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

fn part(text: &str) -> Option<(String, Form)> {
    let (name, value) = text.split_once('=')?;
    let form = if value.starts_with(['@', '<']) { Form::file() } else { field(name, value) };
    Some((name.to_owned(), form))
}

/// `name=text`, of which the text is encoded.
fn urlencoded(text: &str) -> String {
    let (name, value) = text.split_once('=').unwrap_or(("", text));
    let mut out = if name.is_empty() { Vec::new() } else { format!("{name}=").into_bytes() };
    drip_model::Escape::Url.write(value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}
