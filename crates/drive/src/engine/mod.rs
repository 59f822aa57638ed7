//! The loop that plays a dose: one thread, one poll, all users. Nothing here waits but the poll.
//!
//! A user has one connection at a time and one request on it; over HTTP/2, users share connections. The common case, an answer that is there at once and
//! whole, costs one read, one look at the clock and one write; all else is off this path.

mod conduct;
mod exchange;
mod pairing;
mod streams;
mod user;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use drip_model::{Pair, Tally};
use rustix::time::{ClockId, clock_gettime};

use self::pairing::Pairing;
use self::streams::Trunks;
use self::user::User;
use crate::agenda::Agenda;
use crate::bounds::LINGER;
use crate::dose::Dose;
use crate::failure::Failure;
use crate::load::Model;
use crate::pace::Pace;
use crate::poll::{Bell, Events, Poll};
use crate::pulse::{Pulse, Share};
use crate::record::Record;
use crate::request::Page;

/// Bytes that are read at once, into memory that all connections share.
const READ_BYTES: usize = 64 * 1024;

/// What the loop is told from outside.
#[derive(Debug)]
pub(crate) struct Control {
    /// No new request starts; what is in flight gets [`LINGER`].
    stop: AtomicBool,
    /// Nobody waits for the result any more.
    abandon: AtomicBool,
    bell: Bell,
}

impl Control {
    pub(crate) fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.bell.ring();
    }

    pub(crate) fn abandon(&self) {
        self.abandon.store(true, Relaxed);
        self.bell.ring();
    }
}

/// What came of a dose.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) tally: Tally,
    /// The head of the first user's last answer, if the dose keeps heads.
    pub(crate) head: Option<Vec<u8>>,
    /// Every pair in order, if the dose is one of pairs.
    pub(crate) pairs: Vec<Pair>,
    /// What was made, if the dose notes it.
    pub(crate) made: Vec<String>,
}

pub(crate) struct Engine {
    dose: Dose,
    control: Arc<Control>,
    poll: Poll,
    users: Vec<User>,
    /// Connections that users share, over HTTP/2.
    trunks: Trunks,
    /// Users that wait for their turn.
    waiting: VecDeque<usize>,
    /// Users that pause: after an error, or since they are slow.
    agenda: Agenda,
    /// Users whose connection is to be read although the poll tells nothing new of it.
    again: Vec<usize>,
    pace: Pace,
    /// Requests start by a clock.
    keeps_time: bool,
    record: Record,
    /// Of a dose of pairs.
    pairing: Option<Pairing>,
    /// Of a dose that notes what was made.
    made: Vec<String>,
    share: Share,
    page: Page,
    bytes: Vec<u8>,
    start: Instant,
    now: Instant,
    /// Requests started.
    started: u64,
    /// Requests under way.
    in_flight: u64,
    errors_in_a_row: u64,
    /// No new request starts.
    over: bool,
    /// When what is in flight is given up, after the dose was stopped.
    hurry: Option<Instant>,
    /// No deadline of a request comes before it.
    sweep: Instant,
}

impl Engine {
    pub(crate) fn new(dose: Dose, pulse: &Pulse) -> Result<Self, Failure> {
        let cannot = |error: io::Error| Failure::our_side(format!("waiting for sockets: {error}"));
        let (poll, bell) = Poll::new().map_err(cannot)?;
        let now = Instant::now();
        Ok(Self {
            control: Arc::new(Control { stop: false.into(), abandon: false.into(), bell }),
            poll,
            users: (0..dose.users).map(|_| User::new(now, dose.keeps_heads)).collect(),
            trunks: Trunks::default(),
            waiting: (0..dose.users).collect(),
            agenda: Agenda::default(),
            again: Vec::new(),
            pace: Pace::new(&dose.model, dose.seed, dose.first, now)?,
            keeps_time: matches!(dose.model, Model::Open(_)),
            record: Record::new(dose.request_time_max),
            pairing: dose.control.is_some().then(|| Pairing::new(dose.seed, dose.first, now)),
            made: Vec::new(),
            share: Share::of(pulse.clone()),
            page: Page::default(),
            bytes: vec![0; READ_BYTES],
            start: now,
            now,
            started: 0,
            in_flight: 0,
            errors_in_a_row: 0,
            over: dose.count == 0,
            hurry: None,
            sweep: now + dose.request_time_max,
            dose,
        })
    }

    pub(crate) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    /// Plays the dose. When it returns, every connection is closed.
    pub(crate) fn run(mut self) -> Played {
        let mut events = Events::new();
        loop {
            self.start_due();
            self.carry_on();
            if self.over && self.in_flight == 0 {
                return self.finish();
            }
            self.share.tell(self.completed(), self.in_flight);
            let waited = self.poll.wait(&mut events, self.now, self.next());
            waited.expect("the poll is ours and open, and its events are in our memory");
            self.tick();
            self.trunks.begin_turn();
            if self.control.abandon.load(Relaxed) {
                return Played::default();
            }
            self.hear(&events);
            self.keep_time();
        }
    }

