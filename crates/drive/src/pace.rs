//! When the next request may start: at once, by an open schedule, or after the pause that the service asked for.

use std::time::{Duration, Instant};

use crate::arrivals::Schedule;
use crate::bounds::RETRY_AFTER_MAX;
use crate::dose::Part;
use crate::failure::Failure;
use crate::load::Model;

/// Shared by all users of a thread.
#[derive(Debug)]
pub(crate) struct Pace {
    beat: Beat,
    /// End of the pause that was asked for.
    resume: Instant,
}

#[derive(Debug)]
enum Beat {
    AtOnce,
    Scheduled { schedule: Schedule, next: Instant, start: Instant },
    Never,
}

impl Pace {
    pub(crate) fn new(
        model: &Model,
        seed: u64,
        first: u64,
        part: Part,
        start: Instant,
    ) -> Result<Self, Failure> {
        let beat = match model {
            Model::Closed => Beat::AtOnce,
            Model::Idle => Beat::Never,
            Model::Open(arrivals) => {
                let mut schedule = Schedule::new(arrivals, seed, first, part)?;
                let next = after(start, schedule.next());
                Beat::Scheduled { schedule, next, start }
            }
        };
        Ok(Self { beat, resume: start })
    }

    /// When the next request is due, `now` at the earliest if nothing schedules it; `None` if there is none.
    ///
    /// A request that starts late keeps its due time, so that its latency tells what a caller with a clock of
    /// its own would have seen. Only a pause that the service asked for moves the schedule, since catching up
    /// after it would be the flood that it asked us to stop.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        match &self.beat {
            Beat::AtOnce => Some(self.resume.max(now)),
            Beat::Scheduled { next, .. } => Some(self.resume.max(*next)),
            Beat::Never => None,
        }
    }

    /// The request that was due is started.
    pub(crate) fn take(&mut self) {
        if let Beat::Scheduled { schedule, next, start } = &mut self.beat {
            *start += self.resume.saturating_duration_since(*next);
            *next = after(*start, schedule.next());
        }
    }

    /// All users wait for as long as the service asked, within our bound; until when.
    pub(crate) fn pause(&mut self, now: Instant, time: Duration) -> Instant {
        self.pause_until(now + time.min(RETRY_AFTER_MAX));
        self.resume
    }

    pub(crate) fn pause_until(&mut self, resume: Instant) {
        self.resume = self.resume.max(resume);
    }
}

/// A moment that no clock reaches is as good as one that is far away.
fn after(start: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(365 * 86_400);
    start + time.min(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::Arrivals;

    fn pace(model: &Model) -> (Pace, Instant) {
        let start = Instant::now();
        (Pace::new(model, 1, 0, Part { index: 0, of: 1 }, start).unwrap(), start)
    }

    fn claim(pace: &mut Pace, start: Instant) -> u128 {
        let due = pace.due(start).unwrap();
        pace.take();
        (due - start).as_millis()
    }

    #[test]
    fn turns_are_due_at_even_distances_whoever_takes_them() {
        let (mut pace, start) = pace(&Model::Open(Arrivals::constant(10.0)));
        let due: Vec<_> = (0..4).map(|_| claim(&mut pace, start)).collect();
        assert_eq!(due, [0, 100, 200, 300]);
    }

    #[test]
    fn a_pause_moves_the_schedule_instead_of_letting_it_catch_up() {
        let (mut pace, start) = pace(&Model::Open(Arrivals::constant(10.0)));
        assert_eq!(claim(&mut pace, start), 0);
        pace.pause(start, Duration::from_secs(20));
        assert_eq!([claim(&mut pace, start), claim(&mut pace, start)], [20_000, 20_100]);
    }

    #[test]
    fn no_service_can_make_us_wait_longer_than_our_bound() {
        let (mut pace, start) = pace(&Model::Closed);
        pace.pause(start, Duration::from_secs(86_400));
        assert_eq!(pace.due(start).unwrap() - start, RETRY_AFTER_MAX);
    }

    #[test]
    fn an_idle_dose_has_no_turn() {
        let (pace, start) = pace(&Model::Idle);
        assert_eq!(pace.due(start), None);
    }
}
