//! The load generators: how each is started, and how it says how many requests it sent.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::program;

/// What a load generator is to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Errand {
    pub(super) port: u16,
    pub(super) users: u32,
    pub(super) seconds: u32,
    pub(super) kind: Kind,
}

/// Which requests are to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The same one on kept connections.
    KeepAlive,
    /// The same one on kept connections, by two threads.
    TwoThreads,
    /// One with a new query each time.
    UniqueQuery,
    /// The same one on a new connection each time.
    Fresh,
    /// The same one on kept connections under TLS.
    Tls,
    /// The same one over HTTP/2 without TLS, ten at once on each of ten connections.
    Http2,
}

impl Errand {
    const fn threads(&self) -> u32 {
        if matches!(self.kind, Kind::TwoThreads) { 2 } else { 1 }
    }

    fn url(&self) -> String {
        let query = if self.kind == Kind::UniqueQuery { "?key={uuid}" } else { "" };
        let scheme = if self.kind == Kind::Tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/data{query}", self.port)
    }
}

/// One load generator.
pub(super) struct Client {
    pub(super) name: &'static str,
    /// Where to get it; ours are built.
    pub(super) from: &'static str,
    program: fn(&Built) -> Option<PathBuf>,
    words: fn(&Errand) -> Vec<String>,
    /// Reads the number of requests from what it printed.
    pub(super) requests: fn(&str) -> Option<f64>,
}

/// Programs that were built for this.
pub(super) struct Built {
    pub(super) drip: PathBuf,
    pub(super) raw: PathBuf,
}

/// Ours, the limit, the peer to beat, then the others by what they cost.
pub(super) static CLIENTS: &[Client] = &[
    Client {
        name: "drip",
        from: "",
        program: |built| Some(built.drip.clone()),
        words: drip,
        requests: |printed| json(printed)?["requests"].as_f64(),
    },
    Client {
        name: "raw",
        from: "",
        program: |built| Some(built.raw.clone()),
        words: |errand| {
            let numbers = [u32::from(errand.port), errand.users, errand.seconds, errand.threads()];
            ["load".to_owned()].into_iter().chain(numbers.map(|number| number.to_string())).collect()
        },
        requests: |printed| json(printed)?["requests"].as_f64(),
    },
    Client {
        name: "wrk",
        from: "Debian: wrk",
        program: |_| program::on_path("wrk"),
        words: wrk,
        requests: |printed| printed.split_once(" requests in ")?.0.rsplit(' ').next()?.trim().parse().ok(),
    },
    Client {
        name: "h2load",
        from: "Debian: nghttp2-client",
        program: |_| program::on_path("h2load"),
        words: |errand| match errand.kind {
            Kind::Http2 => {
                words(&format!("-c {} -m {STREAMS} -D {}", connections(errand), errand.seconds), errand)
            }
            _ => words(&format!("--h1 -c {} -D {}", errand.users, errand.seconds), errand),
        },
        requests: |printed| number_before(printed, " done"),
    },
    Client {
        name: "oha",
        from: "cargo install oha --locked",
        program: |_| program::on_path("oha"),
        words: oha,
        requests: |printed| {
            let statuses = json(printed)?;
            let counts = statuses["statusCodeDistribution"].as_object()?;
            Some(counts.values().filter_map(Value::as_f64).sum())
        },
    },
    Client {
        name: "autocannon",
        from: "npm: autocannon",
        program: |_| program::on_path("autocannon"),
        words: |errand| words(&format!("--json -c {} -d {}", errand.users, errand.seconds), errand),
        requests: |printed| json(printed)?["2xx"].as_f64(),
    },
    Client {
        name: "hey",
        from: "Debian: hey",
        program: |_| program::on_path("hey"),
        words: |errand| words(&format!("-c {} -z {}s", errand.users, errand.seconds), errand),
        requests: |printed| number_before(printed, " responses"),
    },
];

impl Client {
    pub(super) fn named(name: &str) -> &'static Self {
        CLIENTS.iter().find(|client| client.name == name).expect("the tables name clients of the list")
    }

    /// How to start it; `None` where it is not installed.
    pub(super) fn command(&self, built: &Built, errand: &Errand) -> Option<Command> {
        let mut command = Command::new((self.program)(built)?);
        command.args((self.words)(errand));
        Some(command)
    }
}

impl Built {
    pub(super) fn new(target: &Path, folder: &Path) -> Self {
        Self { drip: target.join("release/examples/load"), raw: folder.join("raw") }
    }
}

/// Requests at once on a connection of HTTP/2; ours does as many by itself.
const STREAMS: u32 = 10;

/// Connections of HTTP/2 for as many requests at once as there are users.
const fn connections(errand: &Errand) -> u32 {
    errand.users / STREAMS
}

fn drip(errand: &Errand) -> Vec<String> {
    let manner = match errand.kind {
        Kind::Fresh => Some("fresh"),
        Kind::Tls => Some("insecure"),
        Kind::Http2 => Some("http2"),
        Kind::KeepAlive | Kind::TwoThreads | Kind::UniqueQuery => None,
    };
    let settings = [
        format!("users={}", errand.users),
        format!("seconds={}", errand.seconds),
        format!("threads={}", errand.threads()),
    ];
    [errand.url()].into_iter().chain(settings).chain(manner.map(str::to_owned)).collect()
}

fn oha(errand: &Errand) -> Vec<String> {
    let connections = match errand.kind {
        Kind::Http2 => format!("--http2 -c {} -p {STREAMS}", connections(errand)),
        _ => format!("-c {}", errand.users),
    };
    words(&format!("--no-tui --output-format json {connections} -z {}s", errand.seconds), errand)
}

fn wrk(errand: &Errand) -> Vec<String> {
    let Errand { users, seconds, .. } = errand;
    let mut all = words(&format!("-t{} -c{users} -d{seconds}", errand.threads()), errand);
    if errand.kind == Kind::Fresh {
        all.extend(["-H", "Connection: close"].map(str::to_owned));
    }
    all
}

fn words(text: &str, errand: &Errand) -> Vec<String> {
    text.split(' ').map(str::to_owned).chain([errand.url()]).collect()
}

pub(super) fn json(printed: &str) -> Option<Value> {
    serde_json::from_str(printed).ok()
}

/// The number that stands before some words.
fn number_before(printed: &str, what: &str) -> Option<f64> {
    let before = printed.split_once(what)?.0;
    before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(client: &str, printed: &str, expected: f64) {
        assert_eq!((Client::named(client).requests)(printed), Some(expected), "{client}");
    }

    #[test]
    fn each_says_in_its_own_way_how_many_requests_it_sent() {
        check("drip", r#"{"requests": 12, "errors": 0}"#, 12.0);
        check("wrk", "  2 threads and 50 connections\n  141148 requests in 3.03s, 11.17MB read\n", 141_148.0);
        check("h2load", "requests: 54678 total, 54728 started, 54670 done, 54678 succeeded", 54_670.0);
        check("hey", "Status code distribution:\n  [200]\t20580 responses\n", 20_580.0);
        check("autocannon", r#"{"non2xx":0,"2xx":52997}"#, 52_997.0);
        check("oha", r#"{"statusCodeDistribution":{"200":5,"404":2}}"#, 7.0);
    }
}
