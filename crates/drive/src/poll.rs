//! Waiting for sockets and for a moment: one epoll, edge-triggered, so that a socket is added once and never touched
//! again.
//!
//! The moment is a timer among the sockets rather than the wait's own timeout, which has whole milliseconds before
//! Linux 5.11 and may be late by the slack of the thread: a start by the clock must not wait for either.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

/// Events that are taken in one turn.
const EVENTS_MAX: usize = 512;

/// The number by which the bell is known; no socket has it.
const BELL: u64 = u64::MAX;
/// And the timer.
const TIMER: u64 = u64::MAX - 1;

/// A wait that only looks.
const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// The shortest time of a timer; none at all would switch it off.
const LEAST: Duration = Duration::from_nanos(1);

/// What the poll tells of a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    /// What the socket was added with.
    pub(crate) token: u64,
    /// The peer has ended its direction, or the connection is broken.
    pub(crate) ended: bool,
}

/// What a wait has told. It stays on the thread that waits.
pub(crate) struct Events(Vec<Event>);

impl Events {
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(EVENTS_MAX))
    }

    /// Each socket that is ready.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Ready> {
        self.0.iter().filter_map(|event| {
            let Event { flags, data, .. } = *event;
            let ended = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
            let token = data.u64();
            (token < TIMER).then_some(Ready { token, ended })
        })
    }

    /// The bell was rung.
    pub(crate) fn is_rung(&self) -> bool {
        self.0.iter().any(|event| {
            let data = event.data;
            data.u64() == BELL
        })
    }
}

/// Sockets that are waited for, and a moment.
#[derive(Debug)]
pub(crate) struct Poll {
    epoll: OwnedFd,
    timer: OwnedFd,
    /// What the timer is set to, even if that has passed.
    set: Option<Instant>,
}

/// Wakes a poll from another thread.
#[derive(Debug)]
pub(crate) struct Bell(OwnedFd);

impl Bell {
    pub(crate) fn ring(&self) {
        // It fails only when it has been rung 2^64 times without being heard, and then it rings all the same.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }
}

impl Poll {
    pub(crate) fn new() -> io::Result<(Self, Bell)> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &bell, EventData::new_u64(BELL), EventFlags::IN | EventFlags::ET)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        Ok((Self { epoll, timer, set: None }, Bell(bell)))
    }

    pub(crate) fn add(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token), flags)?)
    }

    /// Waits until something is ready or the moment has come; not at all if it came before `now`.
    pub(crate) fn wait(
        &mut self,
        events: &mut Events,
        now: Instant,
        until: Option<Instant>,
    ) -> io::Result<()> {
        events.0.clear();
        let has_come = until.is_some_and(|until| until <= now);
        if !has_come && until != self.set {
            self.set_timer(until)?;
        }
        let buffer = rustix::buffer::spare_capacity(&mut events.0);
        match epoll::wait(&self.epoll, buffer, has_come.then_some(&NO_WAIT)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn set_timer(&mut self, until: Option<Instant>) -> io::Result<()> {
        // What is to be done has taken its time since the clock was looked at.
        let time =
            until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()).max(LEAST));
        let it_value = Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(time.subsec_nanos()),
        };
        timerfd_settime(
            &self.timer,
            TimerfdTimerFlags::empty(),
            &Itimerspec { it_interval: NO_WAIT, it_value },
        )?;
        self.set = until;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a wait for the time took.
    fn waited(poll: &mut Poll, time: Duration) -> Duration {
        let start = Instant::now();
        let (mut events, until) = (Events::new(), start + time);
        while Instant::now() < until {
            poll.wait(&mut events, Instant::now(), Some(until)).unwrap();
        }
        start.elapsed()
    }

    #[test]
    fn a_wait_is_not_rounded_up_to_whole_milliseconds() {
        let (mut poll, _bell) = Poll::new().unwrap();
        // A busy machine makes many of them late, and none of them early.
        let shortest = (0..100).map(|_| waited(&mut poll, Duration::from_micros(200))).min().unwrap();
        assert!(shortest < Duration::from_micros(900), "{shortest:?}");
    }

    #[test]
    fn a_moment_that_has_passed_is_not_waited_for() {
        let (mut poll, _bell) = Poll::new().unwrap();
        let now = Instant::now();
        poll.wait(&mut Events::new(), now, Some(now)).unwrap();
    }

    #[test]
    fn a_bell_ends_a_wait_without_end() {
        let (mut poll, bell) = Poll::new().unwrap();
        let mut events = Events::new();
        bell.ring();
        poll.wait(&mut events, Instant::now(), None).unwrap();
        assert!(events.is_rung());
    }
}
