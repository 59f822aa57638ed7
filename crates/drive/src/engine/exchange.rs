//! One request and its answer on one connection: connecting, sending, reading, and every way in which it can end.

use std::io::{self, ErrorKind as Io};

use drip_model::Conduct;

use super::Engine;
use super::conduct::Reach as _;
use super::user::{Phase, token, untoken};
use crate::answer::Progress;
use crate::bounds::{ERROR_PAUSE, ERRORS_IN_A_ROW_MAX, MADE_MAX};
use crate::failure::Failure;
use crate::line::Line;
use crate::made::made;
use crate::poll::Ready;

impl Engine {
    /// Sends the request on the kept connection, or on a new one.
    pub(super) fn ask(&mut self, user: usize) {
        let speaks_http2 = self.speaks_http2();
        let asking = &mut self.users[user];
        (asking.sent, asking.is_sent, asking.received, asking.not_before) = (0, false, 0, None);
        asking.reader.begin(self.dose.blueprint(asking.is_control).is_head);
        if speaks_http2 {
            return self.place(user);
        }
        if asking.line.is_some() {
            asking.phase = Phase::Asking;
            return self.send(user);
        }
        match self.connect(user) {
            Err(failure) => self.failed(user, failure),
            // On loopback a connection stands at once, and needs not to be waited for.
            Ok(()) if self.dose.sends_at_once => self.send(user),
            Ok(()) => {}
        }
    }

    fn connect(&mut self, user: usize) -> Result<(), Failure> {
        let endpoint = &self.dose.endpoint;
        let line = Line::connect(endpoint, self.dose.tls.as_ref(), self.dose.receive_bytes)?;
        let asking = &mut self.users[user];
        asking.lines = asking.lines.wrapping_add(1);
        let added = self.poll.add(&line, token(user, asking.lines));
        added.map_err(|error| Failure::of_connect(&error, endpoint))?;
        asking.line = Some(line);
        asking.phase = Phase::Connecting;
        Ok(())
    }

    /// The poll has told of a user's socket.
    pub(super) fn stir(&mut self, ready: Ready) {
        if self.speaks_http2() {
            return self.stir_trunk(ready);
        }
        let (user, lines) = untoken(ready.token);
        let stirred = &mut self.users[user];
        let Some(line) = stirred.line.as_mut().filter(|_| stirred.lines == lines) else { return };
        line.stir(ready.ended);
        match stirred.phase {
            Phase::Resting | Phase::Pausing => self.overhear(user),
            Phase::Connecting => self.connected(user),
            // A slow client looks when it is time to.
            Phase::Asking if stirred.not_before.is_some() => {}
            Phase::Asking => self.go_on(user),
        }
    }

