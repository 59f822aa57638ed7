//! What the judge says of each signal of one vector.

use drip_judge::{Assessment, Cause, More};
use drip_model::{DoubtKind, Evidence, Growth};

/// Of all signals.
#[derive(Debug, Default)]
pub(crate) struct Opinions {
    pub(crate) floor: Option<Assessment>,
    pub(crate) anon: Option<Assessment>,
    /// Descriptors, sockets, threads and the like.
    pub(crate) counts: Vec<Assessment>,
    /// The lives of workers that were replaced, judged together.
    pub(crate) lives: Option<Assessment>,
    /// What memory under load showed, where it was read at rest too.
    pub(crate) under_load: Option<Evidence>,
    pub(crate) cause: Option<Cause>,
    /// Whether fresh doses bore the growth out; `None` where none were played.
    pub(crate) confirmed: Option<bool>,
    /// The part of the request that must be new for anything to be kept; `None` where a repeated one keeps as much, or
    /// nobody tried.
    pub(crate) key: Option<String>,
    /// More requests would have decided, and the budget did not allow them.
    pub(crate) ran_out: bool,
}

impl Opinions {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Assessment> {
        self.floor.iter().chain(&self.anon).chain(&self.counts)
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Assessment> {
        self.floor.iter_mut().chain(&mut self.anon).chain(&mut self.counts)
    }

    /// The signal that surely grows; memory counts before things, and a better signal before a worse one.
    pub(crate) fn growing(&self) -> Option<&Evidence> {
        self.all()
            .chain(&self.lives)
            .map(|opinion| &opinion.evidence)
            .find(|evidence| evidence.growth == Growth::Grows)
    }

    /// Whether something grows that further doses can bear out. Lives cannot be: each has borne out the others, and the
    /// whole falls with every worker that is replaced.
    pub(crate) fn asks_for_proof(&self) -> bool {
        self.all().any(|opinion| opinion.evidence.growth == Growth::Grows)
    }

    /// What is open: the best signal's question; or, where that is calm, the question of another that is not.
    pub(crate) fn open_question(&self) -> Option<More> {
        let best = self.floor.as_ref().or(self.anon.as_ref())?;
        if self.growing().is_some() {
            return None;
        }
        let second = self.anon.as_ref().filter(|anon| anon.evidence.per_request.low > 0.0);
        // Below a floor that collects, more requests do not tell what a heap keeps committed from what is held.
        let second = second.and_then(|anon| anon.more.clone());
        let second = second.filter(|more| more.because.kind != DoubtKind::GarbageNotCollected);
        let counts = || self.counts.iter().filter(|count| grows_beyond_allowance(count));
        best.more.clone().or(second).or_else(|| counts().find_map(|count| count.more.clone()))
    }
}

/// Whether a signal surely grew more than a healthy service's may, decided or not: the allowance, or all that a heap
/// which is never given back may take.
pub(crate) fn grows_beyond_allowance(assessment: &Assessment) -> bool {
    let evidence = &assessment.evidence;
    let named = |name: &str| evidence.thresholds.iter().find(|t| t.name == name).map(|t| t.value);
    let allowance = named("uncollected").or(named("allowance")).unwrap_or(f64::INFINITY);
    evidence.growth == Growth::Grows
        || (evidence.growth == Growth::Undecided
            && evidence.per_request.low * as_float(evidence.requests) >= allowance)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
const fn as_float(value: u64) -> f64 {
    value as f64
}
