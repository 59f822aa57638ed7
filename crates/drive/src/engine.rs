//! The loop that plays a dose: one thread, one poll, all users. Nothing here waits but the poll.
//!
//! A user has one connection at a time and one request on it. The common case, an answer that is there at once and
//! whole, costs one read, one look at the clock and one write; all else is off this path.

use std::collections::VecDeque;
use std::io::{self, ErrorKind as Io};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use drip_model::Tally;

use crate::agenda::Agenda;
use crate::answer::{Progress, Reader};
use crate::bounds::{ERROR_PAUSE, ERRORS_IN_A_ROW_MAX, LINGER};
use crate::dose::Dose;
use crate::failure::Failure;
use crate::line::Line;
use crate::pace::Pace;
use crate::poll::{Bell, Events, Poll, Ready};
use crate::pulse::{Pulse, Share};
use crate::record::Record;
use crate::request::Page;

/// Bytes that are read at once, into memory that all connections share.
const READ_BYTES: usize = 64 * 1024;

/// Longest wait of the poll, when nothing is to be waited for.
const WAIT_MAX: Duration = Duration::from_secs(3600);

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
}

/// What a user is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No request is under way; the connection may be kept.
    Resting,
    Connecting,
    Asking,
}

#[derive(Debug)]
struct User {
    phase: Phase,
    line: Option<Line>,
    /// Counts its connections, so that news of an earlier one are known as such.
    lines: u32,
    /// The request under way, when it was due, and when it is given up.
    n: u64,
    due: Instant,
    deadline: Instant,
    /// Bytes of it that are sent.
    sent: usize,
    is_sent: bool,
    reader: Reader,
}

impl User {
    fn new(now: Instant, keeps_heads: bool) -> Self {
        Self {
            phase: Phase::Resting,
            line: None,
            lines: 0,
            n: 0,
            due: now,
            deadline: now,
            sent: 0,
            is_sent: false,
            reader: if keeps_heads { Reader::keeping_text() } else { Reader::default() },
        }
    }

    fn is_asking(&self) -> bool {
        self.phase != Phase::Resting
    }

    fn hang_up(&mut self) {
        if let Some(line) = self.line.take() {
            line.close();
        }
    }
}

/// What the poll knows a connection by: its user, and which of the user's connections it is.
fn token(user: usize, lines: u32) -> u64 {
    user as u64 | u64::from(lines) << u32::BITS
}

/// The way back. There are fewer users than 32 bits can count.
const fn untoken(token: u64) -> (usize, u32) {
    (token as u32 as usize, (token >> u32::BITS) as u32)
}

