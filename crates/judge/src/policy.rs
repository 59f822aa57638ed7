//! Every threshold of the verdict, in one place, with its reason and its source.

use drip_model::{Pattern, Runtime, Signal, Threshold, Unit};

/// Judged doses before the first answer: fewer leave less than five degrees of freedom once line, bend and
/// autocorrelation are paid for.
pub const DOSES_MIN: usize = 8;

/// Memory is called calm only where a leak of this size, bytes per request, would have been seen: at 10 requests per second
/// it takes half a day to fill what a small container has. Calm that would hide a larger one is an open question.
pub(crate) const DETECTABLE_MAX: f64 = 1000.0;

/// The same where garbage may pile up unseen, or was made while the collector looked: what it hides is in the allowance,
/// which is large then.
const DETECTABLE_MAX_UNCOLLECTED: f64 = 300.0;

/// Chance of a false accusation in a whole run.
pub const ALPHA: f64 = 0.01;

/// The allowances were measured on runs of about so many requests.
const ALLOWANCE_REQUESTS: f64 = 50_000.0;

const MB: f64 = 1e6;

/// Descriptors, threads and the like that a healthy service may open during a run: what is opened on first use.
const COUNT_ALLOWANCE: f64 = 20.0;
/// What a pool may hold. Tomcat's default is 200 threads, those of databases and of HTTP clients a hundred or less.
const POOL: f64 = 500.0;
/// A pool takes a part of what the process may open, and a run that is to see more than the pool must end well before
/// that is used up.
const DESCRIPTOR_SHARE: f64 = 0.25;

/// What is judged: enough to know which thresholds apply.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The signal.
    pub signal: Signal,
    /// Whose memory it is.
    pub runtime: Runtime,
    /// How the requests differ.
    pub pattern: Pattern,
    /// The signal's value when the judged part began.
    pub base: f64,
    /// What a cache may hold, when the user stated it.
    pub assume_cache: Option<u64>,
    /// The heap limit of a lazy collector, when it could be read.
    pub heap_limit: Option<u64>,
    /// How many descriptors a process of the service may open, when it could be read.
    pub descriptor_limit: Option<u64>,
}

/// The thresholds of one assessment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Which signal they are for.
    pub signal: Signal,
    /// R: growth during a run that a healthy service of this runtime may show.
    pub allowance: f64,
    /// c_max: what a cache may hold.
    pub cache: f64,
    /// Growth below this may be garbage that no collection has visited yet; `None` for memory that is freed at
    /// once or was just collected.
    pub uncollected: Option<f64>,
    /// Readings are never trusted more than this.
    pub noise_floor: f64,
    /// False alarms allowed: in the whole run, which is what [`holm`](crate::holm) minds, and for calling this signal
    /// calm. Look k may spend `alpha / 2^k` of it.
    pub alpha: f64,
    /// Level of the published interval.
    pub level: f64,
}

impl Policy {
    /// The thresholds for a subject.
    pub fn of(subject: &Subject) -> Self {
        Self {
            signal: subject.signal,
            allowance: allowance(subject),
            cache: stated_cache(subject).unwrap_or_else(|| cache(subject)),
            uncollected: uncollected(subject),
            noise_floor: noise_floor(subject.signal),
            alpha: ALPHA,
            level: 0.99,
        }
    }

    /// What look number `look` (from 1) may spend: half of what is left, so that the sum stays below `alpha`
    /// however many looks there are.
    pub fn tail(&self, look: u32) -> f64 {
        self.alpha / looks_price(look)
    }

    /// Growth per request that matters: the allowance over as many requests as it was measured on.
    pub fn allowance_per_request(&self) -> f64 {
        self.allowance / ALLOWANCE_REQUESTS
    }

    /// The largest leak that calm may hide.
    pub(crate) const fn detectable_max(&self) -> f64 {
        if self.uncollected.is_some() || matches!(self.signal, Signal::HeapAfterGc) {
            DETECTABLE_MAX_UNCOLLECTED
        } else {
            DETECTABLE_MAX
        }
    }

    /// As they are printed with the verdict.
    pub fn thresholds(&self) -> Vec<Threshold> {
        let unit = Some(self.signal.unit());
        let of = |name, value, why| Threshold { name, value, unit, why };
        let healthy = "growth that a healthy service of this runtime may show during a run";
        let filling = match self.signal.unit() {
            Unit::Bytes => "what a cache may hold; growth below it could be one that is still filling",
            Unit::Count => "what a pool may hold; growth below it could be one that is still filling",
        };
        let lazy = "growth below it may be garbage that no collection has visited yet";
        let noise = "readings are never trusted more than this";
        let hidden = "a request; calm that would hide a larger leak is no calm";
        let chance = "chance of a false alarm in the whole run, over all its signals, endpoints and looks";
        let mut all = vec![of("allowance", self.allowance, healthy), of("cache", self.cache, filling)];
        all.extend(self.uncollected.map(|value| of("uncollected", value, lazy)));
        all.push(of("noise-floor", self.noise_floor, noise));
        if self.signal.unit() == Unit::Bytes {
            all.push(of("detectable", self.detectable_max(), hidden));
        }
        all.push(Threshold { unit: None, ..of("alpha", self.alpha, chance) });
        all
    }
}

/// By how much a chance counts more at look number `look` (from 1), since there are looks before and after it.
pub(crate) fn looks_price(look: u32) -> f64 {
    2f64.powi(look.max(1).cast_signed())
}

