//! From verdicts to findings. It puts numbers that were judged elsewhere into words and says what they cost;
//! it must never claim a cause that was not seen.

use drip_model::{
    Confidence, Crash, ErrorKind, Evidence, Exit, Growth, Interval, Outcome, Runtime, Severity, Signal,
    ToLimit, Unit, Verdict,
};

use crate::basis::memory_was_seen;
use crate::seen::{Context, Seen};
use crate::words;

const HOUR_SECONDS: f64 = 3_600.0;
const DAY_SECONDS: f64 = 86_400.0;
const MONTH_SECONDS: f64 = 30.0 * DAY_SECONDS;

/// Without any limit to reckon with, what a leak costs is not known: neither the worst nor nothing.
const SEVERITY_WITHOUT_LIMIT: Severity = Severity::Medium;

/// Sockets that make up this share of the descriptors are what grows.
const SOCKETS_SHARE_MIN: f64 = 0.8;

/// From this share of requests on, errors of a gateway are more than an occasional one.
const GATEWAY_ERRORS_MEDIUM_SHARE: f64 = 0.01;

/// Statuses by which a proxy says that the service behind it is missing or slow.
const GATEWAY_STATUSES: [u16; 3] = [502, 503, 504];

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

/// What an outcome amounts to, beside its symptoms.
pub(crate) fn seen_in(outcome: &Outcome, context: &Context) -> impl Iterator<Item = Seen> {
    by_verdict(outcome, context).into_iter().chain(counted(outcome))
}

fn by_verdict(outcome: &Outcome, context: &Context) -> Option<Seen> {
    match &outcome.verdict {
        Verdict::Crashed(crash) => Some(crashed(outcome, crash, context)),
        Verdict::Leaking => leaking(outcome, context),
        Verdict::Unbounded { key } => Some(unbounded(outcome, key, context)),
        Verdict::GrowingWithTime { per_hour } => Some(growing_with_time(outcome, per_hour, context)),
        Verdict::Settling { plateau } => settling(outcome, *plateau),
        Verdict::Unclear | Verdict::Steady => gateway_errors(outcome),
    }
}

/// Memory alone: what is counted has findings of its own.
fn leaking(outcome: &Outcome, context: &Context) -> Option<Seen> {
    if unit(outcome) == Unit::Count {
        return None;
    }
    let pace = grows(outcome, &format!("with each {}", outcome.endpoint));
    let description = format!("{pace} and did not stop{}{}", judged_requests(outcome), ending(outcome));
    Some(growth("DRIP001", outcome, context, description))
}

/// Descriptors, sockets, threads and the like that surely grow, whatever the verdict rests on.
fn counted(outcome: &Outcome) -> Vec<Seen> {
    if !matches!(outcome.verdict, Verdict::Leaking | Verdict::Unbounded { .. }) {
        return Vec::new();
    }
    let all = || outcome.evidence.iter().chain(&outcome.others);
    let growing = || all().filter(|seen| seen.signal.unit() == Unit::Count && seen.growth == Growth::Grows);
    let sockets = growing().find(|seen| seen.signal == Signal::Sockets).map(|seen| seen.per_request.estimate);
    // A socket is a descriptor too; the more precise of the two findings is enough.
    let is_told = |seen: &&Evidence| {
        seen.signal == Signal::Descriptors
            && sockets.is_some_and(|sockets| sockets >= SOCKETS_SHARE_MIN * seen.per_request.estimate)
    };
    growing().filter(|seen| !is_told(seen)).map(|seen| counted_by(outcome, seen)).collect()
}

fn counted_by(outcome: &Outcome, seen: &Evidence) -> Seen {
    let (id, severity) = match seen.signal {
        Signal::Descriptors => ("DRIP007", Severity::High),
        Signal::Sockets => ("DRIP008", Severity::High),
        _ => ("DRIP009", Severity::Medium),
    };
    let description = format!(
        "The number of {} grows by {} with each {} and did not stop in {} requests.",
        seen.signal,
        words::interval(&seen.per_request, Unit::Count),
        outcome.endpoint,
        words::count(seen.requests)
    );
    let confidence = if outcome.confirmed == Some(true) { Confidence::Certain } else { Confidence::Firm };
    Seen { id, severity, confidence, endpoint: Some(outcome.endpoint.clone()), description }
}

