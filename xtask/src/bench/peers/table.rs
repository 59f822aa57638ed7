//! The figures as a table for people, as JSON, and as one line.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::client::{Client, Kind};
use super::clock::{Stall, Timer};
use crate::bench::arithmetic::percentile;

/// Of one turn of one client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    /// Processor time per request, user and system, in microseconds.
    pub(super) micros: f64,
    pub(super) per_second: f64,
    pub(super) peak_bytes: f64,
}

/// All turns of one client.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) client: &'static str,
    pub(super) kind: Kind,
    pub(super) numbers: Vec<Numbers>,
}

impl Row {
    fn median(&self, of: impl Fn(&Numbers) -> f64) -> f64 {
        percentile(&self.numbers.iter().map(of).collect::<Vec<_>>(), 0.5).unwrap_or(f64::NAN)
    }

    fn micros(&self) -> f64 {
        self.median(|numbers| numbers.micros)
    }

    pub(super) fn per_second(&self) -> f64 {
        self.median(|numbers| numbers.per_second)
    }

    fn json(&self) -> Value {
        json!({
            "client": self.client,
            "requests": words(self.kind),
            "cpuMicrosPerRequest": self.micros(),
            "rounds": self.numbers.iter().map(|numbers| numbers.micros).collect::<Vec<_>>(),
            "requestsPerSecond": self.per_second(),
            "peakRssBytes": self.median(|numbers| numbers.peak_bytes),
        })
    }
}

/// Resident memory of long and of wide runs.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) requests: u64,
    /// After a tenth of them, and at the end.
    pub(super) early_bytes: f64,
    pub(super) late_bytes: f64,
    pub(super) users: u32,
    pub(super) wide_bytes: f64,
}

pub(super) struct Table {
    pub(super) keep_alive: Vec<Row>,
    pub(super) missing: Vec<&'static Client>,
    pub(super) two_threads: Vec<Row>,
    pub(super) unique: Vec<Row>,
    pub(super) fresh: Vec<Row>,
    pub(super) tls: Vec<Row>,
    pub(super) http2: Vec<Row>,
    pub(super) timer: Timer,
    pub(super) stall: Stall,
    pub(super) memory: Memory,
}