/// R. Measured with `cargo xtask bench floor` on 29 healthy services (`benches/runs/2026-11-25-floor.md`): the 99th
/// percentile of growth in a run after its warm-up, rounded up.
fn allowance(subject: &Subject) -> f64 {
    match subject.signal {
        // Node 0.22, Python 0.30, Go 0.39, Ruby 0.20 MB; of the JVM 0.02 but for weak maps and cleaners, with them 3.0.
        Signal::LiveHeap if subject.runtime == Runtime::Jvm => 4.0 * MB,
        Signal::LiveHeap => 0.5 * MB,
        // Garbage that was made during a collection counts as live: 13.6 MB with buffers of 256 KB.
        Signal::HeapAfterGc => 16.0 * MB,
        Signal::AnonAfterGc => anon_allowance(subject).min(6.0 * MB),
        signal if signal.unit() == Unit::Count => COUNT_ALLOWANCE,
        _ => anon_allowance(subject),
    }
}

/// Anonymous memory without a collection. Where garbage floats (Node 55 MB, JVM 412 MB) less is allowed than was
/// measured: so much of it would hide most leaks, and calm is to be had from a floor.
fn anon_allowance(subject: &Subject) -> f64 {
    match subject.runtime {
        // Measured 0.03.
        Runtime::Native | Runtime::Php => 2.0 * MB,
        // Measured 0.7.
        Runtime::Python => 3.0 * MB,
        // Measured 2.8.
        Runtime::Ruby => 6.0 * MB,
        Runtime::Node => 12.0 * MB,
        // Measured 24; GOGC=100 lets the heap double before a collection.
        Runtime::Go => (24.0 * MB).max(0.5 * subject.base),
        // Not measured.
        Runtime::Unknown => 24.0 * MB,
        Runtime::DotNet | Runtime::Jvm => 64.0 * MB,
    }
}

/// What the user says of caches is about memory.
fn stated_cache(subject: &Subject) -> Option<f64> {
    subject.assume_cache.filter(|_| subject.signal.unit() == Unit::Bytes).map(as_float)
}

fn pool(subject: &Subject) -> f64 {
    let limit = subject.descriptor_limit.map_or(f64::INFINITY, as_float);
    match subject.signal {
        Signal::Descriptors | Signal::Sockets => POOL.min(limit * DESCRIPTOR_SHARE),
        _ => POOL,
    }
}

/// c_max. Identical requests cannot fill a cache that is keyed by the client, only rings, logs and reservoirs.
fn cache(subject: &Subject) -> f64 {
    match subject.signal {
        signal if signal.is_floor() && subject.pattern.is_identical() => 16.0 * MB,
        signal if signal.is_floor() => 32.0 * MB,
        signal if signal.unit() == Unit::Count => pool(subject),
        _ => 96.0 * MB,
    }
}

/// A tracing collector may let garbage pile up to its heap limit before it first visits it: a healthy JVM rose
/// from 26 to 218 MB in a straight line. Seen from outside, only growth beyond that limit means anything.
fn uncollected(subject: &Subject) -> Option<f64> {
    let outside = matches!(
        subject.signal,
        Signal::Anon | Signal::Cgroup | Signal::Pss | Signal::Rss | Signal::Platform
    );
    let limit = subject.heap_limit.map_or(0.0, as_float);
    match subject.runtime {
        _ if !outside => None,
        Runtime::Jvm | Runtime::DotNet | Runtime::Unknown => Some(limit.max(256.0 * MB)),
        // GOGC=100 lets the heap double; without it, up to GOMEMLIMIT.
        Runtime::Go => Some(limit.max(subject.base)),
        _ => None,
    }
}

/// Pages, arenas and the steps in which tables grow.
const fn noise_floor(signal: Signal) -> f64 {
    match signal {
        _ if matches!(signal.unit(), Unit::Count) => 1.0,
        Signal::LiveHeap | Signal::HeapAfterGc => 0.03 * MB,
        _ => 0.06 * MB,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a byte count beyond 2^53 would be 9 PB")]
const fn as_float(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: Subject = Subject {
        signal: Signal::LiveHeap,
        runtime: Runtime::Node,
        pattern: Pattern::REPEATED,
        base: 7e6,
        assume_cache: None,
        heap_limit: None,
        descriptor_limit: None,
    };

    #[test]
    fn identical_requests_can_fill_only_half_the_cache() {
        assert_eq!(Policy::of(&NODE).cache, 16e6);
        assert_eq!(Policy::of(&Subject { pattern: Pattern::UNIQUE_QUERY, ..NODE }).cache, 32e6);
        assert_eq!(Policy::of(&Subject { signal: Signal::Anon, ..NODE }).cache, 96e6);
        assert_eq!(Policy::of(&Subject { assume_cache: Some(5), ..NODE }).cache, 5.0);
    }

    #[test]
    fn a_virtual_machine_seen_from_outside_gets_room_up_to_its_heap_limit() {
        let jvm =
            Subject { signal: Signal::Anon, runtime: Runtime::Jvm, heap_limit: Some(6_000_000_000), ..NODE };
        assert_eq!(Policy::of(&jvm).uncollected, Some(6e9));
        assert_eq!(Policy::of(&Subject { heap_limit: None, ..jvm }).uncollected, Some(256e6));
        assert_eq!(Policy::of(&Subject { signal: Signal::LiveHeap, ..jvm }).uncollected, None);
        assert_eq!(Policy::of(&NODE).uncollected, None);
    }

    #[test]
    fn all_looks_together_spend_less_than_alpha() {
        let policy = Policy::of(&NODE);
        let spent: f64 = (1..60).map(|look| policy.tail(look)).sum();
        assert!(spent <= policy.alpha + 1e-12, "{spent}");
    }
}
