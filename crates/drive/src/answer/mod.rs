//! Reads HTTP/1.1 answers as their bytes come, in pieces of any size. Pure: no clock, no socket.
//!
//! Heads are parsed in place; only one that comes in pieces is kept until it is whole. Bodies are counted and
//! dropped, compressed ones as they are.

mod chunks;
mod head;
#[cfg(test)]
mod tests;

use self::chunks::Chunks;
pub(crate) use self::head::{Framing, Head, Malformed, each_header, head_length, seconds};

use crate::bounds::{BODY_BYTES_MAX, BODY_KEPT_BYTES_MAX, HEAD_BYTES_MAX};

/// Memory that a reader keeps for its next head.
const KEPT_BYTES_MAX: usize = 4096;

/// Whether an answer is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All bytes are taken, and more are to come.
    More,
    /// It is whole, or cut at the bound; this many of the bytes belonged to it.
    Whole(usize),
}

/// One answer after the other on one connection.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    stage: Stage,
    /// The answer is one to `HEAD`, which has no body whatever its head says.
    to_head: bool,
    /// The final head, once it has come.
    head: Option<Head>,
    /// Bytes of heads, interim ones included.
    head_bytes: usize,
    /// The beginning of a head that came in pieces.
    partial: Vec<u8>,
    body_bytes: u64,
    cut: bool,
    /// The text of the final head and the beginning of what follows it, for those who want it.
    text: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Head,
    Length {
        left: u64,
    },
    Chunks(Chunks),
    UntilClose,
    Whole,
}

impl Stage {
    fn after(head: &Head) -> Self {
        match head.framing {
            Framing::None | Framing::Length(0) => Self::Whole,
            Framing::Length(left) => Self::Length { left },
            Framing::Chunked => Self::Chunks(Chunks::default()),
            Framing::UntilClose => Self::UntilClose,
        }
    }
}

impl Reader {
    /// One that keeps the text of the final head and the beginning of what follows it.
    pub(crate) fn keeping_text() -> Self {
        Self { text: Some(Vec::new()), ..Self::default() }
    }

    pub(crate) fn text(&self) -> Option<&[u8]> {
        self.text.as_deref()
    }

    pub(crate) fn take_text(&mut self) -> Option<Vec<u8>> {
        self.text.take().filter(|text| !text.is_empty())
    }

    /// Makes ready for the answer to the next request.
    pub(crate) fn begin(&mut self, to_head: bool) {
        let mut partial = std::mem::take(&mut self.partial);
        partial.clear();
        partial.shrink_to(KEPT_BYTES_MAX);
        let text = self.text.take().map(|_| Vec::new());
        *self = Self { to_head, partial, text, ..Self::default() };
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<Progress, Malformed> {
        let mut used = 0;
        loop {
            if matches!(self.stage, Stage::Whole) {
                return Ok(Progress::Whole(used));
            }
            if used == bytes.len() {
                return Ok(Progress::More);
            }
            used += match self.stage {
                Stage::Head => self.feed_head(&bytes[used..])?,
                _ => self.feed_body(&bytes[used..])?,
            };
        }
    }

    /// The connection has ended; whether that makes the answer whole.
    pub(crate) fn end(&mut self) -> Result<bool, Malformed> {
        // What came after the last line has not been looked at yet.
        head::parse(&self.partial, self.to_head)?;
        let whole = matches!(self.stage, Stage::UntilClose | Stage::Whole);
        if whole {
            self.stage = Stage::Whole;
        }
        Ok(whole)
    }

    /// Stops listening to a body that has begun.
    pub(crate) const fn cut(&mut self) {
        self.cut = true;
        self.stage = Stage::Whole;
    }

    /// Takes the final head of an answer whose framing is somebody else's matter, as with HTTP/2.
    pub(crate) fn take_head(&mut self, head: Head, text: impl FnOnce() -> Vec<u8>) {
        self.head = Some(head);
        self.stage = Stage::UntilClose;
        if let Some(kept) = &mut self.text {
            *kept = text();
        }
    }

    /// Takes a piece of such an answer's body; whether it is cut there.
    pub(crate) fn take_body(&mut self, length: usize) -> bool {
        self.body_bytes += length as u64;
        if self.body_bytes > BODY_BYTES_MAX {
            self.cut();
        }
        self.cut
    }

    /// The final head, once it has come.
    pub(crate) const fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    pub(crate) const fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether another request can follow on the connection, for all that this answer says.
    pub(crate) fn keeps(&self) -> bool {
        !self.cut && self.head.as_ref().is_some_and(|head| head.keep)
    }

    fn feed_head(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        if self.partial.is_empty() {
            return self.parse_head(bytes);
        }
        // A head ends with a line: without one among the new bytes there is nothing to look for.
        let before = self.partial.len();
        if !bytes.contains(&b'\n') && before + bytes.len() < HEAD_BYTES_MAX {
            self.partial.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        let used = self.parse_head(&all)?;
        if self.partial.is_empty() {
            all.clear();
        }
        self.partial = all;
        Ok(used - before)
    }

    /// Takes the head at the beginning of the bytes, or all bytes as the beginning of one.
    fn parse_head(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let Some((head, length)) = head::parse(bytes, self.to_head)? else {
            self.partial.extend_from_slice(bytes);
            return Ok(bytes.len());
        };
        self.head_bytes += length;
        if self.head_bytes > HEAD_BYTES_MAX {
            return Err(Malformed::HeadTooLong);
        }
        if !head.is_interim() {
            self.stage = Stage::after(&head);
            self.head = Some(head);
            if let Some(text) = &mut self.text {
                text.extend_from_slice(&bytes[..length]);
            }
        }
        Ok(length)
    }

    fn feed_body(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let (used, body, whole) = match &mut self.stage {
            Stage::Length { left } => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                (taken, taken, *left == 0)
            }
            Stage::Chunks(chunks) => chunks.feed(bytes)?,
            Stage::UntilClose | Stage::Head | Stage::Whole => (bytes.len(), bytes.len(), false),
        };
        if let Some(text) = &mut self.text {
            let room = (self.head_bytes + BODY_KEPT_BYTES_MAX).saturating_sub(text.len());
            text.extend_from_slice(&bytes[..used.min(room)]);
        }
        if !self.take_body(body) && whole {
            self.stage = Stage::Whole;
        }
        Ok(used)
    }
}
