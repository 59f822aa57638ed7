//! Pairs of a request and its control: whose turn it is, and the latency of each pair in its place.

use std::time::Instant;

use drip_model::{Draw, Pair};

use super::Engine;
use crate::answer::Head;
use crate::bounds::{DOWN_PAUSE, DOWN_TIME_MAX};

/// By these a gateway says that it found nobody behind it.
const GATEWAY_STATUSES: [u16; 3] = [502, 503, 504];

/// The pairs of a dose so far.
pub(super) struct Pairing {
    seed: u64,
    first: u64,
    pub(super) pairs: Vec<Pair>,
    /// The first request of the pair under way, once it is over.
    half: Option<Pair>,
    /// Controls that got their answer.
    pub(super) controls: u64,
    /// When the service was last there.
    last_up: Instant,
}

impl Pairing {
    pub(super) fn new(seed: u64, first: u64, now: Instant) -> Self {
        Self { seed, first, pairs: Vec::new(), half: None, controls: 0, last_up: now }
    }

    /// The number of the pair that the `k`-th request belongs to, and whether it is the control of it.
    ///
    /// A coin tells which comes first, so that nothing in a service that takes turns can favour either.
    pub(super) fn turn(&self, k: u64) -> (u64, bool) {
        let n = self.first.wrapping_add(k / 2);
        // Not the stream that fills the slots of this request.
        let heads = Draw::new(!self.seed, n).number() >> 63 == 1;
        (n, heads == k.is_multiple_of(2))
    }

    /// One request of a pair is over; whether the service is given up.
    fn add(&mut self, one: Pair, now: Instant) -> bool {
        match self.half.take() {
            None => self.half = Some(one),
            Some(other) => self
                .pairs
                .push(Pair { latency: one.latency.max(other.latency), down: one.down || other.down }),
        }
        if !one.down {
            self.last_up = now;
        }
        now.saturating_duration_since(self.last_up) > DOWN_TIME_MAX
    }
}

impl Engine {
    /// A request of a pair is over, whole or `failed`.
    pub(super) fn compare(&mut self, user: usize, failed: bool) {
        // What is given up after a stop tells nothing of the service.
        let Some(pairing) = self.pairing.as_mut().filter(|_| self.hurry.is_none()) else { return };
        let asked = &self.users[user];
        let latency = self.now.saturating_duration_since(asked.due);
        // A gateway may answer so to every path that it does not know.
        let down = failed || !asked.is_control && asked.reader.head().is_some_and(found_nobody);
        if down {
            self.pace.pause(self.now, DOWN_PAUSE);
        }
        self.over |= pairing.add(Pair { latency, down }, self.now);
    }
}

/// A service that asks for time is there.
fn found_nobody(head: &Head) -> bool {
    GATEWAY_STATUSES.contains(&head.status) && head.retry_after.is_none()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_service_that_is_down_for_a_minute_is_given_up() {
        let start = Instant::now();
        let mut pairing = Pairing::new(1, 0, start);
        let mut gives_up = |down, second| {
            pairing.add(Pair { latency: Duration::ZERO, down }, start + Duration::from_secs(second))
        };
        assert!(!gives_up(false, 50));
        assert!(!gives_up(true, 100));
        assert!(!gives_up(false, 105));
        assert!(!gives_up(true, 165));
        assert!(gives_up(true, 166));
    }
}
