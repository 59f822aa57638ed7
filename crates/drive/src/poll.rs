//! Waiting for sockets: one epoll, edge-triggered, so that a socket is added once and never touched again.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;

/// Events that are taken in one turn.
const EVENTS_MAX: usize = 512;

/// The number by which the bell is known; no socket has it.
const BELL: u64 = u64::MAX;

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

    /// Each socket that is ready; `None` for the bell.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<Ready>> {
        self.0.iter().map(|event| {
            let Event { flags, data, .. } = *event;
            let ended = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
            let token = data.u64();
            (token != BELL).then_some(Ready { token, ended })
        })
    }
}

/// Sockets that are waited for.
#[derive(Debug)]
pub(crate) struct Poll {
    epoll: OwnedFd,
    /// The kernel waits for fractions of a millisecond (Linux 5.11).
    is_precise: bool,
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
        epoll::add(&epoll, &bell, EventData::new_u64(BELL), EventFlags::IN | EventFlags::ET)?;
        Ok((Self { epoll, is_precise: true }, Bell(bell)))
    }

    pub(crate) fn add(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token), flags)?)
    }

    /// Waits until something is ready, or for the time.
    pub(crate) fn wait(&mut self, events: &mut Events, time: Duration) -> io::Result<()> {
        events.0.clear();
        let timeout = self.timeout(time);
        let buffer = rustix::buffer::spare_capacity(&mut events.0);
        match epoll::wait(&self.epoll, buffer, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(Errno::NOSYS) if self.is_precise => {
                self.is_precise = false;
                self.wait(events, time)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn timeout(&self, time: Duration) -> Timespec {
        let rounded = if self.is_precise {
            time
        } else {
            Duration::from_millis(u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
        };
        Timespec {
            tv_sec: i64::try_from(rounded.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(rounded.subsec_nanos()),
        }
    }
}
