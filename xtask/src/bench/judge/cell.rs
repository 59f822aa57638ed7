//! Curves of one kind, judged, and what came of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use drip_judge::Terms;
use drip_trial::trial::{self, Answer};
use drip_trial::{doses, load};
use serde_json::{Value, json};

use crate::bench::arithmetic::percentile;

/// So many curves are judged at a time, so that all processors have work to the end.
const BATCH: u64 = 20;

/// Which judge is tried, on which family.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Load(load::Family, Terms),
    Rest(doses::Family),
}

/// Curves of one kind.
pub(super) struct Cell {
    pub(super) kind: Kind,
    /// Bytes kept of each request; 0 is healthy.
    pub(super) leak: f64,
    curves: u64,
    answers: Vec<Answer>,
}

impl Cell {
    pub(super) const fn under_load(family: load::Family, leak: f64, curves: u64, terms: Terms) -> Self {
        Self { kind: Kind::Load(family, terms), leak, curves, answers: Vec::new() }
    }

    pub(super) const fn at_rest(family: doses::Family, leak: f64, curves: u64) -> Self {
        Self { kind: Kind::Rest(family), leak, curves, answers: Vec::new() }
    }

    pub(super) const fn name(&self) -> &'static str {
        match &self.kind {
            Kind::Load(family, _) => family.name,
            Kind::Rest(family) => family.name,
        }
    }

    fn judge(&self, from: u64) -> Vec<Answer> {
        let range = (from, (from + BATCH).min(self.curves));
        match &self.kind {
            Kind::Load(family, terms) => trial::under_load(family, self.leak, range, *terms),
            Kind::Rest(family) => trial::at_rest(family, self.leak, range),
        }
    }

    pub(super) const fn judged(&self) -> usize {
        self.answers.len()
    }

    pub(super) fn accused(&self) -> usize {
        self.answers.iter().filter(|answer| answer.accuses()).count()
    }

    pub(super) fn acquitted(&self) -> usize {
        self.answers.iter().filter(|answer| answer.acquits()).count()
    }

    /// Share of the intervals that hold the truth.
    pub(super) fn coverage(&self) -> f64 {
        self.share(self.answers.iter().filter(|answer| answer.covers()).count())
    }

    pub(super) fn share(&self, count: usize) -> f64 {
        count as f64 / self.answers.len().max(1) as f64
    }

    /// Median of the requests to an answer of this kind.
    pub(super) fn requests(&self, kind: fn(&Answer) -> bool) -> Option<f64> {
        percentile(&requests(std::slice::from_ref(self), kind), 0.5)
    }

    pub(super) fn json(&self) -> Value {
        let judge = match &self.kind {
            Kind::Load(..) => "under load",
            Kind::Rest(_) => "at rest",
        };
        json!({
            "judge": judge,
            "family": self.name(),
            "leak": self.leak,
            "curves": self.judged(),
            "accused": self.accused(),
            "acquitted": self.acquitted(),
            "coverage": self.coverage(),
            "requests_to_accusation": self.requests(Answer::accuses),
            "requests_to_acquittal": self.requests(Answer::acquits),
        })
    }
}

/// Requests to each answer of a kind, over several cells.
pub(super) fn requests(cells: &[Cell], kind: fn(&Answer) -> bool) -> Vec<f64> {
    cells
        .iter()
        .flat_map(|cell| &cell.answers)
        .filter(|answer| kind(answer))
        .map(|answer| answer.requests)
        .collect()
}

/// Judges all curves of all cells, on all processors. What comes out depends on the seeds alone.
pub(super) fn judge(cells: &mut [Cell]) {
    let batches: Vec<(usize, u64)> = (0..cells.len())
        .flat_map(|cell| (0..cells[cell].curves).step_by(BATCH as usize).map(move |from| (cell, from)))
        .collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let shared: &[Cell] = cells;
    let work = || {
        while let Some((cell, from)) = batches.get(next.fetch_add(1, Relaxed)) {
            let answers = shared[*cell].judge(*from);
            done.lock().expect("no batch panics while it holds the lock").push((*cell, *from, answers));
        }
    };
    thread::scope(|scope| {
        (0..thread::available_parallelism().map_or(1, usize::from)).for_each(|_| drop(scope.spawn(work)));
    });
    let mut done = done.into_inner().expect("no batch panics while it holds the lock");
    done.sort_by_key(|(cell, from, _)| (*cell, *from));
    done.into_iter().for_each(|(cell, _, answers)| cells[cell].answers.extend(answers));
}
