//! What the threads of one dose have in common while it runs. On the way of a request there is only the next number.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::poll::Bell;

#[derive(Debug)]
pub(crate) struct Control {
    /// Requests that have a number.
    numbered: AtomicU64,
    /// No new request starts.
    over: AtomicBool,
    /// What is in flight gets [`crate::LINGER`].
    hurry: AtomicBool,
    /// Nobody waits for the result any more.
    abandon: AtomicBool,
    /// Until when the service has asked for a pause.
    resume: Mutex<Option<Instant>>,
    /// One of each thread.
    bells: Vec<Bell>,
}

impl Control {
    pub(super) fn new(bells: Vec<Bell>) -> Self {
        Self {
            numbered: 0.into(),
            over: false.into(),
            hurry: false.into(),
            abandon: false.into(),
            resume: Mutex::default(),
            bells,
        }
    }

    /// From outside: the dose is over, and what is in flight has to hurry.
    pub(crate) fn stop(&self) {
        self.hurry.store(true, Relaxed);
        self.end();
    }

    /// From outside: it is to be left as it is.
    pub(crate) fn abandon(&self) {
        self.abandon.store(true, Relaxed);
        self.ring();
    }

    /// From a thread: no new request is to start on any of them.
    pub(super) fn end(&self) {
        self.over.store(true, Relaxed);
        self.ring();
    }

    /// From a thread: the service has asked for a pause.
    pub(super) fn pause(&self, until: Instant) {
        if self.bells.len() > 1 {
            let mut resume = self.resume.lock().unwrap_or_else(PoisonError::into_inner);
            *resume = (*resume).max(Some(until));
            drop(resume);
            self.ring();
        }
    }

    /// The place of the next request among all of the dose.
    pub(super) fn number(&self) -> u64 {
        self.numbered.fetch_add(1, Relaxed)
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.hurry.load(Relaxed)
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandon.load(Relaxed)
    }

    pub(super) fn resume(&self) -> Option<Instant> {
        *self.resume.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.bells.iter().for_each(Bell::ring);
    }
}
