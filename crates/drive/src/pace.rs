//! When the next request may start: at once, by an open schedule, or after the pause that the service asked for.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::bounds::{INTERVAL_MAX, RETRY_AFTER_MAX};
use crate::failure::Failure;

/// Shared by all users of a dose.
pub(crate) struct Pace {
    start: Instant,
    schedule: Option<Schedule>,
    /// End of the pause that was asked for, microseconds after `start`; 0 when there was none.
    resume_us: AtomicU64,
}

struct Schedule {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(rate: Option<f64>) -> Result<Self, Failure> {
        let start = Instant::now();
        let schedule = rate.map(|rate| Schedule::new(rate, start)).transpose()?;
        Ok(Self { start, schedule, resume_us: AtomicU64::new(0) })
    }

    /// Waits for the next turn and tells when it was due; `None` when the dose is over first.
    ///
    /// A request that starts late keeps its due time, so that its latency tells what a caller with a clock of
    /// its own would have seen. Only a pause that the service asked for moves the schedule, since catching up
    /// after it would be the flood that it asked us to stop.
    pub(crate) async fn turn(&self, over: &CancellationToken) -> Option<Instant> {
        loop {
            let due = self.claim();
            if due > Instant::now() {
                pause_until(due, over).await;
            }
            if over.is_cancelled() {
                return None;
            }
            if self.resume().is_none_or(|resume| resume <= due) {
                return Some(due);
            }
        }
    }

    /// All users wait for as long as the service asked, within our bound.
    pub(crate) fn pause(&self, time: Duration) {
        let resume = self.start.elapsed() + time.min(RETRY_AFTER_MAX);
        self.resume_us.fetch_max(u64::try_from(resume.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    fn resume(&self) -> Option<Instant> {
        let resume_us = self.resume_us.load(Relaxed);
        (resume_us > 0).then(|| self.start + Duration::from_micros(resume_us))
    }

    fn claim(&self) -> Instant {
        let resume = self.resume().unwrap_or(self.start);
        match &self.schedule {
            None => Instant::now().max(resume),
            Some(schedule) => schedule.claim(resume),
        }
    }
}

impl Schedule {
    fn new(rate: f64, start: Instant) -> Result<Self, Failure> {
        let refusal = || Failure::our_side(format!("a rate of {rate} requests per second cannot be kept"));
        let interval = Duration::try_from_secs_f64(1.0 / rate).map_err(|_| refusal())?;
        if interval.is_zero() || interval > INTERVAL_MAX {
            return Err(refusal());
        }
        Ok(Self { interval, next: Mutex::new(start) })
    }

    fn claim(&self, earliest: Instant) -> Instant {
        // Nothing in this block can panic half way, so the value of a poisoned lock is good.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let due = earliest.max(*next);
        *next = due + self.interval;
        due
    }
}

/// Waits, but not beyond the end of the dose.
pub(crate) async fn pause_until(due: Instant, over: &CancellationToken) {
    tokio::select! {
        () = sleep_until(due) => {}
        () = over.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(pace: &Pace, instant: Instant) -> u128 {
        (instant - pace.start).as_millis()
    }

    #[test]
    fn turns_are_due_at_even_distances_whoever_takes_them() {
        let pace = Pace::new(Some(10.0)).unwrap();
        let due: Vec<_> = (0..4).map(|_| millis(&pace, pace.claim())).collect();
        assert_eq!(due, [0, 100, 200, 300]);
    }

    #[test]
    fn a_pause_moves_the_schedule_instead_of_letting_it_catch_up() {
        let pace = Pace::new(Some(10.0)).unwrap();
        assert_eq!(millis(&pace, pace.claim()), 0);
        pace.pause(Duration::from_secs(20));
        let first = millis(&pace, pace.claim());
        assert!((20_000..25_000).contains(&first), "{first}");
        assert_eq!(millis(&pace, pace.claim()), first + 100);
    }

    #[test]
    fn no_service_can_make_us_wait_longer_than_our_bound() {
        let pace = Pace::new(None).unwrap();
        pace.pause(Duration::from_secs(86_400));
        let resume = pace.resume().unwrap() - Instant::now();
        assert!(resume <= RETRY_AFTER_MAX, "{resume:?}");
    }

    #[test]
    fn a_rate_that_is_no_rate_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
            assert!(Pace::new(Some(rate)).is_err(), "{rate}");
        }
    }
}