fn unbounded(outcome: &Outcome, key: &str, context: &Context) -> Seen {
    let pace = grows(outcome, &format!("with each {} that brings a new key ({key})", outcome.endpoint));
    let description = format!(
        "{pace}, not when the same request is repeated, and did not stop{}{}",
        judged_requests(outcome),
        ending(outcome)
    );
    growth("DRIP003", outcome, context, description)
}

fn growing_with_time(outcome: &Outcome, per_hour: &Interval, context: &Context) -> Seen {
    let amount = words::interval(per_hour, unit(outcome));
    let description =
        format!("{} by {amount} per hour without requests{}", subject(outcome), ending(outcome));
    // It grows whatever is asked, so no endpoint is to blame.
    Seen { endpoint: None, ..growth("DRIP004", outcome, context, description) }
}

fn growth(id: &'static str, outcome: &Outcome, context: &Context, description: String) -> Seen {
    Seen {
        id,
        severity: severity(outcome.to_limit.as_ref(), context),
        confidence: confidence(outcome),
        endpoint: Some(outcome.endpoint.clone()),
        description,
    }
}

fn severity(to_limit: Option<&ToLimit>, context: &Context) -> Severity {
    let severity = to_limit.map_or(SEVERITY_WITHOUT_LIMIT, |limit| by_time(limit.seconds));
    if context.credentials_needed { one_step_lower(severity) } else { severity }
}

fn by_time(seconds: f64) -> Severity {
    match seconds {
        soon if soon < HOUR_SECONDS => Severity::Critical,
        today if today < DAY_SECONDS => Severity::High,
        month if month < MONTH_SECONDS => Severity::Medium,
        _ => Severity::Low,
    }
}

/// Not below low: a note costs nothing, and a leak always costs something.
const fn one_step_lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low | Severity::Note => Severity::Low,
    }
}

/// Certain is what was seen in live heap, and seen again in doses that took no part in the verdict; growth with time has
/// been seen with and without requests.
fn confidence(outcome: &Outcome) -> Confidence {
    let again = outcome.confirmed == Some(true) || matches!(outcome.verdict, Verdict::GrowingWithTime { .. });
    match outcome.evidence.as_ref().map(|evidence| evidence.signal) {
        Some(Signal::LiveHeap | Signal::HeapAfterGc) if again => Confidence::Certain,
        Some(Signal::Symptoms) | None => Confidence::Tentative,
        Some(_) => Confidence::Firm,
    }
}

/// `Memory grows by 439 bytes (99 % interval 421 to 457) with each GET /data`.
fn grows(outcome: &Outcome, with: &str) -> String {
    match &outcome.evidence {
        Some(seen) => {
            format!("{} by {} {with}", subject(outcome), words::interval(&seen.per_request, unit(outcome)))
        }
        None => format!("{} {with}", subject(outcome)),
    }
}

fn unit(outcome: &Outcome) -> Unit {
    outcome.evidence.as_ref().map_or(Unit::Bytes, |evidence| evidence.signal.unit())
}

fn subject(outcome: &Outcome) -> String {
    match &outcome.evidence {
        Some(seen) if seen.signal.unit() == Unit::Count => format!("The number of {} grows", seen.signal),
        _ => "Memory grows".to_owned(),
    }
}

fn judged_requests(outcome: &Outcome) -> String {
    let judged = outcome.evidence.as_ref();
    judged.map(|seen| format!(" in {} requests", words::count(seen.requests))).unwrap_or_default()
}

/// When it ends, and what was read.
fn ending(outcome: &Outcome) -> String {
    let limit = outcome.to_limit.as_ref().map(|limit| {
        let (named, time) = (named(limit), words::duration(limit.seconds));
        match &limit.by_requests {
            Some(by) => format!(
                "; {named} is reached after about {} requests, {time} at {}",
                words::about(by.requests),
                words::rate(by.rate_per_second)
            ),
            None => format!("; {named} is reached after {time}"),
        }
    });
    limit.unwrap_or_default() + &measured_on(outcome)
}

fn named(limit: &ToLimit) -> String {
    let amount = match limit.unit {
        Unit::Bytes => words::limit(limit.amount as f64),
        Unit::Count => words::count(limit.amount),
    };
    format!("{} ({amount})", limit.limit)
}

fn measured_on(outcome: &Outcome) -> String {
    let signal = outcome.evidence.as_ref().map(|evidence| format!(" (measured: {})", evidence.signal));
    signal.unwrap_or_default() + "."
}

