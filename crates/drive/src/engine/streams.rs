//! Requests over HTTP/2: which connection carries whose, and what is heard of them. A user has one request at a time,
//! as over HTTP/1.1; only that several users share a connection.

use drip_model::{Conduct, HangUp, Trickle};
use h2::{Error, Reason};

use super::Engine;
use super::user::{Phase, token, untoken};
use crate::bounds::STREAMS_MAX;
use crate::failure::Failure;
use crate::http2::{Heard, Letter, News, Trunk};
use crate::line::Line;
use crate::poll::Ready;

/// The connections of a dose over HTTP/2.
#[derive(Debug, Default)]
pub(super) struct Trunks {
    all: Vec<Trunk>,
    /// Those to be looked at in this turn.
    stirred: Vec<usize>,
    /// Those that had more to say than one turn listens to.
    unfinished: Vec<usize>,
    /// Memory for the users of one of them.
    users: Vec<usize>,
    /// Counts the turns of the loop.
    turn: u64,
}

impl Trunks {
    fn stir(&mut self, trunk: usize) {
        if !std::mem::replace(&mut self.all[trunk].is_stirred, true) {
            self.stirred.push(trunk);
        }
    }

    pub(super) const fn is_unfinished(&self) -> bool {
        !self.unfinished.is_empty()
    }

    pub(super) fn begin_turn(&mut self) {
        self.turn += 1;
        while let Some(trunk) = self.unfinished.pop() {
            self.stir(trunk);
        }
    }

    /// Closes all of them.
    pub(super) fn close(&mut self) {
        self.all.iter_mut().for_each(Trunk::close);
    }

    /// One that can take a request more; the one that the user had is as good as any, and is known.
    fn with_room(&self, home: usize) -> Option<usize> {
        let has_room = |trunk: &Trunk| trunk.room(STREAMS_MAX) > 0;
        if self.all.get(home).is_some_and(has_room) {
            return Some(home);
        }
        // The last that was opened is the likeliest.
        self.all.iter().rposition(has_room)
    }

    /// A place for a new one.
    fn vacant(&mut self) -> usize {
        self.all.iter().position(Trunk::is_vacant).unwrap_or_else(|| {
            self.all.push(Trunk::new());
            self.all.len() - 1
        })
    }

    /// The place that is one user's own.
    fn own(&mut self, user: usize) -> usize {
        while self.all.len() <= user {
            self.all.push(Trunk::new());
        }
        user
    }
}

/// Whether a user of this conduct has a connection of its own.
const fn is_alone(conduct: Conduct) -> bool {
    matches!(conduct, Conduct::FreshConnection | Conduct::SlowRead(_) | Conduct::SlowWrite(_))
}

impl Engine {
    pub(super) fn speaks_http2(&self) -> bool {
        self.dose.letters.is_some()
    }

    /// The poll has told of a connection's socket.
    pub(super) fn stir_trunk(&mut self, ready: Ready) {
        let (trunk, lines) = untoken(ready.token);
        if let Some(stirred) = self.trunks.all.get_mut(trunk).filter(|trunk| trunk.lines == lines) {
            stirred.stir(ready.ended);
            self.trunks.stir(trunk);
        }
    }

    /// Sends the user's request as soon as a connection can take it.
    pub(super) fn place(&mut self, user: usize) {
        loop {
            let trunk = match self.trunk_for(user) {
                Ok(trunk) => trunk,
                Err(failure) => return self.failed(user, failure),
            };
            let placed = &mut self.users[user];
            (placed.trunk, placed.home, placed.phase) = (Some(trunk), trunk, Phase::Connecting);
            if !self.trunks.all[trunk].can_send() {
                return self.trunks.all[trunk].waiting.push(user);
            }
            // A connection that takes no more has no room from now on.
            if self.post(user, trunk) {
                return;
            }
        }
    }

    fn trunk_for(&mut self, user: usize) -> Result<usize, Failure> {
        if is_alone(self.dose.conduct) {
            let own = self.trunks.own(user);
            return if self.trunks.all[own].room(1) > 0 { Ok(own) } else { self.raise(own) };
        }
        match self.trunks.with_room(self.users[user].home) {
            Some(trunk) => Ok(trunk),
            None => {
                let vacant = self.trunks.vacant();
                self.raise(vacant)
            }
        }
    }

