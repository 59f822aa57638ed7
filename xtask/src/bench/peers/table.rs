//! The figures as a table for people, as JSON, and as one line.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::client::{Client, Kind};
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

    fn json(&self) -> Value {
        json!({
            "client": self.client,
            "requests": words(self.kind),
            "cpuMicrosPerRequest": self.micros(),
            "rounds": self.numbers.iter().map(|numbers| numbers.micros).collect::<Vec<_>>(),
            "requestsPerSecond": self.median(|numbers| numbers.per_second),
            "peakRssBytes": self.median(|numbers| numbers.peak_bytes),
        })
    }
}

/// The 99.9th percentile of how late a start was, at a rate.
#[derive(Debug)]
pub(super) struct Timer {
    pub(super) rate: u32,
    pub(super) drip_micros: f64,
    pub(super) empty_micros: f64,
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
    pub(super) unique: Vec<Row>,
    pub(super) fresh: Vec<Row>,
    pub(super) tls: Vec<Row>,
    pub(super) http2: Vec<Row>,
    pub(super) timer: Timer,
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
        text += "\n## Repeated, and with a new query each time\n\n";
        text += &rows(&self.unique, None, None);
        text += "\n## A new connection each time\n\n";
        text += &rows(&self.fresh, None, self.fresh.get(1).map(Row::micros));
        text += "\n## Kept connections under TLS\n\n";
        text += &rows(&self.tls, None, self.tls.iter().find(|row| row.client == "wrk").map(Row::micros));
        text += "\n## HTTP/2 without TLS, ten connections of ten requests at once, against nghttpd\n\n";
        text += &rows(&self.http2, None, None);
        if let Some(ratio) = self.to_oha() {
            let _ = writeln!(text, "\nDrip costs {ratio:.2} of what oha does.");
        }
        text += "\nDrip has one thread for a dose, so there are no figures for two.\n";
        let Timer { rate, drip_micros, empty_micros } = self.timer;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\n## By the clock\n\n{rate} requests per second: 99.9 % start within {drip_micros:.0} µs of when they are due; \
             an empty timer loop wakes within {empty_micros:.0} µs (ratio {:.2}).",
            drip_micros / empty_micros
        );
        let Memory { requests, early_bytes, late_bytes, users, wide_bytes } = self.memory;
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

    pub(super) fn json(&self) -> Value {
        let all = [&self.keep_alive, &self.unique, &self.fresh, &self.tls, &self.http2].into_iter().flatten();
        json!({
            "rows": all.map(Row::json).collect::<Vec<_>>(),
            "notInstalled": self.missing.iter().map(|client| client.name).collect::<Vec<_>>(),
            "lateP999Micros": { "rate": self.timer.rate, "drip": self.timer.drip_micros, "emptyTimer": self.timer.empty_micros },
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
        let micros = |client| self.http2.iter().find(|row| row.client == client).map(Row::micros);
        Some(micros("drip")? / micros("oha")?)
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
        self.keep_alive.iter().find(|row| row.client == client).map(Row::micros)
    }
}

const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::KeepAlive => "the same",
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
            row.median(|numbers| numbers.per_second),
            row.median(|numbers| numbers.peak_bytes) / 1e6,
            ratio(micros, raw),
            ratio(micros, wrk)
        );
    }
    text
}
