//! What a reading under load is judged by, beyond the thresholds that hold for every reading.

use drip_model::{Runtime, Signal, Threshold};

use crate::policy::{Policy, Subject};

const MB: f64 = 1e6;
/// Live bytes that rings, logs and reservoirs may hold: all that identical requests can fill.
const IDENTICAL_LIVE: f64 = 16.0 * MB;
/// R of a Go service's troughs. The allowance of single readings counts the phase of the sawtooth in which each was
/// taken (24 MB); troughs have no phase. Healthy services were measured at 2 MB at most, but for one whose pool still
/// grew, which no allowance would cover: 32 MB.
const GO_TROUGHS: f64 = 16.0 * MB;
/// Entries that a cache may have; the usual remedy of a leak is a ring of some thousands.
const ENTRIES: u64 = 30_000;
/// The profile entertains curves of so many times what a cache may hold, so that one at the limit is well inside.
const SATURATING_FACTOR: f64 = 4.0 / 3.0;

/// The thresholds of readings under load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Those of the signal.
    pub policy: Policy,
    /// c_max in entries: growth that went on with every request for longer is no cache of one entry a request,
    /// however small its entries are. It counts only when the budget is spent; until then bytes must decide, since
    /// more requests will. `None` where only bytes count.
    pub entries: Option<u64>,
    /// What a cache may hold where nothing is known of the requests. An answer before the requests are spent needs growth
    /// beyond this: a table that identical requests fill was seen to grow by 24 MB in a straight line, and it is the
    /// later requests that show how it stops.
    pub early_cache: f64,
    /// The largest warm-up or cache whose curve is told from a line. Larger than what growth is held against, which
    /// evidence may lower: a curve that bends is no leak, whatever it holds.
    pub saturating: f64,
    /// What each new process may grow by before it is warm, when processes are replaced again and again. Interpreters and
    /// native programs are warm within their allowance, of which twice as much is taken; compilers and tracing collectors
    /// are not warm for thousands of requests.
    pub regrowth: f64,
}

impl Terms {
    /// The thresholds for a subject. What the user states about caches stands alone.
    pub fn of(subject: &Subject) -> Self {
        let mut policy = Policy::of(subject);
        let early_cache = policy.cache;
        // A service warms up whatever the user knows of its caches.
        let unstated = Policy::of(&Subject { assume_cache: None, ..*subject }).cache;
        if subject.signal == Signal::Anon && subject.runtime == Runtime::Go {
            policy.allowance = policy.allowance.min(GO_TROUGHS.max(0.5 * subject.base));
        }
        if subject.assume_cache.is_none() && subject.pattern.is_identical() {
            policy.cache = policy.cache.min(IDENTICAL_LIVE * per_live_byte(subject.runtime));
        }
        Self {
            entries: subject.assume_cache.is_none().then_some(ENTRIES),
            early_cache,
            saturating: SATURATING_FACTOR * unstated.max(early_cache),
            regrowth: match subject.runtime {
                Runtime::Native | Runtime::Php | Runtime::Python | Runtime::Ruby => 2.0 * policy.allowance,
                _ => early_cache.max(policy.allowance),
            },
            policy,
        }
    }

    /// As they are printed with the verdict.
    pub(crate) fn thresholds(&self) -> Vec<Threshold> {
        let why = "entries that a cache may have; shorter growth could be one that is still filling";
        let entries = |count: u64| Threshold { name: "cache-entries", value: count as f64, unit: None, why };
        self.policy.thresholds().into_iter().chain(self.entries.map(entries)).collect()
    }
}

/// Anonymous memory that a live byte takes under load: garbage floats in proportion to what lives (V8: measured 3 to 6;
/// Go: 2 at GOGC=100), and allocators round up.
const fn per_live_byte(runtime: Runtime) -> f64 {
    match runtime {
        Runtime::Native | Runtime::Php | Runtime::Python => 1.25,
        Runtime::Ruby => 2.0,
        Runtime::Go => 2.5,
        Runtime::Node | Runtime::DotNet | Runtime::Jvm | Runtime::Unknown => 6.0,
    }
}

#[cfg(test)]
mod tests {
    use drip_model::Pattern;

    use super::*;

    const PYTHON: Subject = Subject {
        signal: Signal::Anon,
        runtime: Runtime::Python,
        pattern: Pattern::REPEATED,
        base: 20.0 * MB,
        assume_cache: None,
        heap_limit: None,
        descriptor_limit: None,
    };

    #[test]
    fn identical_requests_lower_what_a_cache_may_hold_and_only_at_the_end() {
        let (same, varied) =
            (Terms::of(&PYTHON), Terms::of(&Subject { pattern: Pattern::UNIQUE_QUERY, ..PYTHON }));
        assert_eq!((same.policy.cache, same.early_cache), (20.0 * MB, 96.0 * MB));
        assert_eq!((varied.policy.cache, varied.early_cache), (96.0 * MB, 96.0 * MB));
    }

    #[test]
    fn what_the_user_states_stands_alone_and_a_service_may_warm_up_all_the_same() {
        let stated = Terms::of(&Subject { assume_cache: Some(5_000_000), ..PYTHON });
        assert_eq!((stated.policy.cache, stated.early_cache, stated.entries), (5.0 * MB, 5.0 * MB, None));
        assert_eq!(stated.saturating, 128.0 * MB);
    }

    #[test]
    fn the_bound_in_entries_is_printed_with_the_verdict() {
        let printed = Terms::of(&PYTHON).thresholds();
        assert!(
            printed.iter().any(|threshold| threshold.name == "cache-entries" && threshold.value == 30_000.0)
        );
    }
}
