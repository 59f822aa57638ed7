//! One document of a service, whole and bounded: an API description, not load.
//!
//! HTTP/1.0 by hand, since such an answer ends with its connection: no pool, no chunks, nothing that is left over. Over
//! HTTP/2 from a service that speaks nothing else. Redirects are not followed and no credentials are sent.

use std::io::ErrorKind;
use std::time::Duration;

use drip_model::{Origin, Protocol, Scheme};
use h2::RecvStream;
use http::Request;
use http::header::{ACCEPT, USER_AGENT};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::bounds::HEAD_BYTES_MAX;
use crate::load::Endpoint;
use crate::proxy::Proxy;
use crate::request::OUR_NAME;
use crate::stream::{Stream, connect};
use crate::tls::Tls;
use crate::trust::Trust;

/// Longest time for one document.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Longest time for one over HTTP/2, which is asked for when the service has answered already, in no HTTP/1.
const TIME_MAX_IN_2: Duration = Duration::from_secs(5);
const THROUGH_PROXY: &str = "documents are not fetched over TLS through a proxy; save it and give the file";

const ACCEPTED: &str = "application/json, application/yaml, */*";

/// Why a document cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The connection failed, or ended in the middle.
    #[error("{0}")]
    Connection(#[from] std::io::Error),
    /// It took too long.
    #[error("no whole answer within {} seconds", TIME_MAX.as_secs())]
    Timeout,
    /// It was answered, with something else.
    #[error("answered with status {0}")]
    Status(u16),
    /// What answers does not speak HTTP.
    #[error("the answer is not HTTP")]
    NotHttp,
    /// More than was asked for.
    #[error("larger than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// TLS cannot be set up, or not on this way.
    #[error("{0}")]
    Tls(String),
}

/// Fetches a document of at most `bytes_max` bytes from a service that `trust` vouches for.
///
/// # Errors
/// When it cannot be had whole; a redirect counts as an answer with something else.
pub async fn fetch(
    origin: &Origin,
    endpoint: impl Into<Endpoint>,
    trust: &Trust,
    path: &str,
    bytes_max: usize,
) -> Result<Vec<u8>, FetchError> {
    let way = Way { origin, endpoint: endpoint.into(), trust };
    let fetched =
        timeout(TIME_MAX, exchange(&way, path, bytes_max)).await.map_err(|_| FetchError::Timeout)?;
    if !fetched.as_ref().is_err_and(FetchError::may_speak_otherwise) {
        return fetched;
    }
    match timeout(TIME_MAX_IN_2, exchange_in_2(&way, path, bytes_max)).await {
        Ok(fetched_in_2) => fetched_in_2.transpose().unwrap_or(fetched),
        // If that is not spoken either, the first error is the one that tells.
        Err(_) => fetched,
    }
}

impl FetchError {
    /// Whether somebody is there who may understand another version of HTTP.
    fn may_speak_otherwise(&self) -> bool {
        match self {
            Self::NotHttp => true,
            // Under TLS a service that speaks nothing else ends the handshake.
            Self::Connection(error) => {
                matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::InvalidData)
            }
            _ => false,
        }
    }
}

/// From here to the service.
struct Way<'a> {
    origin: &'a Origin,
    endpoint: Endpoint,
    trust: &'a Trust,
}

impl Way<'_> {
    async fn connect(&self, protocol: Protocol) -> Result<Box<dyn Stream>, FetchError> {
        match (self.origin.scheme, self.endpoint.proxy()) {
            (Scheme::Http, _) => Ok(connect(&self.endpoint).await?),
            (Scheme::Https, None) => {
                let told = |failure: crate::failure::Failure| FetchError::Tls(failure.words);
                let tls = Tls::new(self.origin, self.trust, protocol).map_err(told)?;
                let (config, name) = tls.parts();
                Ok(Box::new(TlsConnector::from(config).connect(name, connect(&self.endpoint).await?).await?))
            }
            (Scheme::Https, Some(_)) => Err(FetchError::Tls(THROUGH_PROXY.to_owned())),
        }
    }
}

/// The same over HTTP/2; nothing if it is not spoken.
async fn exchange_in_2(way: &Way<'_>, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, FetchError> {
    let request = Request::get(format!("{}{path}", way.origin))
        .header(USER_AGENT, OUR_NAME)
        .header(ACCEPT, ACCEPTED)
        .body(())
        .map_err(|_| FetchError::NotHttp)?;
    if way.endpoint.proxy().is_some() {
        return Ok(None);
    }
    let Ok(socket) = way.connect(Protocol::Http2).await else { return Ok(None) };
    let Ok((mut sender, connection)) = h2::client::handshake(socket).await else { return Ok(None) };
    let asking = async move {
        let Ok((answer, _)) = sender.send_request(request, true) else { return Ok(None) };
        let Ok(answer) = answer.await else { return Ok(None) };
        match answer.status().as_u16() {
            200 => body_in_2(answer.into_body(), bytes_max).await.map(Some),
            status => Err(FetchError::Status(status)),
        }
    };
    // The connection ends when nobody asks on it any more. Whatever it ends with, the answer tells.
    tokio::join!(asking, connection).0
}

