//! One question to a service that may not be up yet: does it answer, and in which HTTP?

use std::time::{Duration, Instant};

use drip_model::{Conduct, ErrorKind, Origin, Protocol, Template, Text};
use tokio_util::sync::CancellationToken;

use crate::answer::{Malformed, each_header};
use crate::dose::Dose;
use crate::engine::Crew;
use crate::failure::Failure;
use crate::load::{Endpoint, Load, Model, Until};
use crate::play::Playing;
use crate::pulse::Pulse;
use crate::trust::Trust;

/// What is asked, of whom.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Scheme, and the name for `Host` and for TLS.
    pub origin: &'a Origin,
    /// Where to connect.
    pub endpoint: Endpoint,
    /// Whom TLS believes.
    pub trust: &'a Trust,
    /// What to `GET`.
    pub path: &'a str,
    /// How long it may take, everything included.
    pub time_max: Duration,
}

/// Which versions of HTTP may be tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Versions {
    /// HTTP/1.1, and HTTP/2 where a service does not speak it.
    ///
    /// In this order, so that the protocol of a service that speaks both does not depend on who chose last: over
    /// HTTP/2 another part of it answers, with other buffers and other leaks.
    #[default]
    Either,
    /// This one.
    Only(Protocol),
}

/// What a probe heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// In which version of HTTP.
    pub protocol: Protocol,
    /// The status.
    pub status: u16,
    /// Names in lower case and values, in the order given; what is not UTF-8 is replaced.
    pub headers: Vec<(String, String)>,
    /// How long its body was, as it came.
    pub body_bytes: u64,
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

impl ProbeError {
    /// Whether somebody is there who may understand another version of HTTP.
    const fn may_speak_otherwise(&self) -> bool {
        matches!(self, Self::NotHttp(_) | Self::Closed(_) | Self::Tls(_))
    }
}

/// Sends one `GET` on a connection of its own, or two where the service does not speak the first version of HTTP.
///
/// The body is read like that of any answer, since a download that we abort could itself be what leaks.
pub async fn probe(question: &Question<'_>, versions: Versions) -> Result<Answer, ProbeError> {
    let start = Instant::now();
    let first = match versions {
        Versions::Either => Protocol::Http1,
        Versions::Only(protocol) => protocol,
    };
    let heard = ask(question, first).await;
    match &heard {
        Err(error) if versions == Versions::Either && error.may_speak_otherwise() => {
            let time_max = question.time_max.saturating_sub(start.elapsed());
            // If it does not speak that either, the first error is the one that tells.
            ask(&Question { time_max, ..question.clone() }, Protocol::Http2).await.or(heard)
        }
        _ => heard,
    }
}

async fn ask(question: &Question<'_>, protocol: Protocol) -> Result<Answer, ProbeError> {
    let target = Text::literal(question.path);
    let template = Template { method: "GET".into(), target, ..Template::default() };
    ask_once(question, &template, protocol).await
}

/// Sends one request of a template instead, on a connection of its own.
pub async fn ask_once(
    question: &Question<'_>,
    template: &Template,
    protocol: Protocol,
) -> Result<Answer, ProbeError> {
    let load = Load {
        origin: question.origin,
        endpoint: question.endpoint.clone(),
        template,
        seed: 0,
        first: 0,
        until: Until::Requests { count: 1, time_max: question.time_max },
        users: 1,
        threads: 1,
        model: Model::Closed,
        conduct: Conduct::Polite,
        protocol,
        trust: question.trust,
        request_time_max: question.time_max,
    };
    let dose = Dose { keeps_heads: true, ..Dose::new(&load)? };
    let crew = Crew::new(dose, &Pulse::default())?;
    let played = Playing::begin(crew)?.end(&CancellationToken::new()).await;
    match (played.tally.errors.into_keys().next(), played.head) {
        (Some(kind), _) => Err(Failure::new(kind, played.tally.first_error.unwrap_or_default()).into()),
        (None, Some(head)) => {
            let answer = answer(protocol, &head, played.tally.body_bytes);
            answer.map_err(Failure::from).map_err(ProbeError::from)
        }
        (None, None) => Err(Failure::timeout(question.time_max).into()),
    }
}

fn answer(protocol: Protocol, head: &[u8], body_bytes: u64) -> Result<Answer, Malformed> {
    let mut headers = Vec::new();
    let status = each_header(head, |name, value| {
        headers.push((name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned()));
    })?;
    Ok(Answer { protocol, status, headers, body_bytes })
}