    /// Goes on with an exchange as far as the socket allows.
    pub(super) fn go_on(&mut self, user: usize) {
        if let Some(line) = &mut self.users[user].line {
            // That it cannot be sent is known by what is read.
            let _ = line.flush();
        }
        self.converse(user);
        let asking = &self.users[user];
        if asking.phase == Phase::Asking && !asking.is_sent && asking.not_before.is_none() {
            self.send(user);
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
        self.go_on(user);
    }

    /// Sends what is left of the request, as far as it is taken. It is written anew rather than kept: the n-th request
    /// is a function of n.
    fn send(&mut self, user: usize) {
        let asking = &mut self.users[user];
        let Some(line) = &mut asking.line else { return };
        let request = self.dose.blueprint(asking.is_control).request(asking.n, &mut self.page);
        let end = self.dose.conduct.sends_until(asking.sent, request.len());
        while asking.sent < end {
            match line.write(&request[asking.sent..end]) {
                Ok(taken) => asking.sent += taken,
                Err(error) if error.kind() == Io::WouldBlock => return,
                Err(error) if asking.phase == Phase::Connecting => {
                    return self.failed(user, Failure::of_connect(&error, &self.dose.endpoint));
                }
                // An answer may have come before the connection broke: reading to its end tells.
                Err(_) => {
                    line.stir(true);
                    return self.again.push(user);
                }
            }
        }
        asking.is_sent = end == request.len();
        if self.dose.conduct != Conduct::Polite {
            self.sent_so_far(user);
        }
    }

    /// Reads as much of the answer as is there.
    pub(super) fn converse(&mut self, user: usize) {
        loop {
            let asking = &mut self.users[user];
            let Some(line) = asking.line.as_mut().filter(|_| asking.phase == Phase::Asking) else { return };
            let room = self.dose.conduct.reads(asking.received, self.bytes.len());
            match line.read(&mut self.bytes[..room]) {
                Ok(0) => return self.ended(user, None),
                Ok(length) => {
                    asking.received += length;
                    match asking.reader.feed(&self.bytes[..length]) {
                        Ok(Progress::More) => {}
                        Ok(Progress::Whole(used)) => return self.answered(user, used < length),
                        Err(malformed) => return self.failed(user, malformed.into()),
                    }
                    if self.dose.conduct != Conduct::Polite && self.read_so_far(user) {
                        return;
                    }
                }
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
        let line = asking.line.take();
        if asking.received == 0 && line.as_ref().is_some_and(|line| line.is_proven) {
            self.record.resent();
            return self.ask(user);
        }
        let (received, endpoint) = (asking.received, &self.dose.endpoint);
        let failure = match error {
            _ if line.as_ref().is_some_and(Line::is_in_tunnel) => {
                Failure::of_connect(&error.unwrap_or_else(|| Io::ConnectionReset.into()), endpoint)
            }
            _ if line.is_some_and(|line| line.is_shaking_hands()) => {
                Failure::of_handshake(&error.unwrap_or_else(|| Io::UnexpectedEof.into()), endpoint)
            }
            Some(error) => Failure::of_stream(&error, received),
            None => Failure::closed(received),
        };
        self.failed(user, failure);
    }

    /// The answer is whole. The user's next request starts at once if it is due.
    pub(super) fn answered(&mut self, user: usize, is_followed: bool) {
        self.tick();
        let asked = &mut self.users[user];
        match &mut self.pairing {
            Some(pairing) if asked.is_control => pairing.controls += 1,
            _ => {
                let latency = self.now.saturating_duration_since(asked.due);
                self.record.answer(asked.n, &asked.reader, latency);
            }
        }
        if is_followed {
            self.record.unsolicited();
        }
        let keeps =
            asked.is_sent && !is_followed && asked.reader.keeps() && !self.dose.conduct.is_single_use();
        match &mut asked.line {
            Some(line) if keeps && !line.has_ended() => line.is_proven = true,
            _ => asked.hang_up(),
        }
        if let Some(time) = asked.reader.head().and_then(|head| head.retry_after) {
            let resume = self.pace.pause(self.now, time);
            self.control.pause(resume);
        }
        self.errors_in_a_row = 0;
        if self.dose.undo.is_some() {
            self.note_made(user);
        }
        self.compare(user, false);
        self.rest(user);
        // Whoever waits already comes first.
        if self.waiting.is_empty() && !self.over && self.pace.due(self.now).is_some_and(|due| due <= self.now)
        {
            self.begin(user);
        } else {
            self.waiting.push_back(user);
        }
    }

    /// Notes what the answer says that was made, as long as there is room.
    fn note_made(&mut self, user: usize) {
        let text = self.users[user].reader.text();
        self.made.extend(self.dose.undo.as_ref().zip(text).and_then(|(undo, text)| made(undo, text)));
        if self.made.len() >= MADE_MAX {
            self.end();
        }
    }

    /// The request got no whole answer. Its user pauses, so that a dead service is not asked in a hot loop.
    pub(super) fn failed(&mut self, user: usize, failure: Failure) {
        if !self.users[user].is_control {
            self.record.error(failure);
        }
        self.compare(user, true);
        self.errors_in_a_row += 1;
        if self.errors_in_a_row >= ERRORS_IN_A_ROW_MAX / self.part.of as u64 {
            self.end();
        }
        self.users[user].line = None;
        self.rest(user);
        self.users[user].phase = Phase::Pausing;
        self.agenda.add(self.now + ERROR_PAUSE, user);
    }

    /// The request is no longer under way.
    pub(super) fn rest(&mut self, user: usize) {
        self.put_down(user);
        self.users[user].phase = Phase::Resting;
        self.in_flight -= 1;
    }
}
