//! One request and its answer among the others of a connection. The body is counted, dropped, and its place in the
//! window given back at once.

use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use h2::client::ResponseFuture;
use h2::{Error, Reason, RecvStream};
use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};
use http::response::Parts;

use crate::answer::{Framing, Head, Reader, seconds};

/// Dropping it before its answer is whole resets the stream.
#[derive(Debug)]
pub(crate) struct Stream {
    stage: Stage,
    /// Bytes of the answer that have come, its head as HTTP/1.1 would write it.
    pub(crate) received: usize,
}

#[derive(Debug)]
enum Stage {
    Head(ResponseFuture),
    Body(RecvStream),
}

/// How far an answer is.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It goes on.
    Part,
    /// It is whole, or cut at our bound.
    Whole,
    /// It will never be.
    Broken(Error),
}

impl Stream {
    pub(super) const fn new(answer: ResponseFuture) -> Self {
        Self { stage: Stage::Head(answer), received: 0 }
    }

    /// Reads what has come, at most until `enough` bytes have.
    pub(crate) fn listen(&mut self, reader: &mut Reader, enough: usize) -> Heard {
        loop {
            match self.poll(reader, &mut Context::from_waker(Waker::noop())) {
                Poll::Pending => return Heard::Part,
                Poll::Ready(Ok(true)) => return Heard::Whole,
                Poll::Ready(Ok(false)) if self.received >= enough => return Heard::Part,
                Poll::Ready(Ok(false)) => {}
                // The rest is not wanted, since the answer is known: of a request, or of a body that is cut.
                Poll::Ready(Err(error)) if reader.head().is_some() && is_no_fault(&error) => {
                    return Heard::Whole;
                }
                Poll::Ready(Err(error)) => return Heard::Broken(error),
            }
        }
    }

    /// One piece more; whether the answer is whole with it.
    fn poll(&mut self, reader: &mut Reader, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        match &mut self.stage {
            Stage::Head(answer) => {
                let (parts, body) = ready!(Pin::new(answer).poll(cx))?.into_parts();
                self.received += length(&parts.headers);
                reader.take_head(head(&parts), || text(&parts));
                let is_whole = body.is_end_stream();
                self.stage = Stage::Body(body);
                Poll::Ready(Ok(is_whole))
            }
            Stage::Body(body) => {
                let Some(piece) = ready!(body.poll_data(cx)) else { return Poll::Ready(Ok(true)) };
                let length = piece?.len();
                // It cannot be more than was taken.
                let _ = body.flow_control().release_capacity(length);
                self.received += length;
                Poll::Ready(Ok(reader.take_body(length)))
            }
        }
    }
}

fn is_no_fault(error: &Error) -> bool {
    error.is_remote() && error.is_reset() && error.reason() == Some(Reason::NO_ERROR)
}

fn head(parts: &Parts) -> Head {
    let asks_for_time =
        [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&parts.status);
    let retry_after = parts.headers.get(RETRY_AFTER).filter(|_| asks_for_time);
    Head {
        status: parts.status.as_u16(),
        framing: Framing::UntilClose,
        keep: true,
        retry_after: retry_after.and_then(|value| seconds(value.as_bytes())),
    }
}

fn length(headers: &HeaderMap) -> usize {
    const STATUS_LINE: usize = "HTTP/1.1 200 \r\n\r\n".len();
    let lines = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    STATUS_LINE + lines.sum::<usize>()
}

/// The head as HTTP/1.1 would write it, for those who want to read it.
fn text(parts: &Parts) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} \r\n", parts.status.as_str()).into_bytes();
    for (name, value) in &parts.headers {
        for piece in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            text.extend_from_slice(piece);
        }
    }
    text.extend_from_slice(b"\r\n");
    text
}
