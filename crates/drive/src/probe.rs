//! One question to a service that may not be up yet: does it answer, and in HTTP?

use std::time::Duration;

use drip_model::{Conduct, ErrorKind, Origin, Template, Text};
use tokio_util::sync::CancellationToken;

use crate::answer::{Malformed, each_header};
use crate::dose::Dose;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::load::{Endpoint, Load, Model, Until};
use crate::play::Playing;
use crate::pulse::Pulse;
use crate::trust::Trust;

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
    endpoint: impl Into<Endpoint>,
    trust: &Trust,
    path: &str,
    time_max: Duration,
) -> Result<Answer, ProbeError> {
    let template = Template { method: "GET".into(), target: Text::literal(path), ..Template::default() };
    let load = Load {
        origin,
        endpoint: endpoint.into(),
        template: &template,
        seed: 0,
        first: 0,
        until: Until::Requests { count: 1, time_max },
        users: 1,
        model: Model::Closed,
        conduct: Conduct::Polite,
        trust,
        request_time_max: time_max,
    };
    let dose = Dose { keeps_heads: true, ..Dose::new(&load)? };
    let engine = Engine::new(dose, &Pulse::default())?;
    let played = Playing::begin(engine)?.end(&CancellationToken::new()).await;
    match (played.tally.errors.into_keys().next(), played.head) {
        (Some(kind), _) => Err(Failure::new(kind, played.tally.first_error.unwrap_or_default()).into()),
        (None, Some(head)) => answer(&head).map_err(Failure::from).map_err(ProbeError::from),
        (None, None) => Err(Failure::timeout(time_max).into()),
    }
}

fn answer(head: &[u8]) -> Result<Answer, Malformed> {
    let mut headers = Vec::new();
    let status = each_header(head, |name, value| {
        headers.push((name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned()));
    })?;
    Ok(Answer { status, headers })
}
