//! The loop that plays a dose, or one thread's part of it: one poll, all its users. Nothing here waits but the poll.
//!
//! A user has one connection at a time and one request on it; over HTTP/2, users share connections. The common case, an
//! answer that is there at once and whole, costs one read, one look at the clock and one write; all else is off this
//! path.

mod conduct;
mod control;
mod crew;
mod exchange;
mod pairing;
mod streams;
mod user;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use drip_model::Pair;
use rustix::time::{ClockId, clock_gettime};

pub(crate) use self::control::Control;
pub(crate) use self::crew::{Crew, Played};
use self::pairing::Pairing;
use self::streams::Trunks;
use self::user::User;
use crate::agenda::Agenda;
use crate::bounds::LINGER;
use crate::dose::{Dose, Part};
use crate::failure::Failure;
use crate::load::Model;
use crate::pace::Pace;
use crate::poll::{Events, Poll};
use crate::pulse::{Pulse, Share};
use crate::record::Record;
use crate::request::Page;

/// Bytes that are read at once, into memory that all connections share.
const READ_BYTES: usize = 64 * 1024;

/// What was counted of a dose.
pub(crate) struct Counted {
    record: Record,
    busy: Duration,
    /// Processor time of each thread.
    cpu: Vec<Duration>,
    head: Option<Vec<u8>>,
    pairs: Vec<Pair>,
    made: Vec<String>,
}

pub(crate) struct Engine {
    dose: Arc<Dose>,
    part: Part,
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
    fn new(
        dose: &Arc<Dose>,
        part: Part,
        control: &Arc<Control>,
        poll: Poll,
        pulse: &Pulse,
        start: Instant,
    ) -> Result<Self, Failure> {
        let users = part.share(dose.users);
        Ok(Self {
            part,
            control: Arc::clone(control),
            poll,
            users: (0..users).map(|_| User::new(start, dose.keeps_heads)).collect(),
            trunks: Trunks::default(),
            waiting: (0..users).collect(),
            agenda: Agenda::default(),
            again: Vec::new(),
            pace: Pace::new(&dose.model, dose.seed, dose.first, part, start)?,
            keeps_time: matches!(dose.model, Model::Open(_)),
            record: Record::new(dose.request_time_max),
            pairing: dose.control.is_some().then(|| Pairing::new(dose.seed, dose.first, start)),
            made: Vec::new(),
            share: Share::of(pulse.clone()),
            page: Page::default(),
            bytes: vec![0; READ_BYTES],
            start,
            now: start,
            in_flight: 0,
            errors_in_a_row: 0,
            over: dose.count == 0,
            hurry: None,
            sweep: start + dose.request_time_max,
            dose: Arc::clone(dose),
        })
    }

    /// Plays its part of the dose, to its end or until nobody waits for it. When it returns, every connection is closed.
    fn run(mut self) -> Counted {
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
            if self.control.is_abandoned() {
                return self.finish();
            }
            self.hear(&events);
            self.keep_time();
        }
    }

    fn finish(mut self) -> Counted {
        self.share.tell(self.completed(), 0);
        self.users.iter_mut().for_each(User::hang_up);
        self.trunks.close();
        Counted {
            head: self.users.first_mut().and_then(|user| user.reader.take_text()),
            busy: self.start.elapsed(),
            cpu: vec![cpu_time()],
            pairs: self.pairing.map(|pairing| pairing.pairs).unwrap_or_default(),
            record: self.record,
            made: self.made,
        }
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

    /// Something was said from outside, or by another thread of the dose.
    fn obey(&mut self) {
        self.over |= self.control.is_over();
        if self.control.is_hurried() && self.hurry.is_none() {
            self.hurry = Some(self.now + LINGER);
        }
        if let Some(resume) = self.control.resume() {
            self.pace.pause_until(resume);
        }
    }

    /// No new request starts, on any thread.
    pub(super) fn end(&mut self) {
        self.over = true;
        self.control.end();
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
        // A number is taken only when nothing can keep its request from being sent: numbers have no gaps.
        let place = self.control.number();
        if place + 1 >= self.dose.count {
            self.end();
        }
        if place >= self.dose.count {
            return self.waiting.push_back(user);
        }
        let due = self.claim();
        let (n, is_control) = match &self.pairing {
            None => (self.dose.first.wrapping_add(place), false),
            Some(pairing) => pairing.turn(place),
        };
        self.in_flight += 1;
        let asking = &mut self.users[user];
        (asking.n, asking.is_control, asking.is_resent) = (n, is_control, false);
        (asking.due, asking.deadline) = (due, self.now + self.dose.request_time_max);
        self.ask(user);
    }

    /// When the request that starts now was due.
    fn claim(&mut self) -> Instant {
        if self.pairing.is_some() {
            // Requests that catch up after a pause would each tell of it once more.
            self.pace.pause(self.now, Duration::ZERO);
        }
        let due = self.pace.due(self.now).unwrap_or(self.now);
        if self.keeps_time {
            self.tick();
            self.record.late(self.now.saturating_duration_since(due));
        }
        self.pace.take();
        due
    }
}

impl Counted {
    /// Adds what another thread has counted.
    fn add(&mut self, other: Self) {
        self.record.add(other.record);
        self.busy = self.busy.max(other.busy);
        self.cpu.extend(other.cpu);
        self.pairs.extend(other.pairs);
        self.made.extend(other.made);
    }

    fn into_played(self) -> Played {
        let Self { record, busy, cpu, head, pairs, made } = self;
        Played { tally: record.into_tally(busy, &cpu), head, pairs, made }
    }
}

/// What this thread, which plays one dose and nothing else, has used.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