fn crashed(outcome: &Outcome, crash: &Crash, context: &Context) -> Seen {
    let hourly = context.rate_expected * HOUR_SECONDS;
    let few = (crash.after_requests as f64) < hourly;
    let against = format!(
        "{} than the {} requests that one hour at {} brings",
        if few { "fewer" } else { "not fewer" },
        words::about(hourly),
        words::rate(context.rate_expected)
    );
    Seen {
        id: "DRIP011",
        severity: if few { Severity::Critical } else { Severity::High },
        confidence: Confidence::Certain,
        endpoint: Some(outcome.endpoint.clone()),
        description: format!(
            "The service ended with {} after {} requests, while {} was tested; {against}. {}",
            crash.exit,
            words::count(crash.after_requests),
            outcome.endpoint,
            cause(crash, context.runtime)
        ),
    }
}

/// Why it died, or that this is not known and what would tell.
fn cause(crash: &Crash, runtime: Option<Runtime>) -> String {
    if let Some(proof) = &crash.out_of_memory {
        return format!("Memory ran out: {proof}.");
    }
    let hint = match (died_of(crash.exit), runtime) {
        (Some(SIGABRT), Some(Runtime::Node)) => {
            " It is an abort; V8 aborts at its own heap limit, but then says \"Reached heap limit\" in its \
             output, and that was not seen."
        }
        (Some(SIGABRT), _) => " It is an abort: the process ended itself, and its last output may say why.",
        (Some(SIGKILL), _) => {
            " It is SIGKILL, which the kernel sends when memory runs out, but so may an operator or an \
             orchestrator; only a risen oom_kill counter of the cgroup or a line in the kernel log would \
             prove it."
        }
        _ => " Its last output may say why.",
    };
    format!("The cause is not known.{hint}")
}

/// The signal that ended it. A shell, a container and Node report a signal as 128 plus its number.
const fn died_of(exit: Exit) -> Option<i32> {
    match exit {
        Exit::Signal(signal) => Some(signal),
        Exit::Code(code) if code > 128 => Some(code - 128),
        Exit::Code(_) | Exit::Unseen => None,
    }
}

/// Growth of anonymous memory that ended. On a live heap the same would be an ordinary cache.
fn settling(outcome: &Outcome, plateau: f64) -> Option<Seen> {
    let evidence = outcome.evidence.as_ref().filter(|evidence| evidence.signal == Signal::Anon)?;
    let description = format!(
        "Memory grew by {} under {} and then stopped, within {} requests: warm-up, a cache that filled, or \
         an allocator that keeps or fragments freed memory (measured: {}).",
        words::bytes(plateau),
        outcome.endpoint,
        words::count(evidence.requests),
        evidence.signal
    );
    Some(Seen {
        id: "DRIP005",
        severity: Severity::Note,
        confidence: Confidence::Firm,
        endpoint: Some(outcome.endpoint.clone()),
        description,
    })
}

/// A symptom, and worth saying only where memory was not seen and other requests succeeded: with memory the
/// verdict says more, and a service that never answered well shows nothing by failing.
fn gateway_errors(outcome: &Outcome) -> Option<Seen> {
    let tally = &outcome.tally;
    let refused: u64 = GATEWAY_STATUSES.iter().filter_map(|status| tally.statuses.get(status)).sum();
    let reset = tally.errors.get(&ErrorKind::Reset).copied().unwrap_or(0);
    let bad = refused + reset;
    let worked = tally.completed > refused;
    if bad == 0 || !worked || memory_was_seen(outcome) {
        return None;
    }
    let all = tally.completed + tally.failed();
    let share = bad as f64 / all as f64;
    Some(Seen {
        id: "DRIP021",
        severity: if share < GATEWAY_ERRORS_MEDIUM_SHARE { Severity::Low } else { Severity::Medium },
        confidence: Confidence::Tentative,
        endpoint: Some(outcome.endpoint.clone()),
        description: format!(
            "{} of {} requests to {} got 502, 503 or 504 ({}) or a closed connection ({}), while others were \
             answered; a possible sign that the service restarts or runs out of something. Memory was not \
             seen.",
            words::count(bad),
            words::count(all),
            outcome.endpoint,
            words::count(refused),
            words::count(reset)
        ),
    })
}

#[cfg(test)]
mod tests {
    use drip_model::{Finding, Platform, Tally};

    use super::*;
    use crate::findings;
    use crate::page::page;
    use crate::sample::{evidence, leak, outcome};

    const CONTEXT: Context = Context {
        runtime: Some(Runtime::Node),
        platform: None,
        credentials_needed: false,
        rate_expected: 10.0,
    };