    fn finish(mut self) -> Played {
        self.share.tell(self.completed(), 0);
        self.users.iter_mut().for_each(User::hang_up);
        self.trunks.close();
        let head = self.users.first_mut().and_then(|user| user.reader.take_text());
        let tally = self.record.into_tally(self.start.elapsed(), cpu_time());
        let pairs = self.pairing.map(|pairing| pairing.pairs).unwrap_or_default();
        Played { tally, head, pairs, made: self.made }
    }

    fn completed(&self) -> u64 {
        self.record.completed() + self.pairing.as_ref().map_or(0, |pairing| pairing.controls)
    }

    /// Looks at the clock.
    fn tick(&mut self) {
        self.now = Instant::now();
    }

    /// Until when nothing is to be done unless a socket is ready.
    fn next(&self) -> Option<Instant> {
        if self.trunks.is_unfinished() {
            return Some(self.now);
        }
        let turn = if self.over || self.waiting.is_empty() { None } else { self.pace.due(self.now) };
        let end = (!self.over).then_some(self.start + self.dose.time_max);
        let sweep = (self.in_flight > 0).then_some(self.sweep);
        [turn, end, sweep, self.agenda.next(), self.hurry].into_iter().flatten().min()
    }

    /// Starts every request that is due and has a user.
    fn start_due(&mut self) {
        while !self.over
            && let Some(&user) = self.waiting.front()
            && let Some(due) = self.pace.due(self.now)
            && due <= self.now
        {
            self.waiting.pop_front();
            self.begin(user);
        }
    }

    /// Takes what the poll has told.
    fn hear(&mut self, events: &Events) {
        if events.is_rung() {
            self.obey();
        }
        events.iter().for_each(|ready| self.stir(ready));
        while let Some(user) = self.again.pop() {
            self.converse(user);
        }
        self.carry_on();
    }

    /// Something was said from outside.
    fn obey(&mut self) {
        if self.control.stop.load(Relaxed) && self.hurry.is_none() {
            self.over = true;
            self.hurry = Some(self.now + LINGER);
        }
    }

    /// Does what the clock says.
    fn keep_time(&mut self) {
        if self.now >= self.start + self.dose.time_max {
            self.over = true;
        }
        while let Some(user) = self.agenda.take(self.now) {
            self.wake(user);
        }
        if self.hurry.is_some_and(|hurry| self.now >= hurry) {
            self.give_up();
        } else if self.now >= self.sweep {
            self.sweep();
        }
    }

    /// Leaves every exchange where it is.
    fn give_up(&mut self) {
        for user in 0..self.users.len() {
            if self.users[user].is_asking() {
                self.failed(user, Failure::cut_short());
            }
        }
    }

    /// Ends the requests whose time is over, and finds when the next one's is.
    ///
    /// All requests get the same time, so that no later one can be over before those that are looked at here: one
    /// look at all users in a request's time is enough, instead of a timer for each request.
    fn sweep(&mut self) {
        let mut next = self.now + self.dose.request_time_max;
        for user in 0..self.users.len() {
            if self.users[user].is_asking() {
                if self.users[user].deadline <= self.now {
                    self.expire(user);
                } else {
                    next = next.min(self.users[user].deadline);
                }
            }
        }
        self.sweep = next;
    }

    /// A head without the end of its body is an answer that goes on; we only stop listening.
    fn expire(&mut self, user: usize) {
        if self.users[user].reader.head().is_some() {
            self.users[user].reader.cut();
            self.answered(user, false);
        } else {
            self.mistrust(user);
            self.failed(user, Failure::timeout(self.dose.request_time_max));
        }
    }

    /// Starts the next request, which is due.
    fn begin(&mut self, user: usize) {
        if self.pairing.is_some() {
            // Requests that catch up after a pause would each tell of it once more.
            self.pace.pause(self.now, Duration::ZERO);
        }
        let due = self.pace.due(self.now).unwrap_or(self.now);
        if self.keeps_time {
            self.tick();
            self.record.late(self.now.saturating_duration_since(due));
        }
        // A number is taken only when nothing can keep its request from being sent: numbers have no gaps.
        self.pace.take();
        let (n, is_control) = match &self.pairing {
            None => (self.dose.first.wrapping_add(self.started), false),
            Some(pairing) => pairing.turn(self.started),
        };
        self.started += 1;
        self.over |= self.started >= self.dose.count;
        self.in_flight += 1;
        let asking = &mut self.users[user];
        (asking.n, asking.is_control, asking.is_resent) = (n, is_control, false);
        (asking.due, asking.deadline) = (due, self.now + self.dose.request_time_max);
        self.ask(user);
    }
}

/// What this thread, which plays one dose and nothing else, has used.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
