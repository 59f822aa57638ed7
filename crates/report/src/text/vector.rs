//! All that is known of one vector, line by line: what was seen, what it means, how sure that is.

use std::io;

use super::amount::{self, Said};
use super::page::{DIM, Page};
use super::{gauges, headline};
use crate::document::{Document, Evidence, Growth, Signal, Tally, Threshold, ToLimit, Unit, Vector, Verdict};
use crate::{chart, quantity};

/// Columns that a picture is set in by.
const PICTURE_INDENT: usize = 2;

/// What no run of finite length can tell from a leak.
const EXPIRY: &str = "a cache whose entries expire later than this run took would look the same";

/// Why it is no accident of the doses that were judged.
const CONFIRMED: &str = "in fresh doses after the verdict, which took no part in it";

/// Everything but the picture.
pub(super) fn write(vector: &Vector, document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let title = headline::word(vector.verdict);
    let name = format!("  {} ({} requests)", vector.endpoint, words(&vector.pattern));
    page.titled(headline::style_of(vector.verdict), &title, &name)?;
    page.entry("Requests", &requests(vector))?;
    page.entry("Answers", &answers(&vector.tally))?;
    growth(vector, document, page)?;
    gauges::write(vector, page)?;
    if let Some(to_limit) = &vector.to_limit {
        page.entry("Limit", &limit(to_limit))?;
    }
    for doubt in vector.doubts.iter().filter(|doubt| !document.doubts.contains(doubt)) {
        page.entry("Doubt", &doubt.message)?;
    }
    for other in vector.others.iter().filter(|other| is_worth_saying(other)) {
        page.entry("Also", &format!("{}: {}", other.signal, Said::further(other).in_words()))?;
    }
    if matches!(vector.verdict, Verdict::Leaking | Verdict::Unbounded) && vector.unit == Some(Unit::Bytes) {
        page.entry("Note", EXPIRY)?;
    }
    vector.thresholds.iter().try_for_each(|threshold| page.entry_in(DIM, "Threshold", &reckoned(threshold)))
}

/// The readings as a picture; nothing where there are too few.
pub(super) fn picture(vector: &Vector, page: &mut Page<'_>) -> io::Result<()> {
    let lines = chart::of(vector, page.columns() - PICTURE_INDENT, page.unicode());
    if !lines.is_empty() {
        page.blank()?;
    }
    lines.iter().try_for_each(|line| page.drawn(line))
}

/// What the signal did, and what follows from the verdict alone.
fn growth(vector: &Vector, document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    if let Some(signal) = vector.signal {
        page.entry("Signal", &format!("{signal}{}", reading(vector, document)))?;
    }
    if let Some(said) = Said::main(vector) {
        page.entry("Growth", &said.in_words())?;
    }
    if vector.confirmed == Some(true) {
        page.entry("Seen again", CONFIRMED)?;
    }
    if let Some((signal, per_hour)) = vector.signal.zip(vector.per_hour) {
        page.entry("When idle", &format!("grows by {}", amount::per(signal, &per_hour, "hour")))?;
    }
    if let Some(key) = &vector.key {
        page.entry("Key", &format!("{key}; the same request, repeated, keeps nothing"))?;
    }
    if let Some(crash) = &vector.crash {
        page.entry("Death", &headline::death(crash))?;
    }
    match vector.signal.zip(vector.smallest_detectable) {
        Some((signal, smallest)) => page.entry("Detectable", &detectable(&amount::of(signal, smallest))),
        None => Ok(()),
    }
}

/// ` (node-inspector; readings of up to 45 ms)`, where the verdict rests on a floor.
fn reading(vector: &Vector, document: &Document) -> String {
    match (&document.service.floor, vector.longest_reading_seconds) {
        (Some(floor), Some(longest)) if vector.signal.is_some_and(Signal::is_floor) => {
            format!(" ({}; readings of up to {})", floor.name, quantity::milliseconds(longest))
        }
        _ => String::new(),
    }
}

/// What is counted and does not grow is said by nobody's wish.
fn is_worth_saying(other: &Evidence) -> bool {
    other.unit == Unit::Bytes || other.growth == Growth::Grows
}

fn detectable(amount: &str) -> String {
    format!("a leak of {amount} per request or more would have been seen")
}

fn words(name: &str) -> String {
    name.replace('-', " ")
}

/// `41,200 in 31 seconds, the last 36,000 judged`.
fn requests(vector: &Vector) -> String {
    let under_load = match vector.tally.busy_seconds {
        busy if busy > 0.0 => format!(" in {} under load", quantity::duration(busy)),
        _ => String::new(),
    };
    let judged = match vector.judged_requests {
        Some(judged) if judged > 0 => {
            format!("; {} of them judged, the rest is warm-up", quantity::count(judged))
        }
        _ => String::new(),
    };
    format!("{}{under_load}{judged}", quantity::count(vector.requests))
}

/// `41,200 with status 200; no errors; median 1.2 ms, 99th percentile 4 ms`.
fn answers(tally: &Tally) -> String {
    let status = |(status, count): (&u16, &u64)| format!("{} with status {status}", quantity::count(*count));
    let error = |(what, count): (&String, &u64)| format!("{} failed ({what})", quantity::count(*count));
    let mut parts: Vec<String> = tally.statuses.iter().map(status).collect();
    parts.extend(tally.errors.iter().map(error));
    if tally.bodies_cut > 0 {
        parts.push(format!("{} of them cut, too long or without an end", quantity::count(tally.bodies_cut)));
    }
    if parts.is_empty() {
        return "none".to_owned();
    }
    let latency = &tally.latency_ms;
    let ms = |value| quantity::number(value, 3);
    if latency.p99 > 0.0 {
        parts.push(format!(
            "latency in the last dose {} ms median, {} ms at the 99th percentile",
            ms(latency.p50),
            ms(latency.p99)
        ));
    }
    parts.extend(tally.first_error.as_ref().map(|error| format!("first error: {error}")));
    parts.join("; ")
}

/// `at 10 requests per second, 259 MiB (V8 heap limit in 512 MiB) is reached in about 17 hours: …`.
fn limit(to_limit: &ToLimit) -> String {
    let rough = |requests: u64| quantity::rough_count(requests as f64);
    let range = match to_limit.requests_range.high {
        Some(high) => format!("between {} and {}", rough(to_limit.requests_range.low), rough(high)),
        None => format!("{} at the least", rough(to_limit.requests_range.low)),
    };
    format!(
        "{} ({}) is reached in about {} at {} requests per second: {} requests, {range}",
        quantity::limit(to_limit.limit_bytes),
        to_limit.limit,
        quantity::duration(to_limit.seconds as f64),
        quantity::number(to_limit.rate_per_second, 3),
        rough(to_limit.requests)
    )
}

fn reckoned(threshold: &Threshold) -> String {
    let amount = match threshold.unit {
        Some(Unit::Bytes) => quantity::bytes(threshold.value),
        Some(Unit::Count) | None => quantity::number(threshold.value, 6),
    };
    format!("{} = {amount}: {}", words(&threshold.name), threshold.why)
}
