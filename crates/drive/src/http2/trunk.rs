//! One connection and the requests on it. It connects, shakes hands, and stands as soon as the service has said how
//! many requests it takes at once; it never reconnects.

use std::io::ErrorKind as Io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::client::{Builder, Connection, SendRequest};

use super::letter::Letter;
use super::stream::Stream;
use super::wire::Wire;
use crate::bounds::{
    CONNECTION_WINDOW_BYTES, DATA_FRAMES_MAX, HEAD_BYTES_MAX, STREAM_WINDOW_BYTES, STREAMS_MAX,
};
use crate::failure::Failure;
use crate::line::Line;
use crate::load::Endpoint;

/// What the library's budget counts for a piece of a body that is as small as can be.
const SMALL_FRAME_COST: usize = 256;

#[derive(Debug)]
pub(crate) struct Trunk {
    state: State,
    /// Counts the connections of this place, so that news of an earlier one are known as such.
    pub(crate) lines: u32,
    /// Users whose request is on it.
    pub(crate) asking: Vec<usize>,
    /// Users whose request will be, once it stands.
    pub(crate) waiting: Vec<usize>,
    /// It is to be looked at.
    pub(crate) is_stirred: bool,
    /// An answer has come on it, so that its end may be no more than the end of the service's patience.
    pub(crate) is_proven: bool,
    /// It gets no new request, and is closed when the last of those that it has is over.
    is_retired: bool,
    /// The turn of the loop in which it was looked at last.
    turn: u64,
}

#[derive(Debug)]
enum State {
    Gone,
    Rising(Line),
    Standing(Box<Link>),
}

#[derive(Debug)]
struct Link {
    connection: Connection<Wire, Bytes>,
    sender: SendRequest<Bytes>,
    wire: Wire,
    /// What the service takes at once; nothing until it has said so.
    room: usize,
    /// It takes no new request.
    is_leaving: bool,
}

/// What has become of a connection.
#[derive(Debug)]
pub(crate) enum News {
    /// It goes on. Some of its requests may have heard something; more may be there that was not read in this turn.
    On { heard: bool, more: bool },
    /// It has ended, and this is why.
    Over(Failure),
}

impl Trunk {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Gone,
            lines: 0,
            asking: Vec::new(),
            waiting: Vec::new(),
            is_stirred: false,
            is_proven: false,
            is_retired: false,
            turn: 0,
        }
    }

    /// Whether nobody needs it.
    pub(crate) const fn is_vacant(&self) -> bool {
        matches!(self.state, State::Gone) && self.asking.is_empty() && self.waiting.is_empty()
    }

    /// Takes no new request from now on.
    pub(crate) const fn retire(&mut self) {
        self.is_retired = true;
    }

    /// Whether it was given up and nobody is left on it.
    pub(crate) const fn is_to_close(&self) -> bool {
        self.is_retired && self.asking.is_empty() && self.waiting.is_empty()
    }

    /// How many more requests it can have.
    pub(crate) fn room(&self, most: usize) -> usize {
        let room = match &self.state {
            _ if self.is_retired => 0,
            State::Gone => 0,
            State::Rising(_) => most,
            State::Standing(link) if link.is_leaving => 0,
            // What has not been said yet is not known to be less.
            State::Standing(link) if link.room == 0 => most,
            State::Standing(link) => link.room.min(most),
        };
        room.saturating_sub(self.asking.len() + self.waiting.len())
    }

    /// Whether one more request can be sent now.
    pub(crate) fn can_send(&self) -> bool {
        match &self.state {
            State::Standing(link) if !self.is_retired => !link.is_leaving && self.asking.len() < link.room,
            State::Standing(_) | State::Gone | State::Rising(_) => false,
        }
    }

    /// Whether who waits on it waits in vain.
    pub(crate) fn sends_away(&self) -> bool {
        match &self.state {
            _ if self.is_retired => true,
            State::Gone => true,
            State::Rising(_) => false,
            State::Standing(link) => link.is_leaving || link.room > 0 && self.asking.len() >= link.room,
        }
    }

    /// A new connection in this place.
    pub(crate) fn rise(&mut self, line: Line) {
        self.lines = self.lines.wrapping_add(1);
        (self.is_proven, self.is_retired) = (false, false);
        self.state = State::Rising(line);
    }

    /// The poll has told of its socket.
    pub(crate) fn stir(&mut self, ended: bool) {
        match &mut self.state {
            State::Gone => {}
            State::Rising(line) => line.stir(ended),
            State::Standing(link) => link.wire.stir(ended),
        }
    }

    /// Goes on as far as the socket allows, and a turn of the loop.
    pub(crate) fn go_on(&mut self, turn: u64, endpoint: &Endpoint) -> News {
        let is_new = std::mem::replace(&mut self.turn, turn) != turn;
        let went_on = match std::mem::replace(&mut self.state, State::Gone) {
            State::Gone => return News::On { heard: false, more: false },
            State::Rising(line) => risen(line, endpoint),
            standing @ State::Standing(_) => Ok(standing),
        };
        match went_on {
            Err(failure) => News::Over(failure),
            Ok(state) => {
                self.state = state;
                self.exchange(is_new)
            }
        }
    }

    fn exchange(&mut self, is_new: bool) -> News {
        let State::Standing(link) = &mut self.state else { return News::On { heard: false, more: false } };
        if is_new {
            link.wire.renew();
        }
        match link.poll() {
            Poll::Pending => {
                let (heard, more) = link.wire.take_heard();
                News::On { heard, more }
            }
            Poll::Ready(end) => {
                self.state = State::Gone;
                News::Over(end.err().map_or_else(|| Failure::closed(0), |error| Failure::of_http2(&error, 0)))
            }
        }
    }

    /// Begins a request; `None` if the connection does not take it. `body` is all of it, or all that is ever sent.
    pub(crate) fn send(&mut self, (head, body): Letter, is_all: bool) -> Option<Stream> {
        let State::Standing(link) = &mut self.state else { return None };
        let sent = link.send(head, body, is_all);
        // The connection has come to its end, if only to that of its numbers.
        link.is_leaving |= sent.is_none();
        sent
    }

    /// What may be read and written from now on.
    pub(crate) fn allow(&self, read: usize, write: usize) {
        if let State::Standing(link) = &self.state {
            link.wire.allow(read, write);
        }
    }

    /// A slow client has used what it may.
    pub(crate) fn is_spent(&self) -> bool {
        matches!(&self.state, State::Standing(link) if link.wire.is_spent())
    }

    /// Says goodbye, as far as it is taken at once, and gives the socket back to the system.
    pub(crate) fn close(&mut self) {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Gone => {}
            State::Rising(line) => line.close(),
            State::Standing(link) => link.close(),
        }
    }
}

