//! What users do that are not polite. A polite user's way is not longer for it.

use std::time::Duration;

use drip_model::{Conduct, HangUp, Trickle};

use super::Engine;
use super::user::Phase;

/// How far a conduct goes.
pub(super) trait Reach {
    /// Up to which byte of a request it sends now, of which `sent` bytes are sent.
    fn sends_until(&self, sent: usize, length: usize) -> usize;
    /// How many bytes it reads at once, when `received` bytes of the answer have come.
    fn reads(&self, received: usize, room: usize) -> usize;
}

impl Reach for Conduct {
    fn sends_until(&self, sent: usize, length: usize) -> usize {
        match *self {
            Self::HangUp(HangUp::Sent(bytes)) => bytes.min(length),
            Self::SlowWrite(Trickle { bytes, .. }) => sent.saturating_add(bytes.max(1)).min(length),
            Self::Polite | Self::FreshConnection | Self::HangUp(_) | Self::SlowRead(_) | Self::HalfOpen => {
                length
            }
        }
    }

    fn reads(&self, received: usize, room: usize) -> usize {
        match *self {
            Self::HangUp(HangUp::Received(bytes)) => bytes.saturating_sub(received).clamp(1, room),
            Self::SlowRead(Trickle { bytes, .. }) => bytes.clamp(1, room),
            Self::Polite | Self::FreshConnection | Self::HangUp(_) | Self::SlowWrite(_) | Self::HalfOpen => {
                room
            }
        }
    }
}

impl Engine {
    /// Something of the request was sent.
    pub(super) fn sent_so_far(&mut self, user: usize) {
        let is_sent = self.users[user].is_sent;
        match self.dose.conduct {
            Conduct::HangUp(HangUp::Sent(_)) => self.leave(user),
            Conduct::SlowWrite(Trickle { every, .. }) if !is_sent => self.go_on_after(user, every),
            Conduct::HalfOpen if is_sent => {
                if let Some(line) = &mut self.users[user].line {
                    // A connection that is broken already is known as such by reading.
                    let _ = line.finish();
                }
            }
            _ => {}
        }
    }

    /// Something of the answer was read, and it is not whole; whether that is all for now.
    pub(super) fn read_so_far(&mut self, user: usize) -> bool {
        match self.dose.conduct {
            Conduct::HangUp(HangUp::Received(bytes)) if self.users[user].received >= bytes => {
                self.leave(user)
            }
            Conduct::SlowRead(Trickle { every, .. }) => self.go_on_after(user, every),
            _ => return false,
        }
        true
    }

    /// Hangs up on the service.
    pub(super) fn leave(&mut self, user: usize) {
        if !self.users[user].is_control {
            self.record.hung_up();
        }
        self.compare(user, false);
        self.users[user].line = None;
        self.rest(user);
        self.waiting.push_back(user);
    }

    pub(super) fn go_on_after(&mut self, user: usize, time: Duration) {
        let at = self.now + time;
        self.users[user].not_before = Some(at);
        self.agenda.add(at, user);
    }

    /// The time has come that a user has waited for.
    pub(super) fn wake(&mut self, user: usize) {
        let woken = &mut self.users[user];
        match (woken.phase, woken.not_before) {
            (Phase::Pausing, _) => {
                woken.phase = Phase::Resting;
                self.waiting.push_back(user);
            }
            (Phase::Asking, Some(at)) if at <= self.now => {
                woken.not_before = None;
                if woken.trunk.is_some() {
                    return self.go_on_slowly(user);
                }
                if let Some(line) = &mut woken.line {
                    line.stir(false);
                }
                self.go_on(user);
            }
            // It belongs to an exchange that is over.
            _ => {}
        }
    }
}