    /// Begins to connect.
    fn raise(&mut self, trunk: usize) -> Result<usize, Failure> {
        let endpoint = &self.dose.endpoint;
        let line = Line::connect(endpoint, self.dose.tls.as_ref(), self.dose.receive_bytes)?;
        let rising = &mut self.trunks.all[trunk];
        rising.close();
        let added = self.poll.add(&line, token(trunk, rising.lines.wrapping_add(1)));
        added.map_err(|error| Failure::of_connect(&error, endpoint))?;
        rising.rise(line);
        Ok(trunk)
    }

    /// Sends a request on a connection that stands; whether that takes it.
    fn post(&mut self, user: usize, trunk: usize) -> bool {
        let (letter, is_all) = self.letter(user);
        let Some(stream) = self.trunks.all[trunk].send(letter, is_all) else { return false };
        let asking = &mut self.users[user];
        (asking.stream, asking.phase, asking.is_sent) = (Some(stream), Phase::Asking, true);
        self.trunks.all[trunk].asking.push(user);
        self.allow(trunk);
        self.trunks.stir(trunk);
        true
    }

    /// The user's request as far as its conduct sends it, and whether that is all of it.
    fn letter(&mut self, user: usize) -> (Letter, bool) {
        let Self { dose, page, users, .. } = self;
        let asking = &users[user];
        let mut letter = dose.letters(asking.is_control).letter(asking.n);
        let Conduct::HangUp(HangUp::Sent(bytes)) = dose.conduct else { return (letter, true) };
        // Counted as HTTP/1.1 would write it. What the first window does not take is not sent.
        let whole = dose.blueprint(asking.is_control).request(asking.n, page).len();
        let body = letter.1.take().unwrap_or_default();
        let sent = bytes.saturating_sub(whole - body.len()).min(body.len());
        letter.1 = (sent > 0).then(|| body.slice(..sent));
        (letter, bytes >= whole)
    }

    /// What a slow client may do until its next pause.
    fn allow(&self, trunk: usize) {
        match self.dose.conduct {
            Conduct::SlowRead(Trickle { bytes, .. }) => {
                self.trunks.all[trunk].allow(bytes.max(1), usize::MAX)
            }
            Conduct::SlowWrite(Trickle { bytes, .. }) => {
                self.trunks.all[trunk].allow(usize::MAX, bytes.max(1))
            }
            Conduct::Polite | Conduct::FreshConnection | Conduct::HangUp(_) | Conduct::HalfOpen => {}
        }
    }

    /// The pause of a slow client is over.
    pub(super) fn go_on_slowly(&mut self, user: usize) {
        if let Some(trunk) = self.users[user].trunk {
            self.allow(trunk);
            self.trunks.stir(trunk);
        }
    }

    /// Goes on with every connection that has something to do, until none has.
    pub(super) fn carry_on(&mut self) {
        while let Some(trunk) = self.trunks.stirred.pop() {
            self.trunks.all[trunk].is_stirred = false;
            match self.trunks.all[trunk].go_on(self.trunks.turn, &self.dose.endpoint) {
                News::On { heard, more } => self.gone_on(trunk, heard, more),
                News::Over(failure) => self.bereave(trunk, &failure),
            }
        }
    }

    fn gone_on(&mut self, trunk: usize, heard: bool, more: bool) {
        if more {
            self.trunks.unfinished.push(trunk);
        }
        if matches!(self.dose.conduct, Conduct::HangUp(HangUp::Sent(_))) {
            // All of them are sent now, as far as they shall be.
            self.each_asking(trunk, |engine, user| engine.leave(user));
        }
        if heard {
            self.each_asking(trunk, |engine, user| engine.listen(user, trunk));
        }
        match self.dose.conduct {
            Conduct::SlowRead(Trickle { every, .. }) | Conduct::SlowWrite(Trickle { every, .. }) => {
                self.pause(trunk, every);
            }
            _ => {}
        }
        self.serve_waiting(trunk);
    }

    fn each_asking(&mut self, trunk: usize, mut tell: impl FnMut(&mut Self, usize)) {
        let mut users = std::mem::take(&mut self.trunks.users);
        users.clone_from(&self.trunks.all[trunk].asking);
        users.iter().for_each(|user| tell(self, *user));
        self.trunks.users = users;
    }