async fn body_in_2(mut body: RecvStream, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
    let mut whole = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.map_err(std::io::Error::other)?;
        if whole.len() + piece.len() > bytes_max {
            return Err(FetchError::TooLarge(bytes_max));
        }
        whole.extend_from_slice(&piece);
        let _ = body.flow_control().release_capacity(piece.len());
    }
    Ok(whole)
}

async fn exchange(way: &Way<'_>, path: &str, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
    let mut socket = way.connect(Protocol::Http1).await?;
    // A proxy is told the whole URL.
    let whole = way.endpoint.proxy().map(|_| way.origin.to_string()).unwrap_or_default();
    let authorization = way.endpoint.proxy().and_then(Proxy::authorization);
    let authorization = authorization.map(|value| format!("Proxy-Authorization: {value}\r\n"));
    let request = format!(
        "GET {whole}{path} HTTP/1.0\r\nHost: {}\r\nUser-Agent: {OUR_NAME}\r\nAccept: {ACCEPTED}\r\n{}\r\n",
        way.origin.authority(),
        authorization.unwrap_or_default(),
    );
    socket.write_all(request.as_bytes()).await?;
    let (answer, ended) = read_answer(&mut socket, bytes_max + HEAD_BYTES_MAX).await;
    match ended {
        _ if answer.len() > bytes_max + HEAD_BYTES_MAX => Err(FetchError::TooLarge(bytes_max)),
        Err(error) if answer.is_empty() => Err(error.into()),
        // Many servers end TLS without a word: then the length must tell that nothing is missing.
        ended => body(answer, ended.is_ok()),
    }
}

/// Reads until the connection ends, or as much as the answer says that it has, or more than `bytes_max`.
async fn read_answer(socket: &mut dyn Stream, bytes_max: usize) -> (Vec<u8>, std::io::Result<()>) {
    let mut answer = Vec::new();
    loop {
        match socket.read_buf(&mut answer).await {
            Ok(read) if read > 0 && answer.len() <= bytes_max && !is_whole(&answer) => {}
            ended => return (answer, ended.map(drop)),
        }
    }
}

/// Whether all that it says to have is there; never where it does not say.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = end_of_head(answer) else { return false };
    content_length(&String::from_utf8_lossy(&answer[..end]))
        .is_some_and(|length| answer.len() >= end + 4 + length)
}

fn end_of_head(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|window| window == b"\r\n\r\n")
}

/// `has_end`: the connection ended as it should, so that an answer without a length is whole.
fn body(mut answer: Vec<u8>, has_end: bool) -> Result<Vec<u8>, FetchError> {
    let end = end_of_head(&answer).ok_or(FetchError::NotHttp)?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse::<u16>().ok());
    match status {
        Some(200) => {
            let length = content_length(&head);
            answer.drain(..end + 4);
            if length.map_or(!has_end, |length| length > answer.len()) {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            Ok(answer)
        }
        Some(status) => Err(FetchError::Status(status)),
        None => Err(FetchError::NotHttp),
    }
}

fn content_length(head: &str) -> Option<usize> {
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn fetched(answer: &'static [u8], bytes_max: usize) -> Result<Vec<u8>, FetchError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            drop(listener);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(answer).await.unwrap();
        };
        let origin = Origin { scheme: Scheme::Http, host: "127.0.0.1".into(), port: address.port() };
        let trust = Trust::default();
        tokio::join!(fetch(&origin, address, &trust, "/openapi.json", bytes_max), server).0
    }

    #[tokio::test]
    async fn a_document_is_had_whole_or_not_at_all() {
        assert_eq!(fetched(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 10).await.unwrap(), b"{}");
        assert_eq!(fetched(b"HTTP/1.0 200 OK\r\n\r\n{}", 10).await.unwrap(), b"{}");
        let cut = fetched(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", 10).await;
        assert!(matches!(cut, Err(FetchError::Connection(_))), "{cut:?}");
        let moved = fetched(b"HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\n\r\n", 10).await;
        assert!(matches!(moved, Err(FetchError::Status(302))), "{moved:?}");
        let other = fetched(b"220 mail\r\n\r\n", 10).await;
        assert!(matches!(other, Err(FetchError::NotHttp)), "{other:?}");
    }
}
