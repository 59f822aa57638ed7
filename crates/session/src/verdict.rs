//! From what every signal did to one verdict. Pure.
//!
//! Unclear is never counted as healthy: whatever speaks against calm readings turns them into a doubt. Nothing
//! turns proven growth into health.

use drip_judge::{Assessment, Cause};
use drip_model::{
    Crash, Doubt, DoubtKind, Evidence, Expected, Growth, Interval, Shortage, Signal, Tally, Unit, Verdict,
};

use crate::opinions::{Opinions, grows_beyond_allowance};

/// Below this share of successes, calm readings speak of the error path alone.
const SUCCESS_SHARE_MIN: f64 = 0.5;
/// Above this share of failures the report says so.
const FAILURE_SHARE_MAX: f64 = 0.1;

/// All that is known of one vector.
pub(crate) struct Known<'a> {
    pub(crate) opinions: Opinions,
    pub(crate) tally: &'a Tally,
    pub(crate) expect_status: Expected,
    pub(crate) crash: Option<Crash>,
    pub(crate) process_was_replaced: bool,
    /// Whether any memory could be read at all.
    pub(crate) memory_seen: bool,
    /// Why what was read may not be the service's.
    pub(crate) stranger: Option<Doubt>,
    /// What the run itself gave reason to doubt.
    pub(crate) doubts: Vec<Doubt>,
    /// Whether the requests may store what they send.
    pub(crate) may_store: bool,
}

/// A verdict with what it rests on.
#[derive(Debug, PartialEq)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) others: Vec<Evidence>,
    pub(crate) doubts: Vec<Doubt>,
}

/// Weighs it all.
pub(crate) fn weigh(mut known: Known<'_>) -> Judged {
    let (vetoes, failures) = (vetoes(&known), failures(known.tally, known.expect_status));
    let (key, ran_out) = (known.opinions.key.take(), known.opinions.ran_out);
    let Opinions { cause, confirmed, .. } = known.opinions;
    let not_confirmed = confirmed == Some(false);
    let under_load = known.opinions.under_load.take();
    let (evidence, others) = sorted(known.opinions);
    let is_theirs = known.stranger.is_none();
    let trusted = evidence.as_ref().filter(|_| is_theirs && !not_confirmed);
    let verdict = match (verdict(known.crash, trusted, cause, !vetoes.is_empty()), key) {
        (Verdict::Leaking, Some(key)) => Verdict::Unbounded { key },
        (verdict, _) => verdict,
    };
    let mut doubts = Vec::new();
    if verdict == Verdict::Unclear {
        doubts.extend(not_confirmed.then(refuted));
        let is_untold = trusted.is_some_and(|evidence| evidence.growth == Growth::Grows);
        doubts.extend(is_untold.then(no_idle_window));
        doubts.extend(vetoes);
        doubts.extend(evidence.iter().flat_map(|evidence| evidence.doubts.clone()));
        doubts.extend(ran_out.then(budget_spent));
    }
    let grows_by_request = matches!(verdict, Verdict::Leaking | Verdict::Unbounded { .. });
    if grows_by_request && cause == Some(Cause::Unclear) {
        doubts.push(time_or_requests());
    }
    let is_memory = evidence.as_ref().is_some_and(|evidence| evidence.signal.unit() == Unit::Bytes);
    if grows_by_request && is_memory && known.may_store {
        doubts.push(stored_data());
    }
    if matches!(verdict, Verdict::Steady | Verdict::Settling { .. }) {
        let anon = others.iter().find(|other| other.signal == Signal::Anon);
        doubts.extend(anon.and_then(unproven_growth));
    }
    doubts.extend(under_load.zip(trusted).and_then(|(load, rest)| against_load(&load, rest)));
    let said = doubts.iter().any(|doubt| matches!(doubt.kind, DoubtKind::ManyErrors | DoubtKind::NoSuccess));
    doubts.extend(failures.filter(|_| !said));
    doubts.extend(known.tally.lacked.keys().copied().filter_map(load_limited));
    doubts.extend(known.doubts.into_iter().filter(|doubt| concerns(doubt, evidence.as_ref())));
    Judged { verdict, evidence, others, doubts }
}

