//! A connection as the `h2` crate sees it, and what we keep to ourselves of it: how much it may read and write now.

use std::io::{self, ErrorKind as Io};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::bounds::READS_IN_A_TURN_MAX;
use crate::line::Line;

/// Bytes that are held back to go out together.
const HELD_BYTES_MAX: usize = 4096;

/// One end stays with us, the other goes into the connection. The lock is never contended: both are on one thread.
#[derive(Debug, Clone)]
pub(super) struct Wire(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    line: Line,
    /// The preface, which goes out with the first frames.
    held: Vec<u8>,
    reads_left: u32,
    /// Something was read, or the end was, since we last asked.
    has_heard: bool,
    /// What a slow client may still read and write before its next pause.
    may_read: usize,
    may_write: usize,
}

impl Wire {
    pub(super) fn new(line: Line) -> Self {
        let (may_read, may_write) = (usize::MAX, usize::MAX);
        let inner = Inner { line, held: Vec::new(), reads_left: 0, has_heard: false, may_read, may_write };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The poll has told of the socket.
    pub(super) fn stir(&self, ended: bool) {
        let mut inner = self.inner();
        inner.line.stir(ended);
        // What was read before, and waited for room to answer it, may be heard now.
        inner.has_heard = true;
    }

    /// A new turn of the loop.
    pub(super) fn renew(&self) {
        self.inner().reads_left = READS_IN_A_TURN_MAX;
    }

    /// Whether anything was read since the last call, and whether more may be there that this turn does not read.
    pub(super) fn take_heard(&self) -> (bool, bool) {
        let mut inner = self.inner();
        (std::mem::take(&mut inner.has_heard), inner.reads_left == 0)
    }

    /// What may be read and written from now on.
    pub(super) fn allow(&self, read: usize, write: usize) {
        let mut inner = self.inner();
        (inner.may_read, inner.may_write) = (read, write);
        if read > 0 {
            // What was left in the socket is told by no event.
            inner.line.stir(false);
        }
    }

    /// A slow client has used what it may.
    pub(super) fn is_spent(&self) -> bool {
        let inner = self.inner();
        inner.may_read == 0 || inner.may_write == 0
    }
}

impl Inner {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.reads_left == 0 || into.is_empty() {
            return Err(Io::WouldBlock.into());
        }
        self.reads_left -= 1;
        let length = self.line.read(into)?;
        self.may_read -= length;
        self.has_heard = true;
        Ok(length)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The first that is written is the preface.
        if self.held.len() + bytes.len() <= HELD_BYTES_MAX && self.holds_preface(bytes) {
            self.held.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.send_held()?;
        let length = self.send(bytes)?;
        Ok(length)
    }

    fn holds_preface(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"PRI ") || !self.held.is_empty()
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.may_write);
        if length == 0 {
            return Err(Io::WouldBlock.into());
        }
        let length = self.line.write(&bytes[..length])?;
        self.may_write -= length;
        Ok(length)
    }

    fn send_held(&mut self) -> io::Result<()> {
        while !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            let sent = self.send(&held);
            self.held = held;
            self.held.drain(..sent?);
        }
        Ok(())
    }
}

fn polled<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == Io::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        let room = into.remaining().min(inner.may_read);
        let read = inner.read(into.initialize_unfilled_to(room));
        polled(read.map(|length| into.advance(length)))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        polled(self.inner().write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        polled(inner.send_held().and_then(|()| inner.line.flush()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        polled(self.inner().line.finish())
    }
}
