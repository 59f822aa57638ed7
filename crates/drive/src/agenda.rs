//! What is to happen at a time, for the few things that do. Deadlines of requests are not among them: there are too
//! many, and nearly none comes true.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Users and when it is their time.
#[derive(Debug, Default)]
pub(crate) struct Agenda(BinaryHeap<Reverse<(Instant, usize)>>);

impl Agenda {
    pub(crate) fn add(&mut self, at: Instant, user: usize) {
        self.0.push(Reverse((at, user)));
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// The user whose time has come longest ago.
    pub(crate) fn take(&mut self, now: Instant) -> Option<usize> {
        self.next().filter(|at| *at <= now)?;
        self.0.pop().map(|Reverse((_, user))| user)
    }
}
