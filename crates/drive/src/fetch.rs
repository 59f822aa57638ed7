//! One document of a service, whole and bounded: an API description, not load.
//!
//! HTTP/1.0 by hand, since such an answer ends with its connection: no pool, no chunks, nothing that is left over. Over
//! HTTP/2 from a service that speaks nothing else. Redirects are not followed and no credentials are sent.

use std::time::Duration;

use drip_model::{Origin, Scheme};
use h2::RecvStream;
use http::Request;
use http::header::{ACCEPT, USER_AGENT};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use crate::bounds::HEAD_BYTES_MAX;
use crate::load::Endpoint;
use crate::proxy::Proxy;
use crate::request::OUR_NAME;

/// Longest time for one document.
const TIME_MAX: Duration = Duration::from_secs(10);

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
    /// Only plain HTTP is spoken here.
    #[error("documents are fetched over http only; save it and give the file")]
    Https,
}

/// Fetches a document of at most `bytes_max` bytes.
///
/// # Errors
/// When it cannot be had whole; a redirect counts as an answer with something else.
pub async fn fetch(
    origin: &Origin,
    endpoint: impl Into<Endpoint>,
    path: &str,
    bytes_max: usize,
) -> Result<Vec<u8>, FetchError> {
    let endpoint = endpoint.into();
    if origin.scheme == Scheme::Https {
        return Err(FetchError::Https);
    }
    let exchange = async {
        let fetched = exchange(origin, &endpoint, path, bytes_max).await;
        match &fetched {
            Err(FetchError::NotHttp | FetchError::Connection(_)) => {
                let fetched_in_2 = exchange_in_2(origin, &endpoint, path, bytes_max).await;
                // If that is not spoken either, the first error is the one that tells.
                fetched_in_2.transpose().unwrap_or(fetched)
            }
            _ => fetched,
        }
    };
    tokio::time::timeout(TIME_MAX, exchange).await.map_err(|_| FetchError::Timeout)?
}

/// Either kind of connection.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn connect(endpoint: &Endpoint) -> std::io::Result<Box<dyn Stream>> {
    Ok(match endpoint {
        Endpoint::Tcp(address) | Endpoint::Proxy(Proxy { address, .. }) => {
            Box::new(TcpStream::connect(address).await?)
        }
        Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await?),
    })
}

/// The same over HTTP/2; nothing if it is not spoken.
async fn exchange_in_2(
    origin: &Origin,
    endpoint: &Endpoint,
    path: &str,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, FetchError> {
    let request = Request::get(format!("{origin}{path}"))
        .header(USER_AGENT, OUR_NAME)
        .header(ACCEPT, ACCEPTED)
        .body(())
        .map_err(|_| FetchError::NotHttp)?;
    if endpoint.proxy().is_some() {
        return Ok(None);
    }
    let Ok(socket) = connect(endpoint).await else { return Ok(None) };
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

async fn exchange(
    origin: &Origin,
    endpoint: &Endpoint,
    path: &str,
    bytes_max: usize,
) -> Result<Vec<u8>, FetchError> {
    let mut socket = connect(endpoint).await?;
    // A proxy is told the whole URL.
    let whole = endpoint.proxy().map(|_| origin.to_string()).unwrap_or_default();
    let authorization = endpoint.proxy().and_then(Proxy::authorization);
    let authorization = authorization.map(|value| format!("Proxy-Authorization: {value}\r\n"));
    let request = format!(
        "GET {whole}{path} HTTP/1.0\r\nHost: {}\r\nUser-Agent: {OUR_NAME}\r\nAccept: {ACCEPTED}\r\n{}\r\n",
        origin.authority(),
        authorization.unwrap_or_default(),
    );
    socket.write_all(request.as_bytes()).await?;
    let (mut answer, answer_max) = (Vec::new(), bytes_max + HEAD_BYTES_MAX);
    socket.take(answer_max as u64 + 1).read_to_end(&mut answer).await?;
    if answer.len() > answer_max {
        return Err(FetchError::TooLarge(bytes_max));
    }
    body(answer)
}

fn body(mut answer: Vec<u8>) -> Result<Vec<u8>, FetchError> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or(FetchError::NotHttp)?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse::<u16>().ok());
    match status {
        Some(200) => {
            let length = content_length(&head);
            answer.drain(..end + 4);
            if length.is_some_and(|length| length > answer.len()) {
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
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(answer).await.unwrap();
        };
        let origin = Origin { scheme: Scheme::Http, host: "127.0.0.1".into(), port: address.port() };
        tokio::join!(fetch(&origin, address, "/openapi.json", bytes_max), server).0
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