/// Why there is no floor, or none any more, concerns only a verdict that rests on a worse signal.
fn concerns(doubt: &Doubt, evidence: Option<&Evidence>) -> bool {
    let rests_on_floor = evidence.is_some_and(|evidence| evidence.signal.is_floor());
    match doubt.kind {
        DoubtKind::FloorNotAvailable => evidence.is_some() && !rests_on_floor,
        DoubtKind::ReadingMissed => rests_on_floor,
        _ => true,
    }
}

/// The evidence that the verdict rests on, and the rest: growth counts before calm, a better signal before a worse.
fn sorted(opinions: Opinions) -> (Option<Evidence>, Vec<Evidence>) {
    let memory = opinions.floor.into_iter().chain(opinions.anon);
    let mut all: Vec<Evidence> = memory.chain(opinions.counts).map(|opinion| opinion.evidence).collect();
    all.extend(opinions.lives.map(|lives| lives.evidence).filter(|lives| lives.growth == Growth::Grows));
    all.sort_by_key(|evidence| (evidence.growth != Growth::Grows, evidence.signal));
    let mut rest = all.into_iter();
    (rest.next(), rest.collect())
}

fn verdict(crash: Option<Crash>, evidence: Option<&Evidence>, cause: Option<Cause>, vetoed: bool) -> Verdict {
    if let Some(crash) = crash {
        return Verdict::Crashed(crash);
    }
    match (evidence.map(|evidence| &evidence.growth), cause) {
        (Some(Growth::Grows), Some(Cause::Time(per_hour))) => Verdict::GrowingWithTime { per_hour },
        // Whatever was asked meanwhile would be accused of what a timer may keep.
        (Some(Growth::Grows), Some(Cause::NotTested)) => Verdict::Unclear,
        (Some(Growth::Grows), _) => Verdict::Leaking,
        (Some(Growth::Flat), _) if !vetoed => Verdict::Steady,
        (Some(Growth::Bounded { plateau }), _) if !vetoed => Verdict::Settling { plateau: *plateau },
        _ => Verdict::Unclear,
    }
}

/// What forbids calling calm readings healthy.
fn vetoes(known: &Known<'_>) -> Vec<Doubt> {
    let successes = known.tally.successes(known.expect_status);
    let asked = known.tally.sent();
    let mut vetoes = Vec::new();
    if asked == 0 {
        vetoes.push(Doubt::new(DoubtKind::NotEnoughData, "the run ended before it was asked anything"));
    } else if successes == 0 {
        vetoes.push(no_success(known.tally));
    } else if share(successes, asked) < SUCCESS_SHARE_MIN {
        vetoes.extend(failures(known.tally, known.expect_status));
    }
    if !known.memory_seen {
        vetoes.push(memory_not_seen());
    }
    if known.process_was_replaced {
        let told = known.opinions.lives.as_ref().and_then(|lives| lives.evidence.doubts.first());
        vetoes.push(told.cloned().unwrap_or_else(process_replaced));
    }
    vetoes.extend(known.stranger.clone());
    vetoes.extend(disagreement(&known.opinions));
    vetoes.extend(filling_pool(&known.opinions));
    vetoes
}

/// Live heap is calm and anonymous memory is not: what grows is outside the heap that was read.
fn disagreement(opinions: &Opinions) -> Option<Doubt> {
    let calm = |growth: &Growth| matches!(growth, Growth::Flat | Growth::Bounded { .. });
    opinions.floor.as_ref().filter(|floor| calm(&floor.evidence.growth))?;
    let anon = opinions.anon.as_ref().filter(|anon| grows_beyond_allowance(anon))?;
    let Interval { low, high, .. } = anon.evidence.per_request;
    Some(Doubt::new(
        DoubtKind::SignalsDisagree,
        format!(
            "live heap does not grow, but anonymous memory does, by {low:.0} to {high:.0} bytes a request: native \
             memory, or memory that the allocator keeps; more requests would tell (raise --budget)"
        ),
    ))
}