impl Table {
    pub(super) fn markdown(&self) -> String {
        let mut text = String::from(
            "# What a request costs Drip and other load generators\n\n\
             Repeat: `cargo xtask bench peers`. 50 connections, 3 s each, seven alternating rounds, medians; the processor \
             time is user and system of the client. Figures are of this machine on this day; compare within a table only.\n",
        );
        text += "\n## The same request on kept connections\n\n";
        text += &rows(&self.keep_alive, self.micros("raw"), self.micros("wrk"));
        for client in &self.missing {
            text += &format!("\n{} is not installed here ({}).\n", client.name, client.from);
        }
        text += "\n## The same by two threads\n\nServer and client share the processors of this machine.\n\n";
        let two = |client| micros_of(&self.two_threads, client);
        text += &rows(&self.two_threads, two("raw"), two("wrk"));
        text += "\n## Repeated, and with a new query each time\n\n";
        text += &rows(&self.unique, None, None);
        text += "\n## A new connection each time\n\n";
        text += &rows(&self.fresh, None, micros_of(&self.fresh, "wrk"));
        text += "\n## Kept connections under TLS\n\n";
        text += &rows(&self.tls, None, micros_of(&self.tls, "wrk"));
        text += "\n## HTTP/2 without TLS, ten connections of ten requests at once, against nghttpd\n\n";
        text += &rows(&self.http2, None, None);
        if let Some(ratio) = self.to_oha() {
            let _ = writeln!(text, "\nDrip costs {ratio:.2} of what oha does.");
        }
        text += &self.by_the_clock();
        let Memory { requests, early_bytes, late_bytes, users, wide_bytes } = self.memory;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\n## Memory\n\n{requests} requests: {:.2} MB after a tenth of the time, {:.2} MB at the end. \
             {users} connections: at most {:.1} MB.",
            early_bytes / 1e6,
            late_bytes / 1e6,
            wide_bytes / 1e6
        );
        text
    }

    fn by_the_clock(&self) -> String {
        let Timer { rate, drip_micros, empty_micros } = self.timer;
        let Stall { seconds, drip_millis, oha_millis, expected_millis } = self.stall;
        let oha = oha_millis.map(|oha| format!(", oha with its latency correction {oha:.0} ms"));
        format!(
            "\n## By the clock\n\n{rate} requests per second for {seconds} s: 99.9 % start within {drip_micros:.0} µs of \
             when they are due; an empty timer loop wakes within {empty_micros:.0} µs (ratio {:.2}).\n\n\
             The same where the server stands still for one second: by arithmetic 99 % are answered within \
             {expected_millis:.0} ms of when they were due; Drip says {drip_millis:.0} ms (ratio {:.3}){}.\n",
            drip_micros / empty_micros,
            drip_millis / expected_millis,
            oha.unwrap_or_default()
        )
    }

    pub(super) fn json(&self) -> Value {
        let all = [&self.keep_alive, &self.two_threads, &self.unique, &self.fresh, &self.tls, &self.http2]
            .into_iter()
            .flatten();
        json!({
            "rows": all.map(Row::json).collect::<Vec<_>>(),
            "notInstalled": self.missing.iter().map(|client| client.name).collect::<Vec<_>>(),
            "lateP999Micros": { "rate": self.timer.rate, "drip": self.timer.drip_micros, "emptyTimer": self.timer.empty_micros },
            "stallP99Millis": {
                "expected": self.stall.expected_millis,
                "drip": self.stall.drip_millis,
                "oha": self.stall.oha_millis,
            },
            "memory": {
                "requests": self.memory.requests,
                "earlyBytes": self.memory.early_bytes,
                "lateBytes": self.memory.late_bytes,
                "connections": self.memory.users,
                "peakBytes": self.memory.wide_bytes,
            },
        })
    }

    /// What Drip costs over HTTP/2, as a share of what oha does.
    fn to_oha(&self) -> Option<f64> {
        Some(micros_of(&self.http2, "drip")? / micros_of(&self.http2, "oha")?)
    }

    /// The figures that matter most.
    pub(super) fn last_line(&self) -> String {
        let [drip, raw, wrk] = ["drip", "raw", "wrk"].map(|client| self.micros(client).unwrap_or(f64::NAN));
        format!(
            "drip {drip:.2} us/request, raw {raw:.2}, wrk {wrk:.2}, ratio to raw {:.2}, ratio to wrk {:.2}",
            drip / raw,
            drip / wrk
        )
    }

    fn micros(&self, client: &str) -> Option<f64> {
        micros_of(&self.keep_alive, client)
    }
}

fn micros_of(rows: &[Row], client: &str) -> Option<f64> {
    rows.iter().find(|row| row.client == client).map(Row::micros)
}

const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::KeepAlive => "the same",
        Kind::TwoThreads => "the same by two threads",
        Kind::UniqueQuery => "a new query each",
        Kind::Fresh => "a new connection each",
        Kind::Tls => "the same under TLS",
        Kind::Http2 => "the same over HTTP/2",
    }
}

fn rows(rows: &[Row], raw: Option<f64>, wrk: Option<f64>) -> String {
    let mut text = String::from(
        "| client | requests | CPU µs per request | rounds from to | requests/s | peak MB | to raw | to wrk |\n\
         |---|---|--:|---|--:|--:|--:|--:|\n",
    );
    let ratio =
        |micros: f64, to: Option<f64>| to.map_or("–".to_owned(), |to| format!("{:.2}", micros / to));
    for row in rows {
        let micros = row.micros();
        let all = row.numbers.iter().map(|numbers| numbers.micros);
        let (low, high) =
            all.fold((f64::MAX, 0.0_f64), |(low, high), micros| (low.min(micros), high.max(micros)));
        let _ = writeln!(
            text,
            "| {} | {} | {micros:.2} | {low:.2} to {high:.2} | {:.0} | {:.1} | {} | {} |",
            row.client,
            words(row.kind),
            row.per_second(),
            row.median(|numbers| numbers.peak_bytes) / 1e6,
            ratio(micros, raw),
            ratio(micros, wrk)
        );
    }
    text
}