    /// Reads what has come of an answer.
    fn listen(&mut self, user: usize, trunk: usize) {
        let asking = &mut self.users[user];
        let Some(stream) = &mut asking.stream else { return };
        let enough = match self.dose.conduct {
            Conduct::HangUp(HangUp::Received(bytes)) => bytes,
            _ => usize::MAX,
        };
        let before = stream.received;
        let heard = stream.listen(&mut asking.reader, enough);
        asking.received = stream.received;
        match heard {
            Heard::Whole => {
                self.trunks.all[trunk].is_proven = true;
                self.answered(user, false);
            }
            Heard::Broken(error) => self.broken(user, trunk, &error),
            Heard::Part if asking.received > before && asking.received >= enough => self.leave(user),
            // The window that was given back has to be told.
            Heard::Part if asking.received > before => self.trunks.stir(trunk),
            Heard::Part => {}
        }
    }

    /// The answer will never be whole.
    ///
    /// As with HTTP/1.1, a service may end a connection just when we ask on it: then the request is sent once more, if
    /// nothing of an answer came.
    fn broken(&mut self, user: usize, trunk: usize, error: &Error) {
        let asking = &mut self.users[user];
        let is_race = asking.received == 0 && self.trunks.all[trunk].is_proven && is_of_connection(error);
        if !is_race || std::mem::replace(&mut asking.is_resent, true) {
            let failure = Failure::of_http2(error, asking.received);
            return self.failed(user, failure);
        }
        self.record.resent();
        self.put_down(user);
        self.place(user);
    }

    /// A connection has ended. Whoever waited for it to stand has got an error; whoever waited for room has not.
    fn bereave(&mut self, trunk: usize, failure: &Failure) {
        let gone = &mut self.trunks.all[trunk];
        // Its place may have a new connection as soon as the last request of this one is over.
        let (waiting, was_proven) = (std::mem::take(&mut gone.waiting), gone.is_proven);
        self.each_asking(trunk, |engine, user| engine.listen(user, trunk));
        self.each_asking(trunk, |engine, user| engine.failed(user, failure.clone()));
        for user in waiting {
            if was_proven {
                self.place(user);
            } else {
                self.failed(user, failure.clone());
            }
        }
    }

    fn serve_waiting(&mut self, trunk: usize) {
        while let Some(&user) = self.trunks.all[trunk].waiting.first() {
            let can_send = self.trunks.all[trunk].can_send();
            if !can_send && !self.trunks.all[trunk].sends_away() {
                return;
            }
            self.trunks.all[trunk].waiting.remove(0);
            if !can_send || !self.post(user, trunk) {
                self.place(user);
            }
        }
    }

    /// A slow client that has used what it may does nothing for a while.
    fn pause(&mut self, trunk: usize, every: std::time::Duration) {
        let alone = self.trunks.all[trunk].asking.first().copied();
        if let Some(user) = alone.filter(|_| self.trunks.all[trunk].is_spent())
            && self.users[user].not_before.is_none()
        {
            self.go_on_after(user, every);
        }
    }

    /// The request is no longer on its connection. If it is not over, its stream is reset.
    pub(super) fn put_down(&mut self, user: usize) {
        let put_down = &mut self.users[user];
        let Some(trunk) = put_down.trunk.take() else { return };
        let was_sent = put_down.stream.take().is_some();
        let left = &mut self.trunks.all[trunk];
        left.asking.retain(|asking| *asking != user);
        left.waiting.retain(|waiting| *waiting != user);
        if self.dose.conduct == Conduct::FreshConnection || left.is_to_close() {
            left.close();
        } else if was_sent {
            if is_alone(self.dose.conduct) {
                left.allow(usize::MAX, usize::MAX);
            }
            self.trunks.stir(trunk);
        }
    }

    /// Nothing was heard in time: whatever is asked next is asked on another connection, as with HTTP/1.1.
    pub(super) fn mistrust(&mut self, user: usize) {
        if let Some(trunk) = self.users[user].trunk {
            self.trunks.all[trunk].retire();
        }
    }
}

/// The connection ended, and not one of its streams alone.
fn is_of_connection(error: &Error) -> bool {
    error.is_io()
        || error.is_remote() && error.is_go_away() && error.reason() != Some(Reason::HTTP_1_1_REQUIRED)
}