pub(crate) struct Engine {
    dose: Dose,
    control: Arc<Control>,
    poll: Poll,
    users: Vec<User>,
    /// Users that wait for their turn.
    waiting: VecDeque<usize>,
    /// Users that pause after an error.
    agenda: Agenda,
    /// Users whose connection is to be read although the poll tells nothing new of it.
    again: Vec<usize>,
    pace: Pace,
    record: Record,
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
            waiting: (0..dose.users).collect(),
            agenda: Agenda::default(),
            again: Vec::new(),
            pace: Pace::new(&dose.model, dose.seed, dose.first, now)?,
            record: Record::new(dose.request_time_max),
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
            if self.over && self.in_flight == 0 {
                return self.finish();
            }
            self.share.tell(self.record.completed(), self.in_flight);
            let waited = self.poll.wait(&mut events, self.patience());
            waited.expect("the poll is ours and open, and its events are in our memory");
            self.now = Instant::now();
            if self.control.abandon.load(Relaxed) {
                return Played::default();
            }
            self.hear(&events);
            self.keep_time();
        }
    }

    fn finish(mut self) -> Played {
        self.share.tell(self.record.completed(), 0);
        self.users.iter_mut().for_each(User::hang_up);
        let head = self.users.first_mut().and_then(|user| user.reader.take_text());
        Played { tally: self.record.into_tally(self.start.elapsed()), head }
    }

    /// Until when nothing is to be done unless a socket is ready.
    fn patience(&self) -> Duration {
        let turn = if self.over || self.waiting.is_empty() { None } else { self.pace.due(self.now) };
        let end = (!self.over).then_some(self.start + self.dose.time_max);
        let sweep = (self.in_flight > 0).then_some(self.sweep);
        let pauses = if self.over { None } else { self.agenda.next() };
        let next = [turn, end, sweep, pauses, self.hurry].into_iter().flatten().min();
        next.map_or(WAIT_MAX, |next| next.saturating_duration_since(self.now).min(WAIT_MAX))
    }

    /// Starts every request that is due and has a user.
    fn start_due(&mut self) {
        while !self.over
            && let Some(&user) = self.waiting.front()
            && let Some(due) = self.pace.due(self.now)
            && due <= self.now
        {
            self.waiting.pop_front();
            self.begin(user, due);
        }
    }

    /// Takes what the poll has told.
    fn hear(&mut self, events: &Events) {
        for ready in events.iter() {
            match ready {
                Some(ready) => self.stir(ready),
                None => self.obey(),
            }
        }
        while let Some(user) = self.again.pop() {
            self.converse(user);
        }
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
            self.waiting.push_back(user);
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
            self.failed(user, Failure::timeout(self.dose.request_time_max));
        }
    }

    /// Starts the next request, which was due at `due`.
    fn begin(&mut self, user: usize, due: Instant) {
        // A number is taken only when nothing can keep its request from being sent: numbers have no gaps.
        self.pace.take();
        let n = self.dose.first.wrapping_add(self.started);
        self.started += 1;
        self.over |= self.started >= self.dose.count;
        self.in_flight += 1;
        let asking = &mut self.users[user];
        (asking.n, asking.due, asking.deadline) = (n, due, self.now + self.dose.request_time_max);
        self.ask(user);
    }

    /// Sends the request on the kept connection, or on a new one.
    fn ask(&mut self, user: usize) {
        let asking = &mut self.users[user];
        (asking.sent, asking.is_sent) = (0, false);
        asking.reader.begin(self.dose.blueprint.is_head);
        if asking.line.is_some() {
            asking.phase = Phase::Asking;
            self.send(user);
        } else if let Err(failure) = self.connect(user) {
            self.failed(user, failure);
        }
    }

    fn connect(&mut self, user: usize) -> Result<(), Failure> {
        let endpoint = &self.dose.endpoint;
        let line = Line::connect(endpoint, self.dose.tls.as_ref())?;
        let asking = &mut self.users[user];
        asking.lines = asking.lines.wrapping_add(1);
        let added = self.poll.add(&line, token(user, asking.lines));
        added.map_err(|error| Failure::of_connect(&error, endpoint))?;
        asking.line = Some(line);
        asking.phase = Phase::Connecting;
        Ok(())
    }

    /// The poll has told of a user's socket.
    fn stir(&mut self, ready: Ready) {
        let (user, lines) = untoken(ready.token);
        let stirred = &mut self.users[user];
        let Some(line) = stirred.line.as_mut().filter(|_| stirred.lines == lines) else { return };
        line.stir(ready.ended);
        match stirred.phase {
            Phase::Resting => self.overhear(user),
            Phase::Connecting => self.connected(user),
            Phase::Asking => {
                // What cannot be sent is known by what is read.
                let _ = line.flush();
                self.converse(user);
                if !self.users[user].is_sent {
                    self.send(user);
                }
            }
        }
    }

    /// A kept connection that ends is dropped, and so is one that speaks without being asked. TLS may have something
    /// to say that is no data.
    fn overhear(&mut self, user: usize) {
        let Some(line) = &mut self.users[user].line else { return };
        match line.read(&mut self.bytes) {
            Err(error) if error.kind() == Io::WouldBlock => return,
            Ok(1..) => self.record.unsolicited(),
            Ok(0) | Err(_) => {}
        }
        self.users[user].line = None;
    }

    fn connected(&mut self, user: usize) {
        let fault = self.users[user].line.as_ref().map_or(Ok(()), Line::fault);
        if let Err(error) = fault {
            return self.failed(user, Failure::of_connect(&error, &self.dose.endpoint));
        }
        self.users[user].phase = Phase::Asking;
        self.send(user);
    }

    /// Sends what is left of the request, as far as it is taken. It is written anew rather than kept: the n-th request
    /// is a function of n.
    fn send(&mut self, user: usize) {
        let asking = &mut self.users[user];
        let Some(line) = &mut asking.line else { return };
        let request = self.dose.blueprint.request(asking.n, &mut self.page);
        while let Some(rest) = request.get(asking.sent..).filter(|rest| !rest.is_empty()) {
            match line.write(rest) {
                Ok(taken) => asking.sent += taken,
                Err(error) if error.kind() == Io::WouldBlock => return,
                // An answer may have come before the connection broke: reading to its end tells.
                Err(_) => {
                    line.stir(true);
                    return self.again.push(user);
                }
            }
        }
        asking.is_sent = true;
    }

    /// Reads as much of the answer as is there.
    fn converse(&mut self, user: usize) {
        loop {
            let asking = &mut self.users[user];
            let Some(line) = asking.line.as_mut().filter(|_| asking.phase == Phase::Asking) else { return };
            match line.read(&mut self.bytes) {
                Ok(0) => return self.ended(user, None),
                Ok(length) => match asking.reader.feed(&self.bytes[..length]) {
                    Ok(Progress::More) => {}
                    Ok(Progress::Whole(used)) => return self.answered(user, used < length),
                    Err(malformed) => return self.failed(user, malformed.into()),
                },
                Err(error) if error.kind() == Io::WouldBlock => return,
                Err(error) => return self.ended(user, Some(error)),
            }
        }
    }

    /// The connection has ended, or is broken, before the answer was known to be whole.
    ///
    /// A service may close a kept connection just when we send on it. That is a race and no fault of its own, so
    /// the request is sent once more on a new connection if no byte of an answer came.
    fn ended(&mut self, user: usize, error: Option<io::Error>) {
        let asking = &mut self.users[user];
        if error.is_none() {
            match asking.reader.end() {
                Ok(true) => return self.answered(user, false),
                Ok(false) => {}
                Err(malformed) => return self.failed(user, malformed.into()),
            }
        }
        let received = asking.reader.received();
        let line = asking.line.take();
        if received == 0 && line.as_ref().is_some_and(|line| line.is_proven) {
            self.record.resent();
            return self.ask(user);
        }
        let endpoint = &self.dose.endpoint;
        let failure = match error {
            _ if line.is_some_and(|line| line.is_shaking_hands()) => {
                Failure::of_handshake(&error.unwrap_or_else(|| Io::UnexpectedEof.into()), endpoint)
            }
            Some(error) => Failure::of_stream(&error, received),
            None => Failure::closed(received),
        };
        self.failed(user, failure);
    }

    /// The answer is whole. The user's next request starts at once if it is due.
    fn answered(&mut self, user: usize, is_followed: bool) {
        self.now = Instant::now();
        let asked = &mut self.users[user];
        self.record.answer(asked.n, &asked.reader, self.now.saturating_duration_since(asked.due));
        if is_followed {
            self.record.unsolicited();
        }
        let keeps = asked.is_sent && !is_followed && asked.reader.keeps();
        match &mut asked.line {
            Some(line) if keeps && !line.has_ended() => line.is_proven = true,
            _ => asked.hang_up(),
        }
        if let Some(time) = asked.reader.head().and_then(|head| head.retry_after) {
            self.pace.pause(self.now, time);
        }
        self.errors_in_a_row = 0;
        self.rest(user);
    }

    fn rest(&mut self, user: usize) {
        self.users[user].phase = Phase::Resting;
        self.in_flight -= 1;
        // Whoever waits already comes first.
        let due =
            self.pace.due(self.now).filter(|due| *due <= self.now && self.waiting.is_empty() && !self.over);
        match due {
            Some(due) => self.begin(user, due),
            None => self.waiting.push_back(user),
        }
    }

    /// The request got no whole answer. Its user pauses, so that a dead service is not asked in a hot loop.
    fn failed(&mut self, user: usize, failure: Failure) {
        self.record.error(failure);
        self.errors_in_a_row += 1;
        self.over |= self.errors_in_a_row >= ERRORS_IN_A_ROW_MAX;
        let failed = &mut self.users[user];
        (failed.phase, failed.line) = (Phase::Resting, None);
        self.in_flight -= 1;
        self.agenda.add(self.now + ERROR_PAUSE, user);
    }
}