/// The connection after its socket was ready.
fn risen(mut line: Line, endpoint: &Endpoint) -> Result<State, Failure> {
    line.fault().map_err(|error| Failure::of_connect(&error, endpoint))?;
    match line.shake_hands() {
        Ok(false) => Ok(State::Rising(line)),
        Ok(true) => Link::new(line).map(|link| State::Standing(Box::new(link))),
        // Its end is told before its fault is known.
        Err(error) if error.kind() == Io::NotConnected => Ok(State::Rising(line)),
        Err(error) if line.is_in_tunnel() => Err(Failure::of_connect(&error, endpoint)),
        Err(error) => Err(Failure::of_handshake(&error, endpoint)),
    }
}

impl Link {
    fn new(line: Line) -> Result<Self, Failure> {
        let wire = Wire::new(line);
        let begun = pin!(builder().handshake(wire.clone()));
        match begun.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok((sender, connection))) => {
                wire.renew();
                Ok(Self { connection, sender, wire, room: 0, is_leaving: false })
            }
            Poll::Ready(Err(error)) => Err(Failure::of_http2(&error, 0)),
            Poll::Pending => Err(Failure::our_side("the preface of HTTP/2 is never held up")),
        }
    }

    fn poll(&mut self) -> Poll<Result<(), h2::Error>> {
        let mut cx = Context::from_waker(Waker::noop());
        let polled = Pin::new(&mut self.connection).poll(&mut cx);
        self.room = self.sender.current_max_send_streams();
        self.is_leaving |= matches!(self.sender.poll_ready(&mut cx), Poll::Ready(Err(_)));
        polled
    }

    fn send(&mut self, head: http::Request<()>, body: Option<Bytes>, is_all: bool) -> Option<Stream> {
        let ends = body.is_none() && is_all;
        let (answer, mut upload) = self.sender.send_request(head, ends).ok()?;
        if let Some(body) = body {
            // It goes out as the windows allow, and is kept until then.
            upload.send_data(body, is_all).ok()?;
        }
        Some(Stream::new(answer))
    }

    fn close(self) {
        let Self { mut connection, sender, wire, .. } = self;
        wire.allow(usize::MAX, usize::MAX);
        drop(sender);
        // Streams that are reset go before the goodbye. A peer that does not listen any more is left without one.
        for _ in 0..2 {
            if Pin::new(&mut connection).poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                return;
            }
        }
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_concurrent_reset_streams(STREAMS_MAX)
        .data_frame_budget(DATA_FRAMES_MAX * SMALL_FRAME_COST)
        // No request before the service has said how many it takes, as the first that it says.
        .initial_max_send_streams(0);
    builder
}
