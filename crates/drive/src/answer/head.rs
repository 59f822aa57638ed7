//! The head of an answer, parsed in place: its status, how its body is framed (RFC 9112, section 6.3), and
//! whether its connection goes on.

use std::mem::MaybeUninit;
use std::time::Duration;

use httparse::{Header, ParserConfig, Response, Status};

use crate::bounds::{HEAD_BYTES_MAX, HEADERS_MAX};

/// An answer that is not HTTP, or passes a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the answer is not HTTP: {0}")]
    NotHttp(httparse::Error),
    #[error("the answer is not HTTP: its status is below 100")]
    Status,
    #[error("answer head over {} KiB", HEAD_BYTES_MAX / 1024)]
    HeadTooLong,
    #[error("answer head with more than {HEADERS_MAX} headers")]
    TooManyHeaders,
    #[error("the answer has a Content-Length that is no length")]
    Length,
    #[error("the answer has more than one Content-Length")]
    Lengths,
    #[error("the answer has a malformed chunk")]
    Chunk,
    #[error("the answer has a chunk extension or trailers without end")]
    ChunkTooLong,
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}

/// What a head says that matters to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
    /// Another request can follow on the connection.
    pub(crate) keep: bool,
    /// The wait that a 429 or 503 asks for, in the form that counts seconds.
    pub(crate) retry_after: Option<Duration>,
}

impl Head {
    /// Whether the answer itself is still to come. A switch of protocols is one: nobody asked for it, and nothing
    /// that we understand follows.
    pub(crate) const fn is_interim(&self) -> bool {
        self.status < 200 && self.status != SWITCHING_PROTOCOLS
    }
}

const SWITCHING_PROTOCOLS: u16 = 101;

/// The head at the beginning of the bytes and its length; `None` if there is more to come.
pub(super) fn parse(bytes: &[u8], to_head: bool) -> Result<Option<(Head, usize)>, Malformed> {
    with_parsed(bytes, |response, length| Ok((understand(response, to_head)?, length)))
}

/// Tells each header of a whole head, and gives its status.
pub(crate) fn each_header(head: &[u8], mut tell: impl FnMut(&str, &[u8])) -> Result<u16, Malformed> {
    let status = with_parsed(head, |response, _| {
        response.headers.iter().for_each(|header| tell(header.name, header.value));
        response.code.ok_or(Malformed::Status)
    })?;
    status.ok_or(Malformed::Status)
}

/// Where a head ends; `None` where it is none, or not whole.
pub(crate) fn head_length(bytes: &[u8]) -> Option<usize> {
    with_parsed(bytes, |_, length| Ok(length)).ok().flatten()
}

fn with_parsed<T>(
    bytes: &[u8],
    take: impl FnOnce(&Response<'_, '_>, usize) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; HEADERS_MAX];
    let mut response = Response::new(&mut []);
    let mut config = ParserConfig::default();
    // A user agent has to take folded lines (RFC 9112, section 5.2).
    config.allow_obsolete_multiline_headers_in_responses(true);
    match config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(Status::Complete(length)) if length <= HEAD_BYTES_MAX => take(&response, length).map(Some),
        Ok(Status::Partial) if bytes.len() < HEAD_BYTES_MAX => Ok(None),
        Ok(_) => Err(Malformed::HeadTooLong),
        Err(httparse::Error::TooManyHeaders) => Err(Malformed::TooManyHeaders),
        Err(error) => Err(Malformed::NotHttp(error)),
    }
}

fn understand(response: &Response<'_, '_>, to_head: bool) -> Result<Head, Malformed> {
    let status = response.code.filter(|status| *status >= 100).ok_or(Malformed::Status)?;
    let mut said = Said::default();
    for header in response.headers.iter() {
        said.note(header, status)?;
    }
    let bodiless = to_head || status < 200 || status == 204 || status == 304;
    let framing = if bodiless { Framing::None } else { said.framing() };
    let keep = said.keeps(response.version == Some(1)) && framing != Framing::UntilClose;
    Ok(Head { status, framing, keep: keep && status != SWITCHING_PROTOCOLS, retry_after: said.retry_after })
}

/// What the headers said.
#[derive(Debug, Default)]
struct Said {
    length: Option<u64>,
    /// A transfer coding was named, and whether the last one is `chunked`.
    last_coding_is_chunked: Option<bool>,
    close: bool,
    keep_alive: bool,
    retry_after: Option<Duration>,
}

impl Said {
    fn note(&mut self, header: &Header<'_>, status: u16) -> Result<(), Malformed> {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        // Lengths first: most headers are none of these.
        match header.name.len() {
            14 if is("content-length") => return self.note_length(header.value),
            17 if is("transfer-encoding") => self.note_coding(header.value),
            10 if is("connection") => {
                for token in tokens(header.value) {
                    self.close |= token.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            11 if (status == 429 || status == 503) && is("retry-after") => {
                self.retry_after = seconds(header.value);
            }
            _ => {}
        }
        Ok(())
    }

    /// A list of equal lengths is one length, as some proxies write it.
    fn note_length(&mut self, value: &[u8]) -> Result<(), Malformed> {
        for token in value.split(|byte| *byte == b',') {
            let length = number(token.trim_ascii()).ok_or(Malformed::Length)?;
            if self.length.replace(length).is_some_and(|earlier| earlier != length) {
                return Err(Malformed::Lengths);
            }
        }
        Ok(())
    }

    /// `identity` was a coding once, and means none.
    fn note_coding(&mut self, value: &[u8]) {
        for token in tokens(value).filter(|token| !token.eq_ignore_ascii_case(b"identity")) {
            self.last_coding_is_chunked = Some(token.eq_ignore_ascii_case(b"chunked"));
        }
    }

    const fn framing(&self) -> Framing {
        match (self.last_coding_is_chunked, self.length) {
            (Some(true), _) => Framing::Chunked,
            (None, Some(length)) => Framing::Length(length),
            (Some(false), _) | (None, None) => Framing::UntilClose,
        }
    }

    /// A coding beside a length, or from HTTP/1.0, is how requests are smuggled: such a connection is not used again.
    const fn keeps(&self, is_1_1: bool) -> bool {
        let doubtful = self.last_coding_is_chunked.is_some() && (self.length.is_some() || !is_1_1);
        !self.close && !doubtful && (is_1_1 || self.keep_alive)
    }
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Digits and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// The wait that a `Retry-After` asks for, in the form that counts seconds.
pub(crate) fn seconds(value: &[u8]) -> Option<Duration> {
    number(value.trim_ascii()).map(Duration::from_secs)
}
