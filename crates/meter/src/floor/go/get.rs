//! GET over one connection on this machine, which is closed when it is dropped.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::MeterError;

/// A connection on this machine needs microseconds.
const CONNECT_SECONDS_MAX: u64 = 2;

/// One connection.
pub(super) struct Connection {
    /// Who is asked, for messages.
    what: &'static str,
    address: SocketAddr,
    sender: SendRequest<Empty<Bytes>>,
    driver: JoinHandle<hyper::Result<()>>,
}

/// What was answered.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) text: String,
}

impl Connection {
    pub(super) async fn open(what: &'static str, address: SocketAddr) -> Result<Self, MeterError> {
        let opening = async {
            let failed = |why: &dyn std::fmt::Display| MeterError::protocol(what, why);
            let stream = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
            let (sender, connection) =
                handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
            Ok(Self { what, address, sender, driver: tokio::spawn(connection) })
        };
        bounded(what, CONNECT_SECONDS_MAX, opening).await
    }

    /// Asks for a path. A service that closes after each answer is connected to again.
    pub(super) async fn get(
        &mut self,
        path: &str,
        bytes_max: usize,
        seconds: u64,
    ) -> Result<Page, MeterError> {
        if self.sender.ready().await.is_err() {
            *self = Self::open(self.what, self.address).await?;
        }
        let request = http::Request::get(path).header(HOST, self.address.to_string());
        let request = request.body(Empty::new()).map_err(|error| self.failed(error))?;
        let sent = self.sender.send_request(request);
        let (what, answer) = (self.what, async {
            let response = sent.await.map_err(|error| error.to_string())?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), bytes_max).collect().await;
            let bytes = body.map_err(|error| error.to_string())?.to_bytes();
            Ok(Page { status, text: String::from_utf8_lossy(&bytes).into_owned() })
        });
        let answer = async { answer.await.map_err(|why: String| MeterError::protocol(what, why)) };
        bounded(what, seconds, answer).await
    }

    fn failed(&self, why: impl std::fmt::Display) -> MeterError {
        MeterError::protocol(self.what, why)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn bounded<T>(
    what: &'static str,
    seconds: u64,
    work: impl Future<Output = Result<T, MeterError>>,
) -> Result<T, MeterError> {
    let late = |_| MeterError::Timeout { what, seconds };
    timeout(Duration::from_secs(seconds), work).await.map_err(late)?
}
