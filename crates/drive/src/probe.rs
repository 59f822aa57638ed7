//! One question to a service that may not be up yet: does it answer, and in HTTP?

use std::net::SocketAddr;
use std::time::Duration;

use drip_model::{ErrorKind, Origin};

use crate::bounds::REQUEST_TIME_MAX;
use crate::connection::{Answered, Dial};
use crate::failure::Failure;
use crate::request;

/// What a probe heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case and values, in the order given; what is not UTF-8 is replaced.
    pub headers: Vec<(String, String)>,
}

/// Why a probe heard nothing. All but [`ProbeError::OurSide`] may be different a moment later.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nobody listens.
    #[error("{0}")]
    Refused(String),
    /// The connection ended before the answer was whole.
    #[error("{0}")]
    Closed(String),
    /// No answer in time.
    #[error("{0}")]
    Timeout(String),
    /// Somebody answers, but not in HTTP.
    #[error("{0}")]
    NotHttp(String),
    /// TLS failed.
    #[error("{0}")]
    Tls(String),
    /// Our own side failed: no port, no descriptor, a path that HTTP does not allow.
    #[error("{0}")]
    OurSide(String),
}

impl From<Failure> for ProbeError {
    fn from(failure: Failure) -> Self {
        let words = failure.words;
        match failure.kind {
            ErrorKind::Refused => Self::Refused(words),
            ErrorKind::Reset => Self::Closed(words),
            ErrorKind::Timeout => Self::Timeout(words),
            ErrorKind::BadAnswer => Self::NotHttp(words),
            ErrorKind::Tls => Self::Tls(words),
            ErrorKind::OurSide => Self::OurSide(words),
        }
    }
}

/// Sends one `GET` on a connection of its own, within `time_max`.
///
/// The body is read like that of any answer, since a download that we abort could itself be what leaks.
pub async fn probe(
    origin: &Origin,
    address: SocketAddr,
    path: &str,
    time_max: Duration,
) -> Result<Answer, ProbeError> {
    let time_max = time_max.min(REQUEST_TIME_MAX);
    let mut answered = Answered::default();
    let asked = tokio::time::timeout(time_max, ask(origin, address, path, &mut answered)).await;
    match (asked, answered.head) {
        (Ok(Err(failure)), _) => Err(failure.into()),
        (_, Some(head)) => Ok(answer(&head)),
        (_, None) => Err(Failure::timeout(time_max).into()),
    }
}

async fn ask(
    origin: &Origin,
    address: SocketAddr,
    path: &str,
    answered: &mut Answered,
) -> Result<(), Failure> {
    let request = request::get(origin, path)?;
    let mut connection = Dial::new(origin, address)?.connect().await?;
    connection.exchange(request, answered).await?;
    if !answered.cut {
        connection.close().await;
    }
    Ok(())
}

fn answer(head: &http::response::Parts) -> Answer {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Answer { status: head.status.as_u16(), headers }
}
