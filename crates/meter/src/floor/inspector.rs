//! The V8 inspector: JSON commands over a WebSocket on the loopback (Chrome DevTools Protocol).
//!
//! It knows the protocol and nothing of what is asked through it.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::MeterError;

const WHAT: &str = "the V8 inspector";
/// A list of targets is a few hundred bytes.
const LIST_BYTES_MAX: usize = 1 << 20;
/// A connection on the loopback needs microseconds.
const CONNECT_SECONDS_MAX: u64 = 5;
/// A full collection of a heap of gigabytes takes seconds.
const CALL_SECONDS_MAX: u64 = 30;

/// A conversation with one V8 isolate.
pub(crate) struct Inspector {
    socket: WebSocketStream<TcpStream>,
    calls: u64,
}

impl Inspector {
    /// Connects to the inspector that listens at `address`.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, MeterError> {
        bounded(CONNECT_SECONDS_MAX, async {
            let url = target_url(address).await?;
            let stream = TcpStream::connect(address).await.map_err(failed)?;
            let (socket, _) = client_async(url, stream).await.map_err(failed)?;
            Ok(Self { socket, calls: 0 })
        })
        .await
    }

    /// Sends a command and waits for its result; events in between are passed over.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value, MeterError> {
        self.calls += 1;
        let id = self.calls;
        let command = json!({ "id": id, "method": method, "params": params }).to_string();
        bounded(CALL_SECONDS_MAX, async {
            send(&mut self.socket, Message::text(command)).await?;
            loop {
                let reply = next_json(&mut self.socket).await?;
                if reply["id"] == id {
                    return result_of(method, reply);
                }
            }
        })
        .await
    }

    /// The value of an expression, evaluated with the command line's `require`.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Result<Value, MeterError> {
        let params =
            json!({ "expression": expression, "includeCommandLineAPI": true, "returnByValue": true });
        let reply = self.call("Runtime.evaluate", params).await?;
        match reply.get("exceptionDetails") {
            Some(exception) => {
                Err(failed(exception["exception"]["description"].as_str().unwrap_or("an exception")))
            }
            None => Ok(reply["result"]["value"].clone()),
        }
    }
}

/// Whether an inspector listens there.
pub(crate) async fn listens_at(address: SocketAddr) -> bool {
    bounded(CONNECT_SECONDS_MAX, target_url(address)).await.is_ok()
}

async fn bounded<T>(
    seconds: u64,
    work: impl Future<Output = Result<T, MeterError>>,
) -> Result<T, MeterError> {
    let late = |_| MeterError::Timeout { what: WHAT, seconds };
    timeout(Duration::from_secs(seconds), work).await.map_err(late)?
}

fn failed(why: impl std::fmt::Display) -> MeterError {
    MeterError::protocol(WHAT, why)
}

/// Asks `/json/list` for the address of the first target.
async fn target_url(address: SocketAddr) -> Result<String, MeterError> {
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let request = http::Request::get("/json/list").header("Host", address.to_string());
    let request = request.body(Empty::<bytes::Bytes>::new()).map_err(failed)?;
    let answer = async move {
        let response = sender.send_request(request).await.map_err(failed)?;
        Limited::new(response.into_body(), LIST_BYTES_MAX).collect().await.map_err(failed)
    };
    // Node answers in HTTP/1.0 and hangs up; the connection's own end says nothing that the answer does not.
    let (body, _) = tokio::join!(answer, connection);
    let body = body?.to_bytes();
    let targets: Value = serde_json::from_slice(&body).map_err(failed)?;
    let url = targets[0]["webSocketDebuggerUrl"].as_str();
    url.map(str::to_owned).ok_or_else(|| failed("it lists no target, or somebody else is connected to it"))
}

async fn send(socket: &mut WebSocketStream<TcpStream>, message: Message) -> Result<(), MeterError> {
    futures_util::SinkExt::send(socket, message).await.map_err(failed)
}

async fn next_json(socket: &mut WebSocketStream<TcpStream>) -> Result<Value, MeterError> {
    loop {
        let message = futures_util::StreamExt::next(socket).await.ok_or_else(|| failed("it hung up"))?;
        if let Message::Text(text) = message.map_err(failed)? {
            return serde_json::from_str(&text).map_err(failed);
        }
    }
}

fn result_of(method: &str, mut reply: Value) -> Result<Value, MeterError> {
    match reply.get("error") {
        Some(error) => Err(failed(format!("{method}: {}", error["message"].as_str().unwrap_or("refused")))),
        None => Ok(reply["result"].take()),
    }
}