/// Memory is calm, and something that is counted surely grows and is not proven to go on.
fn filling_pool(opinions: &Opinions) -> Option<Doubt> {
    let open =
        |count: &&Assessment| count.evidence.growth == Growth::Undecided && grows_beyond_allowance(count);
    opinions.counts.iter().find(open)?.evidence.doubts.first().cloned()
}

/// Growth beside a calm heap that is neither proven nor excluded: said, since the heap is not all of the memory.
fn unproven_growth(anon: &Evidence) -> Option<Doubt> {
    let Interval { low, high, .. } = anon.per_request;
    (anon.growth == Growth::Undecided && low > 0.0).then(|| {
        let message = format!(
            "this holds for the live heap; anonymous memory rose by {low:.0} to {high:.0} bytes a request, which \
             memory that the runtime keeps explains as well as a leak outside of the heap would"
        );
        Doubt::new(DoubtKind::SignalsDisagree, message)
    })
}

/// Readings at rest and under load that say different things of the same memory.
fn against_load(load: &Evidence, rest: &Evidence) -> Option<Doubt> {
    if rest.signal.unit() == Unit::Count {
        return None;
    }
    let Interval { low, high, .. } = load.per_request;
    let message = match (&rest.growth, &load.growth) {
        (Growth::Flat | Growth::Bounded { .. }, Growth::Grows) => format!(
            "nothing is kept at rest, and under load anonymous memory grew by {low:.0} to {high:.0} bytes a request: garbage \
             that floats between collections, or memory that the allocator keeps; leave room for it in the limit"
        ),
        (Growth::Grows, Growth::Flat | Growth::Bounded { .. }) if high < rest.per_request.low => format!(
            "under load anonymous memory grew by at most {high:.0} bytes a request, less than is kept at rest: what is kept \
             still fits into memory that the process had before"
        ),
        _ => return None,
    };
    Some(Doubt::new(DoubtKind::SignalsDisagree, message))
}

fn no_success(tally: &Tally) -> Doubt {
    let what = match (tally.usual_status(), &tally.first_error) {
        (Some(status), _) => format!("the usual answer was {status}"),
        (None, Some(error)) => error.clone(),
        (None, None) => "nothing was answered".to_owned(),
    };
    let message = format!(
        "no request succeeded ({what}); name what to request with --path, or with --expect-status the answer that is right"
    );
    Doubt::new(DoubtKind::NoSuccess, message)
}

fn failures(tally: &Tally, expected: Expected) -> Option<Doubt> {
    let asked = tally.sent();
    let failed = asked - tally.successes(expected).min(asked);
    if share(failed, asked) <= FAILURE_SHARE_MAX {
        return None;
    }
    let how = tally.first_error.as_ref().map(|error| format!(" (first: {error})")).unwrap_or_default();
    let message = format!(
        "{failed} of {asked} requests did not succeed{how}: what was judged is partly the error path"
    );
    Some(Doubt::new(DoubtKind::ManyErrors, message))
}

fn refuted() -> Doubt {
    let message = "it grew in the doses that were judged, and not in those that were to bear this out: the growth may have \
                   just stopped; a longer run would tell (raise --budget)";
    Doubt::new(DoubtKind::NotConfirmed, message)
}

/// That sending took a whole processor blurs latencies, of which no verdict speaks yet.
fn load_limited(shortage: Shortage) -> Option<Doubt> {
    let concerns = shortage != Shortage::Processor;
    concerns.then(|| Doubt::new(DoubtKind::LoadLimited, shortage.advice()))
}

fn budget_spent() -> Doubt {
    let message = "the time or the requests of this run were spent before it was decided";
    Doubt::new(DoubtKind::BudgetSpent, message)
}

fn memory_not_seen() -> Doubt {
    let message = "memory was not seen: from outside, a leak shows only when it is nearly too late; add --memory \
                   pid:N when the service runs on this machine, or start it with drip run";
    Doubt::new(DoubtKind::MemoryNotSeen, message)
}

fn process_replaced() -> Doubt {
    let message = "a process of the service was replaced during the run, and its memory went with it: a leak would not \
                   show; switch worker recycling off for the test";
    Doubt::new(DoubtKind::ProcessReplaced, message)
}