    fn only(outcome: Outcome) -> Finding {
        let mut found = findings(&[outcome], &[], &CONTEXT);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn died(exit: Exit, after_requests: u64, out_of_memory: Option<&str>) -> Finding {
        let out_of_memory = out_of_memory.map(str::to_owned);
        only(outcome(Verdict::Crashed(Crash { exit, after_requests, out_of_memory }), None))
    }

    fn blind(statuses: &[(u16, u64)], resets: u64) -> Vec<Finding> {
        let tally = Tally {
            completed: statuses.iter().map(|(_, count)| count).sum(),
            statuses: statuses.iter().copied().collect(),
            errors: [(ErrorKind::Reset, resets)].into(),
            ..Tally::default()
        };
        findings(&[Outcome { tally, ..outcome(Verdict::Unclear, None) }], &[], &CONTEXT)
    }

    #[test]
    fn a_leak_carries_its_numbers_in_words() {
        let finding = only(leak(Signal::LiveHeap, 61_800.0));
        assert_eq!((finding.id, finding.severity), ("DRIP001", Severity::High));
        assert_eq!(finding.endpoint.as_deref(), Some("GET /data"));
        assert_eq!(finding.cwe, ["CWE-401", "CWE-772"]);
        assert_eq!(
            finding.description,
            "Memory grows by 439 bytes (99 % interval 421 to 457) with each GET /data and did not stop in \
             41,200 requests; V8 heap limit in 512 MiB (259 MiB) is reached after about 618,000 \
             requests, 17 hours at 10 requests per second (measured: live heap after a forced collection)."
        );
    }

    #[test]
    fn unbounded_growth_names_its_key() {
        let verdict = Verdict::Unbounded { key: "path".to_owned() };
        let finding = only(Outcome { verdict, ..leak(Signal::Anon, 10.0 * DAY_SECONDS) });
        assert_eq!((finding.id, finding.severity), ("DRIP003", Severity::Medium));
        assert_eq!(finding.confidence, Confidence::Firm);
        assert!(
            finding.description.contains("that brings a new key (path), not when"),
            "{}",
            finding.description
        );
    }

    #[test]
    fn growth_with_time_is_of_the_whole_service_and_per_hour() {
        let per_hour = Interval { low: 1e6, estimate: 2e6, high: 3e6, level: 0.99 };
        let verdict = Verdict::GrowingWithTime { per_hour };
        let mut growing = Outcome { verdict, ..leak(Signal::Anon, 40.0 * DAY_SECONDS) };
        growing.to_limit.as_mut().unwrap().by_requests = None;
        let finding = only(growing);
        assert_eq!((finding.id, finding.severity, finding.endpoint), ("DRIP004", Severity::Low, None));
        assert!(finding.description.starts_with("Memory grows by 2 MB (99 % interval 1 to 3) per hour"));
        assert!(finding.description.contains("is reached after 40 days"), "{}", finding.description);
        assert!(!finding.description.contains("per second"), "{}", finding.description);
    }

    #[test]
    fn what_is_counted_is_not_called_memory() {
        let finding = only(outcome(Verdict::Leaking, Some(evidence(Signal::Descriptors))));
        assert!(finding.description.starts_with("The number of open file descriptors grows by 439 ("));
    }

    #[test]
    fn severity_is_what_the_limit_is_away() {
        let check = |seconds: f64, free: Severity, guarded: Severity| {
            let to_limit = leak(Signal::Anon, seconds).to_limit;
            assert_eq!(severity(to_limit.as_ref(), &CONTEXT), free, "{seconds}");
            let guard = Context { credentials_needed: true, ..CONTEXT };
            assert_eq!(severity(to_limit.as_ref(), &guard), guarded, "{seconds}");
        };
        check(3_599.0, Severity::Critical, Severity::High);
        check(3_600.0, Severity::High, Severity::Medium);
        check(86_400.0, Severity::Medium, Severity::Low);
        check(30.0 * 86_400.0, Severity::Low, Severity::Low);
        assert_eq!(severity(None, &CONTEXT), Severity::Medium);
    }

    #[test]
    fn confidence_is_that_of_the_signal() {
        let check = |signal, expected| assert_eq!(only(leak(signal, 1.0)).confidence, expected, "{signal:?}");
        check(Signal::LiveHeap, Confidence::Certain);
        check(Signal::HeapAfterGc, Confidence::Certain);
        for signal in [Signal::Anon, Signal::Cgroup, Signal::Pss, Signal::Rss, Signal::Platform] {
            check(signal, Confidence::Firm);
        }
    }

    #[test]
    fn a_crash_by_few_requests_is_critical_and_names_the_bound() {
        let soon = died(Exit::Signal(11), 35_999, None);
        assert_eq!((soon.id, soon.severity), ("DRIP011", Severity::Critical));
        assert_eq!(soon.confidence, Confidence::Certain);
        assert!(soon.description.contains("fewer than the 36,000 requests that one hour at 10"));
        let late = died(Exit::Signal(11), 36_000, None);
        assert_eq!(late.severity, Severity::High);
        assert!(late.description.contains("not fewer than the 36,000"), "{}", late.description);
    }

    #[test]
    fn a_cause_is_claimed_only_with_proof() {
        let heap = died(Exit::Code(134), 10, Some("V8 said \"Reached heap limit\""));
        assert!(heap.description.ends_with("Memory ran out: V8 said \"Reached heap limit\"."));
        let unknown = [
            (Exit::Code(134), "that was not seen"),
            (Exit::Code(137), "oom_kill"),
            (Exit::Signal(9), "oom_kill"),
            (Exit::Code(1), "last output"),
            (Exit::Unseen, "last output"),
        ];
        for (exit, hint) in unknown {
            let text = died(exit, 10, None).description;
            assert!(text.contains("The cause is not known.") && text.contains(hint), "{text}");
            assert!(!text.contains("Memory ran out"), "{text}");
        }
    }

    #[test]
    fn settling_is_a_note_on_anonymous_memory_only() {
        let settled = |signal| outcome(Verdict::Settling { plateau: 5e6 }, Some(evidence(signal)));
        let note = only(settled(Signal::Anon));
        assert_eq!((note.id, note.severity), ("DRIP005", Severity::Note));
        assert!(note.description.starts_with("Memory grew by 5 MB under GET /data and then stopped"));
        assert_eq!(findings(&[settled(Signal::LiveHeap)], &[], &CONTEXT), []);
    }

    #[test]
    fn gateway_errors_are_possible_symptoms() {
        let many = blind(&[(200, 900), (503, 60)], 40);
        assert_eq!((many[0].id, many[0].severity), ("DRIP021", Severity::Medium));
        assert_eq!(many[0].confidence, Confidence::Tentative);
        assert!(many[0].description.starts_with("100 of 1,000 requests to GET /data got"));
        assert!(many[0].description.contains("possible") && !many[0].description.contains("leak"));
        assert_eq!(blind(&[(200, 9_999)], 1)[0].severity, Severity::Low);
    }

    #[test]
    fn no_symptom_where_there_is_none_or_memory_says_more() {
        assert_eq!(blind(&[(200, 900), (500, 100)], 0), []);
        assert_eq!(blind(&[(503, 1_000)], 0), []);
        assert_eq!(blind(&[], 5), []);
        let tally = Tally { completed: 10, statuses: [(200, 5), (503, 5)].into(), ..Tally::default() };
        let seen = Outcome { tally, ..outcome(Verdict::Unclear, Some(evidence(Signal::Anon))) };
        assert_eq!(findings(&[seen], &[], &CONTEXT), []);
    }

    #[test]
    fn the_worst_comes_first_and_one_endpoint_counts_once() {
        let other = Outcome { endpoint: "GET /other".to_owned(), ..leak(Signal::Anon, 2.0 * DAY_SECONDS) };
        let all = [other, leak(Signal::Anon, 2.0 * DAY_SECONDS), leak(Signal::LiveHeap, 60.0)];
        let found = findings(&all, &[], &CONTEXT);
        let shown: Vec<_> = found.iter().map(|f| (f.endpoint.as_deref(), f.severity)).collect();
        let expected = [(Some("GET /data"), Severity::Critical), (Some("GET /other"), Severity::Medium)];
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_remedy_is_that_of_the_runtime_and_the_platform() {
        let page = page("DRIP001").unwrap();
        let on = Context { platform: Some(Platform::AppPlatform), ..CONTEXT };
        let remedy = &findings(&[leak(Signal::Anon, 60.0)], &[], &on)[0].remediation;
        assert!(remedy.starts_with(page.fix.node) && remedy.ends_with(page.platform.app_platform));
        assert_eq!(only(leak(Signal::Anon, 60.0)).remediation, page.fix.node);
    }
}
