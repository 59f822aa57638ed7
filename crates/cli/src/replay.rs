//! The words that ask for the same once more, taken from those of a run, secrets left out.
//!
//! They are made of the options themselves, so that a new option of what is asked is in them at once. What is only
//! shown, gated or told stays out, and so does what must be said anew each time.

use clap::{Arg, ArgAction, ArgMatches, Command};
use drip_report::document::Replay;

use crate::ask::is_credential;
use crate::config::NEVER;

/// Options under these headings say what is asked of which service, how, and what is reckoned with.
const HEADINGS: [&str; 6] = ["What to request", "The service", "Connections", "Load", "Reckoning", "TLS"];
/// What stands without a name, before a command.
const URL: &str = "url";
/// What stands last.
const COMMAND: &str = "command";
/// A process has another number each time.
const MEMORY: &str = "memory";
/// Headers whose values are no secrets; of others only slots are kept.
const PLAIN_HEADERS: [&str; 15] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "prefer",
    "range",
    "user-agent",
    "x-requested-with",
];
/// Parts of a query that are secrets, besides those whose name says so.
const SECRET_PARTS: [&str; 7] = ["key", "auth", "sig", "signature", "session", "jwt", "code"];

/// The words of a run or scan.
pub(crate) fn words(verb: &Command, matches: &ArgMatches) -> Replay {
    let mut replay = Replay { words: vec![verb.get_name().to_owned()], withheld: Vec::new() };
    for option in verb.get_arguments().filter(|option| is_asking(option)) {
        values(option, matches).into_iter().for_each(|value| add(&mut replay, option, value));
    }
    let command = values_of(COMMAND, matches);
    if !command.is_empty() {
        let shown = drip_session::hidden(&command);
        if shown != command {
            replay.withheld.push("--".to_owned());
        }
        replay.words.push("--".to_owned());
        replay.words.extend(shown);
    }
    replay
}

/// The seed that was drawn, where the words name none.
pub(crate) fn seeded(mut replay: Replay, seed: u64) -> Replay {
    if !replay.words.iter().any(|word| word.starts_with("--seed=")) {
        replay.words.insert(1, format!("--seed={seed}"));
    }
    replay
}

fn is_asking(option: &Arg) -> bool {
    match option.get_long() {
        Some(long) => {
            option.get_help_heading().is_some_and(|heading| HEADINGS.contains(&heading))
                && !NEVER.contains(&long)
        }
        None => option.get_id() == URL,
    }
}

/// Of a flag, `true` where it is set.
fn values(option: &Arg, matches: &ArgMatches) -> Vec<String> {
    let id = option.get_id().as_str();
    match option.get_action() {
        ArgAction::SetTrue if !matches.get_flag(id) => Vec::new(),
        _ => values_of(id, matches),
    }
}

fn values_of(id: &str, matches: &ArgMatches) -> Vec<String> {
    let raw = matches.try_get_raw(id).ok().flatten();
    raw.into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect()
}

/// Adds one value of an option, or only that it is withheld.
fn add(replay: &mut Replay, option: &Arg, value: String) {
    let long = option.get_long().map(|long| format!("--{long}"));
    match (long, secret(option.get_id().as_str(), &value)) {
        (long, Some(what)) => replay.withheld.push(format!("{}{what}", long.unwrap_or_default())),
        (Some(long), None) if matches!(option.get_action(), ArgAction::SetTrue) => replay.words.push(long),
        (Some(long), None) => replay.words.push(format!("{long}={value}")),
        (None, None) => replay.words.push(value),
    }
}

/// What of a value must not be kept, as far as it may be told.
fn secret(option: &str, value: &str) -> Option<String> {
    match option {
        "headers" => secret_header(value).map(|name| format!(" {name}")),
        "data" => (!value.starts_with('@') && drip_session::is_secret(value)).then(String::new),
        "paths" | "spec" => has_secret(value).then(String::new),
        URL => has_secret(value).then(|| "URL".to_owned()),
        MEMORY => Some(String::new()),
        _ => None,
    }
}

/// The name of a header whose value may be a secret.
fn secret_header(header: &str) -> Option<&str> {
    let (name, value) = header.split_once(':').unwrap_or((header, ""));
    let (name, value) = (name.trim(), value.trim());
    let is_plain = PLAIN_HEADERS.iter().any(|plain| name.eq_ignore_ascii_case(plain));
    let is_slot = value.starts_with('{') && value.find('}') == Some(value.len() - 1);
    (is_credential(name) || !(is_plain || is_slot || value.is_empty())).then_some(name)
}

/// Whether a URL or path carries a password, or a part of its query that is secret by its name.
fn has_secret(url: &str) -> bool {
    let (rest, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = rest.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let is_secret = |part: &str| {
        let name = part.split('=').next().unwrap_or_default();
        drip_session::is_secret(name) || SECRET_PARTS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
    };
    authority.contains('@') || query.split('&').any(is_secret)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    #[track_caller]
    fn check(line: &[&str], expected: &[&str], withheld: &[&str]) {
        let mut command = Cli::command();
        let matches = command.try_get_matches_from_mut([&["drip"], line].concat()).unwrap();
        let (name, matches) = matches.subcommand().unwrap();
        let replay = words(command.find_subcommand(name).unwrap(), matches);
        // What has a default is in every replay.
        let usual = |word: &&String| {
            ["--budget", "--dose", "--rate-expected", "--ready-timeout"]
                .iter()
                .all(|usual| !word.starts_with(usual))
        };
        assert_eq!(replay.words.iter().filter(usual).collect::<Vec<_>>(), expected);
        assert_eq!(replay.withheld, withheld);
    }

    #[test]
    fn what_is_asked_is_kept_and_what_is_shown_or_gated_is_not() {
        check(
            &[
                "run",
                "--path",
                "/a?q={word}",
                "--no-attach",
                "-o",
                "x",
                "--fail-below",
                "C",
                "--patterns",
                "repeated,unique-query",
                "--",
                "node",
                "a.js",
            ],
            &[
                "run",
                "--patterns=repeated",
                "--patterns=unique-query",
                "--no-attach",
                "--path=/a?q={word}",
                "--",
                "node",
                "a.js",
            ],
            &[],
        );
        check(
            &["scan", "http://127.0.0.1:1/a", "--i-own", "x", "--memory", "pid:7", "--insecure"],
            &["scan", "http://127.0.0.1:1/a", "--insecure"],
            &["--memory"],
        );
    }

    #[test]
    fn secrets_are_withheld_and_told_by_their_names() {
        check(
            &[
                "run",
                "-H",
                "Authorization: Bearer x",
                "-H",
                "Accept: a/b",
                "-H",
                "X-Tenant: {n}",
                "-H",
                "X-Tenant: t1",
                "-d",
                "{\"password\": 1}",
                "--path",
                "/a?api_key=x",
                "--path",
                "/b?sig=x",
                "--path",
                "/c?design=x",
                "--",
                "env",
                "DB_PASSWORD=x",
                "node",
            ],
            &[
                "run",
                "--header=Accept: a/b",
                "--header=X-Tenant: {n}",
                "--path=/c?design=x",
                "--",
                "env",
                "DB_PASSWORD=***",
                "node",
            ],
            &["--header Authorization", "--header X-Tenant", "--data", "--path", "--path", "--"],
        );
        check(&["scan", "http://me:word@h/"], &["scan"], &["URL"]);
    }
}