fn stored_data() -> Doubt {
    let message = "such a request may store what it sends: rows that are kept in memory on purpose grow as a leak does; test \
                   with a store outside of the process, or with requests that store nothing";
    Doubt::new(DoubtKind::StoredData, message)
}

fn time_or_requests() -> Doubt {
    let message = "it grows, but no idle window told whether with requests alone or with time as well";
    Doubt::new(DoubtKind::TimeOrRequests, message)
}

fn no_idle_window() -> Doubt {
    let message = "memory surely grew, but the run ended before it was seen idle, so that it may be with time and not with \
                   these requests: raise --budget";
    Doubt::new(DoubtKind::TimeOrRequests, message)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use drip_judge::More;
    use drip_model::{Exit, Threshold};

    use super::*;

    fn says(signal: Signal, growth: Growth) -> Assessment {
        let open = growth == Growth::Undecided;
        let because = Doubt::new(DoubtKind::CacheMayBeFilling, "open");
        let evidence = Evidence {
            signal,
            per_request: Interval { low: 300.0, estimate: 310.0, high: 320.0, level: 0.99 },
            smallest_detectable: 20.0,
            requests: 100_000,
            thresholds: vec![Threshold { name: "allowance", value: 12e6, unit: None, why: "" }],
            doubts: if open { vec![because.clone()] } else { Vec::new() },
            growth,
        };
        Assessment {
            evidence,
            more: open.then_some(More { requests: 1, for_readings: false, because }),
            chance: 1.0,
        }
    }

    fn opinions(floor: Option<Growth>, anon: Option<Growth>) -> Opinions {
        Opinions {
            floor: floor.map(|growth| says(Signal::LiveHeap, growth)),
            anon: anon.map(|growth| says(Signal::Anon, growth)),
            ..Opinions::default()
        }
    }

    fn answered(statuses: &[(u16, u64)]) -> Tally {
        let statuses: BTreeMap<u16, u64> = statuses.iter().copied().collect();
        Tally { completed: statuses.values().sum(), statuses, ..Tally::default() }
    }

    fn known(opinions: Opinions, tally: &Tally) -> Known<'_> {
        Known {
            opinions,
            tally,
            expect_status: Expected::Success,
            crash: None,
            process_was_replaced: false,
            memory_seen: true,
            stranger: None,
            doubts: Vec::new(),
            may_store: false,
        }
    }

    fn check(known: Known<'_>, verdict: &str, doubts: &[DoubtKind]) -> Judged {
        let judged = weigh(known);
        let kinds: Vec<_> = judged.doubts.iter().map(|doubt| doubt.kind).collect();
        assert_eq!((judged.verdict.name(), kinds.as_slice()), (verdict, doubts));
        judged
    }

    #[test]
    fn what_we_lacked_ourselves_is_a_doubt_with_advice() {
        let lacked = [(Shortage::Ports, 7), (Shortage::Processor, 1)].into();
        let tally = Tally { lacked, ..answered(&[(200, 100)]) };
        let judged =
            check(known(opinions(Some(Growth::Flat), None), &tally), "steady", &[DoubtKind::LoadLimited]);
        assert!(judged.doubts[0].message.contains("fewer fresh connections"), "{judged:?}");
    }

    #[test]
    fn the_better_signal_gives_the_verdict() {
        let ok = answered(&[(200, 100)]);
        let judged =
            check(known(opinions(Some(Growth::Grows), Some(Growth::Undecided)), &ok), "leaking", &[]);
        assert_eq!(judged.evidence.unwrap().signal, Signal::LiveHeap);
        check(known(opinions(Some(Growth::Flat), Some(Growth::Flat)), &ok), "steady", &[]);
        check(known(opinions(Some(Growth::Bounded { plateau: 1.0 }), None), &ok), "settling", &[]);
        check(
            known(opinions(None, Some(Growth::Undecided)), &ok),
            "unclear",
            &[DoubtKind::CacheMayBeFilling],
        );
    }

    #[test]
    fn calm_heap_under_growing_memory_is_a_doubt_until_the_growth_is_proven() {
        let ok = answered(&[(200, 100)]);
        check(
            known(opinions(Some(Growth::Flat), Some(Growth::Undecided)), &ok),
            "unclear",
            &[DoubtKind::SignalsDisagree],
        );
        let judged = check(known(opinions(Some(Growth::Flat), Some(Growth::Grows)), &ok), "leaking", &[]);
        assert_eq!(judged.evidence.unwrap().signal, Signal::Anon);
    }

    #[test]
    fn memory_under_load_that_says_something_else_is_told_and_explained() {
        let ok = answered(&[(200, 100)]);
        let beside = |rest, load, bytes| {
            let mut under_load = says(Signal::Anon, load).evidence;
            under_load.per_request.high = bytes;
            Opinions { under_load: Some(under_load), ..opinions(Some(rest), None) }
        };
        let disagree = [DoubtKind::SignalsDisagree];
        let floating = check(known(beside(Growth::Flat, Growth::Grows, 900.0), &ok), "steady", &disagree);
        assert!(floating.doubts[0].message.contains("floats"), "{floating:?}");
        check(known(beside(Growth::Grows, Growth::Flat, 20.0), &ok), "leaking", &disagree);
        check(known(beside(Growth::Grows, Growth::Flat, 400.0), &ok), "leaking", &[]);
        check(known(beside(Growth::Grows, Growth::Undecided, 20.0), &ok), "leaking", &[]);
    }

    #[test]
    fn nothing_is_healthy_that_was_not_exercised() {
        let calm = || opinions(Some(Growth::Flat), None);
        check(known(calm(), &answered(&[(404, 100)])), "unclear", &[DoubtKind::NoSuccess]);
        check(known(calm(), &answered(&[(200, 40), (500, 60)])), "unclear", &[DoubtKind::ManyErrors]);
        check(known(calm(), &answered(&[(200, 80), (500, 20)])), "steady", &[DoubtKind::ManyErrors]);
        let not_found = answered(&[(404, 100)]);
        check(Known { expect_status: Expected::Status(404), ..known(calm(), &not_found) }, "steady", &[]);
    }

    #[test]
    fn a_replaced_process_hides_a_leak_but_makes_none() {
        let ok = answered(&[(200, 100)]);
        let replaced =
            |growth| Known { process_was_replaced: true, ..known(opinions(Some(growth), None), &ok) };
        check(replaced(Growth::Flat), "unclear", &[DoubtKind::ProcessReplaced]);
        check(replaced(Growth::Grows), "leaking", &[]);
    }

    #[test]
    fn a_black_box_is_never_healthy() {
        let ok = answered(&[(200, 100)]);
        check(
            Known { memory_seen: false, ..known(Opinions::default(), &ok) },
            "unclear",
            &[DoubtKind::MemoryNotSeen],
        );
    }

    #[test]
    fn growth_that_needs_no_requests_is_growth_with_time() {
        let ok = answered(&[(200, 100)]);
        let per_hour = Interval { low: 1.0, estimate: 2.0, high: 3.0, level: 0.99 };
        let by = |cause| Opinions { cause: Some(cause), ..opinions(Some(Growth::Grows), None) };
        check(known(by(Cause::Time(per_hour)), &ok), "growing-with-time", &[]);
        check(known(by(Cause::Requests), &ok), "leaking", &[]);
        check(known(by(Cause::Unclear), &ok), "leaking", &[DoubtKind::TimeOrRequests]);
        check(known(by(Cause::NotTested), &ok), "unclear", &[DoubtKind::TimeOrRequests]);
    }

    #[test]
    fn a_request_that_may_store_what_it_sends_is_doubted() {
        let ok = answered(&[(201, 100)]);
        let posts = |growth| Known { may_store: true, ..known(opinions(Some(growth), None), &ok) };
        check(posts(Growth::Grows), "leaking", &[DoubtKind::StoredData]);
        check(posts(Growth::Flat), "steady", &[]);
    }

    #[test]
    fn a_death_counts_more_than_anything() {
        let ok = answered(&[(200, 100)]);
        let crash = Crash { exit: Exit::Signal(9), after_requests: 5, out_of_memory: None };
        check(
            Known { crash: Some(crash), ..known(opinions(Some(Growth::Grows), None), &ok) },
            "crashed",
            &[],
        );
    }
}
