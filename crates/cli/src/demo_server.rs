//! The service that `drip demo` tests: it keeps each request's headers for ever, so many times as it is told.

use std::convert::Infallible;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::output;

/// The hidden verb.
pub(crate) const VERB: &str = "__demo-server";

/// Headers as a browser sends them, so that keeping them costs what it costs in life.
pub(crate) fn headers() -> Vec<String> {
    [
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
        "Cookie: session={hex}{hex}{hex}{hex}; preferences={pad:600}; consent={pad:300}",
        "Referer: https://shop.example/products/{word}?page={n}",
        "X-Forwarded-For: {ip}",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// What is kept: a list that nothing ever empties.
type Kept = Arc<Mutex<Vec<Vec<(String, Vec<u8>)>>>>;

/// Serves until it is stopped.
pub(crate) fn main(words: &[OsString]) -> i32 {
    let copies = words.first().and_then(|word| word.to_str()?.parse().ok()).unwrap_or(1);
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    match serve(copies, port) {
        Ok(never) => match never {},
        Err(error) => {
            output::say(&format!("demo server: {error}"));
            1
        }
    }
}

fn serve(copies: usize, port: u16) -> std::io::Result<Infallible> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let kept = Kept::default();
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(converse(stream, copies, Arc::clone(&kept)));
        }
    })
}

async fn converse(stream: TcpStream, copies: usize, kept: Kept) {
    let answer = |request: Request<Incoming>| {
        keep(request.headers(), copies, &kept);
        async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{\"msg\":\"ok\"}")))) }
    };
    // A client that hangs up is nothing to be told.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

fn keep(headers: &HeaderMap, copies: usize, kept: &Kept) {
    let copy = || headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.extend((0..copies).map(|_| copy()));
}
