//! The first line: the verdict as one would tell it to a colleague.
//!
//! It must be true alone, since many read no further: a partial run and unseen memory are said here.

use anstyle::Style;

use super::amount;
use super::page::{BAD, GOOD, OPEN};
use crate::document::{Crash, Document, GradeBasis, Signal, Status, Unit, Vector, Verdict};
use crate::quantity;

/// A first line in two parts, of which the first may be painted.
pub(crate) struct Headline {
    /// `LEAKING`.
    pub(crate) word: String,
    /// ` (partial: interrupted): GET /data keeps …`.
    pub(crate) rest: String,
}

/// The first line of a document.
pub(crate) fn of(document: &Document) -> Headline {
    let worst = document.vectors.iter().find(|vector| Some(vector.verdict) == document.verdict);
    let (word, sentence) = match worst {
        Some(vector) => (word(vector.verdict), sentence(vector, document)),
        None => ("NOTHING MEASURED".to_owned(), nothing(document)),
    };
    Headline { word, rest: format!("{}: {sentence}", reservations(document)) }
}

/// Its colour.
pub(super) fn style(document: &Document) -> Style {
    document.verdict.map_or(OPEN, style_of)
}

/// The colour of a verdict.
pub(super) const fn style_of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Crashed | Verdict::Leaking | Verdict::Unbounded | Verdict::GrowingWithTime => BAD,
        Verdict::Unclear => OPEN,
        Verdict::Settling | Verdict::Steady => GOOD,
    }
}

/// `LEAKING`, `GROWING WITH TIME`.
pub(crate) fn word(verdict: Verdict) -> String {
    verdict.name().replace('-', " ").to_uppercase()
}

fn reservations(document: &Document) -> String {
    let status = match document.status {
        Status::Completed => None,
        Status::Partial => Some("partial: interrupted"),
        Status::Failed => Some("failed"),
    };
    let blind = document.grade_basis == Some(GradeBasis::Symptoms);
    let parts: Vec<_> = status.into_iter().chain(blind.then_some("memory was not seen")).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
}

/// Why there is no verdict.
pub(crate) fn nothing(document: &Document) -> String {
    let what = format!("no request pattern got a verdict on {}.", document.url);
    match document.doubts.first() {
        Some(doubt) => format!("{what} Reason: {}.", fragment(&doubt.message)),
        None => what,
    }
}

/// A vector's verdict in a sentence; a steady one speaks for all vectors.
pub(crate) fn sentence(vector: &Vector, document: &Document) -> String {
    let endpoint = &vector.endpoint;
    match vector.verdict {
        Verdict::Crashed => crashed(vector),
        Verdict::Leaking => {
            format!("{endpoint} keeps {} and {}.", kept_of_requests(vector), on_and_on(vector))
        }
        Verdict::Unbounded => unbounded(vector),
        Verdict::GrowingWithTime => growing_with_time(vector),
        Verdict::Unclear => unclear(vector),
        Verdict::Settling => format!(
            "{endpoint} grew{}, then stopped: warm-up, a cache that filled, or an allocator's reserve.",
            plateau(vector)
        ),
        Verdict::Steady => steady(document),
    }
}

fn crashed(vector: &Vector) -> String {
    let Some(crash) = &vector.crash else { return "the service died.".to_owned() };
    let requests = quantity::counted(crash.after_requests, "request");
    format!("the service died after {requests} ({}).", death(crash))
}

/// `signal 9, killed; cause unknown`.
pub(super) fn death(crash: &Crash) -> String {
    match &crash.out_of_memory {
        Some(proof) => format!("{}; out of memory: {}", exit(crash), fragment(proof)),
        None => format!("{}; cause unknown", exit(crash)),
    }
}

fn exit(crash: &Crash) -> String {
    match (crash.exit_code, crash.signal) {
        (_, Some(signal)) => format!("signal {signal}{}", signal_words(signal)),
        // By the convention of shells and container runtimes.
        (Some(code @ 129..=159), _) => {
            format!("exit status {code} = 128 + signal {}{}", code - 128, signal_words(code - 128))
        }
        (Some(code), _) => format!("exit status {code}"),
        (None, None) => "nobody saw how".to_owned(),
    }
}

