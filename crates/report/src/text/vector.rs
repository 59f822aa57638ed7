//! All that is known of one vector, line by line: what was seen, what it means, how sure that is.

use std::io;

use super::amount::{self, Said};
use super::page::Page;
use super::{Fact, gauges, headline};
use crate::document::{
    Document, Evidence, Growth, Range, Signal, Tally, Threshold, ToLimit, Undone, Unit, Vector, Verdict,
};
use crate::{chart, quantity};

/// Columns that a picture is set in by.
const PICTURE_INDENT: usize = 2;

/// What no run of finite length can tell from a leak.
const EXPIRY: &str = "a cache whose entries expire later than this run took would look the same";

/// What numbers of vectors that were asked together mean.
const LAID: &str = "what all kept together is reckoned as if this one had kept it";

/// Why it is no accident of the doses that were judged.
const CONFIRMED: &str = "in fresh doses after the verdict, which took no part in it";

/// Everything but the picture.
pub(super) fn write(vector: &Vector, document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let title = headline::word(vector.verdict);
    page.titled(headline::style_of(vector.verdict), &title, &format!("  {}", name(vector)))?;
    page.facts(&facts(vector, document))
}

/// `GET /data (repeated requests)`.
pub(crate) fn name(vector: &Vector) -> String {
    format!("{} ({} requests)", vector.endpoint, words(&vector.pattern))
}

/// All that is known of a vector.
pub(crate) fn facts(vector: &Vector, document: &Document) -> Vec<Fact> {
    let mut facts =
        vec![Fact::new("Requests", requests(vector)), Fact::new("Answers", answers(&vector.tally))];
    facts.extend(growth(vector, document));
    facts.extend(gauges::facts(vector));
    facts.extend(vector.to_limit.as_ref().map(|to_limit| Fact::new("Limit", limit(to_limit))));
    let own = vector.doubts.iter().filter(|doubt| !document.doubts.contains(doubt));
    facts.extend(own.map(|doubt| Fact::new("Doubt", doubt.message.clone())));
    let other = |other: &Evidence| format!("{}: {}", other.signal, Said::further(other).in_words());
    let worth_saying = vector.others.iter().filter(|other| is_worth_saying(other));
    facts.extend(worth_saying.map(|evidence| Fact::new("Also", other(evidence))));
    if matches!(vector.verdict, Verdict::Leaking | Verdict::Unbounded) && vector.unit == Some(Unit::Bytes) {
        facts.push(Fact::new("Note", EXPIRY.to_owned()));
    }
    facts.extend(vector.thresholds.iter().map(|threshold| Fact::detail("Threshold", reckoned(threshold))));
    facts
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
fn growth(vector: &Vector, document: &Document) -> Vec<Fact> {
    let of = |label, text: Option<String>| text.map(|text| Fact::new(label, text));
    let signal = vector.signal.map(|signal| format!("{signal}{}", reading(vector, document)));
    let idle = vector.signal.zip(vector.per_hour);
    let idle = idle.map(|(signal, rate)| format!("grows by {}", amount::per(signal, &rate, "hour")));
    let key = vector.key.as_ref().map(|key| format!("{key}; the same request, repeated, keeps nothing"));
    let smallest = vector.signal.zip(vector.smallest_detectable);
    [
        of("Signal", signal),
        of(
            "Asked with",
            vector.asked_with.map(|others| format!("{} others: {LAID}", quantity::count(others))),
        ),
        of("Made", vector.undone.as_ref().map(undone)),
        of("Growth", Said::main(vector).filter(|_| vector.asked_with.is_none()).map(|said| said.in_words())),
        of("Seen again", (vector.confirmed == Some(true)).then(|| CONFIRMED.to_owned())),
        of("When idle", idle),
        of("Key", key),
        of("Death", vector.crash.as_ref().map(headline::death)),
        of("Detectable", smallest.map(|(signal, smallest)| detectable(&amount::of(signal, smallest)))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn undone(undone: &Undone) -> String {
    let Undone { by, made, deleted } = undone;
    format!("{} things, of which {by} deleted {} again", quantity::count(*made), quantity::count(*deleted))
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

pub(crate) fn words(name: &str) -> String {
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

/// `259 MiB (V8 heap limit in 512 MiB) is reached in about 17 hours at 10 requests per second: 618,000 requests, …`.
fn limit(to_limit: &ToLimit) -> String {
    let reached = format!(
        "{} ({}) is reached in about {}",
        to_limit.amount(),
        to_limit.limit,
        quantity::duration(to_limit.seconds as f64)
    );
    let Some(by) = &to_limit.by_requests else {
        let seconds = |seconds: u64| quantity::duration(seconds as f64);
        let between = to_limit.seconds_range.map(|range| format!(", {}", between(range, seconds)));
        return format!("{reached} without any request{}", between.unwrap_or_default());
    };
    let rough = |requests: u64| quantity::rough_count(requests as f64);
    let (rate, requests) = (quantity::number(by.rate_per_second, 3), rough(by.requests));
    format!(
        "{reached} at {rate} requests per second: {requests} requests, {}",
        between(by.requests_range, rough)
    )
}

fn between(range: Range, words: impl Fn(u64) -> String) -> String {
    match range.high {
        Some(high) => format!("between {} and {}", words(range.low), words(high)),
        None => format!("{} at the least", words(range.low)),
    }
}

fn reckoned(threshold: &Threshold) -> String {
    let amount = match threshold.unit {
        Some(Unit::Bytes) => quantity::bytes(threshold.value),
        Some(Unit::Count) | None => quantity::number(threshold.value, 6),
    };
    format!("{} = {amount}: {}", words(&threshold.name), threshold.why)
}