const fn signal_words(signal: i32) -> &'static str {
    match signal {
        4 => ", illegal instruction",
        6 => ", aborted",
        7 => ", bus error",
        8 => ", arithmetic error",
        9 => ", killed",
        11 => ", segmentation fault",
        15 => ", terminated",
        _ => "",
    }
}

/// `about 439 bytes`.
fn kept(vector: &Vector) -> String {
    let signal = vector.signal.unwrap_or(Signal::Anon);
    let about =
        |interval: &crate::document::Interval| format!("about {}", amount::of(signal, interval.estimate));
    vector.per_request.as_ref().map_or_else(|| "memory".to_owned(), about)
}

/// `about 439 bytes of every request`, `about 1 file descriptor of every 81 requests`.
fn kept_of_requests(vector: &Vector) -> String {
    let rare = |rate: &f64| vector.unit == Some(Unit::Count) && *rate > 0.0 && *rate < 0.5;
    let rate = vector.per_request.map(|interval| interval.estimate).filter(rare);
    match vector.signal.zip(rate) {
        Some((signal, rate)) => {
            format!("about {} of every {} requests", amount::of(signal, 1.0), quantity::number(1.0 / rate, 2))
        }
        None => format!("{} of every request", kept(vector)),
    }
}

fn on_and_on(vector: &Vector) -> String {
    format!("did not stop in {}", quantity::counted(vector.requests, "request"))
}

fn unbounded(vector: &Vector) -> String {
    format!(
        "{} keeps {} for each new value in the {} and {}.",
        vector.endpoint,
        kept(vector),
        vector.key.as_deref().unwrap_or("request"),
        on_and_on(vector)
    )
}

fn growing_with_time(vector: &Vector) -> String {
    let signal = vector.signal.unwrap_or(Signal::Anon);
    let by = vector
        .per_hour
        .map(|per_hour| format!("by about {} per hour", amount::of(signal, per_hour.estimate)));
    format!("the service grows {} without any request.", by.unwrap_or_else(|| "steadily".to_owned()))
}

fn unclear(vector: &Vector) -> String {
    match vector.doubts.first() {
        Some(doubt) => {
            format!("whether {} leaks is not decided: {}.", vector.endpoint, fragment(&doubt.message))
        }
        None => format!("the data decide neither for nor against a leak on {}.", vector.endpoint),
    }
}

fn plateau(vector: &Vector) -> String {
    let above = |(signal, plateau)| format!(" by {}", amount::of(signal, plateau));
    vector.signal.zip(vector.plateau).map(above).unwrap_or_default()
}

/// Steady is the best verdict: when it is the worst one, all vectors have it, and the least sharp of them counts.
fn steady(document: &Document) -> String {
    let others = document.vectors.len() - 1;
    let endpoint = document.vectors.first().map_or("", |vector| &vector.endpoint);
    let where_to = if others == 0 {
        endpoint.to_owned()
    } else {
        format!("{endpoint} and {}", quantity::counted(others as u64, "other vector"))
    };
    let seen = |vector: &Vector| Some((vector.signal?, vector.smallest_detectable?));
    let bound = document.vectors.iter().filter_map(seen).max_by(|a, b| a.1.total_cmp(&b.1));
    match bound {
        Some((signal, smallest)) => format!(
            "no growth that matters on {where_to}; a leak of {} per request or more would have been seen.",
            amount::of(signal, smallest)
        ),
        None => format!("no growth that matters on {where_to}."),
    }
}

/// Without the full stop that some messages end with.
fn fragment(message: &str) -> &str {
    message.trim_end().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_is_told_as_far_as_it_is_known() {
        let crash = Crash { exit_code: None, signal: None, after_requests: 1200, out_of_memory: None };
        let check = |crash: Crash, expected: &str| assert_eq!(death(&crash), expected);
        check(crash.clone(), "nobody saw how; cause unknown");
        check(Crash { signal: Some(9), ..crash.clone() }, "signal 9, killed; cause unknown");
        check(
            Crash { exit_code: Some(1), out_of_memory: Some("the log says so.".into()), ..crash.clone() },
            "exit status 1; out of memory: the log says so",
        );
        check(
            Crash { exit_code: Some(134), ..crash },
            "exit status 134 = 128 + signal 6, aborted; cause unknown",
        );
    }
}
