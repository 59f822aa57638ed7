//! The V8 inspector: JSON commands over a WebSocket on the loopback (Chrome DevTools Protocol).
//!
//! It knows the protocol, which isolates a process has, and nothing of what is asked of them. A connection
//! lives for one reading only: a Node process that wants to exit waits until its debugger has hung up.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::MeterError;

const WHAT: &str = "the V8 inspector";
/// A list of targets is a few hundred bytes.
const LIST_BYTES_MAX: usize = 1 << 20;
/// A thread of its own accepts connections, so even a busy process answers in microseconds.
const CONNECT_SECONDS_MAX: u64 = 5;

/// Until a conversation has ended properly; where the event loop is blocked, it is broken off.
const HANG_UP_SECONDS_MAX: u64 = 2;

/// One isolate of a process: the main thread's, or a worker thread's by the number of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Isolate {
    /// That of the main thread.
    Main,
    /// That of a worker thread.
    Worker(String),
}

/// A command whose result is still to come.
#[derive(Debug)]
pub(crate) struct Call {
    id: u64,
    isolate: Isolate,
    method: &'static str,
}

/// A conversation with the isolates of one process.
pub(crate) struct Inspector {
    socket: WebSocketStream<TcpStream>,
    calls: u64,
    results: BTreeMap<u64, Value>,
    workers: Vec<String>,
    ended: BTreeSet<String>,
}

impl Inspector {
    /// Connects to the target that [`target_url`] found at `address`.
    pub(crate) async fn connect(address: SocketAddr, url: &str) -> Result<Self, MeterError> {
        let connected = async {
            let stream = TcpStream::connect(address).await.map_err(failed)?;
            client_async(url, stream).await.map_err(failed)
        };
        let late = |_| MeterError::Timeout { what: WHAT, seconds: CONNECT_SECONDS_MAX };
        let (socket, _) =
            timeout(Duration::from_secs(CONNECT_SECONDS_MAX), connected).await.map_err(late)??;
        Ok(Self { socket, calls: 0, results: BTreeMap::new(), workers: Vec::new(), ended: BTreeSet::new() })
    }

    /// The isolates of the process now. Node tells of every worker thread before it answers.
    pub(crate) async fn isolates(&mut self, deadline: Instant) -> Result<Vec<Isolate>, MeterError> {
        let enable = self
            .send(&Isolate::Main, "NodeWorker.enable", json!({ "waitForDebuggerOnStart": false }))
            .await?;
        self.result(&enable, deadline).await?;
        let workers = self.workers.iter().filter(|worker| !self.ended.contains(*worker));
        Ok(std::iter::once(Isolate::Main).chain(workers.cloned().map(Isolate::Worker)).collect())
    }

    /// Sends a command and does not wait.
    pub(crate) async fn send(
        &mut self,
        isolate: &Isolate,
        method: &'static str,
        params: Value,
    ) -> Result<Call, MeterError> {
        let id = self.next_id();
        let command = json!({ "id": id, "method": method, "params": params });
        let command = match isolate {
            Isolate::Main => command,
            Isolate::Worker(session) => self.wrapped(session, &command),
        };
        let message = Message::text(command.to_string());
        futures_util::SinkExt::send(&mut self.socket, message).await.map_err(failed)?;
        Ok(Call { id, isolate: isolate.clone(), method })
    }

    /// Waits for the result of a command. [`MeterError::Gone`] when its worker thread ended.
    pub(crate) async fn result(&mut self, call: &Call, deadline: Instant) -> Result<Value, MeterError> {
        loop {
            if let Some(reply) = self.results.remove(&call.id) {
                return result_of(call.method, reply);
            }
            if matches!(&call.isolate, Isolate::Worker(session) if self.ended.contains(session)) {
                return Err(MeterError::Gone);
            }
            let message = timeout_at(deadline.into(), self.hear()).await;
            let message = message.map_err(|_| failed(too_busy(&call.isolate)))??;
            self.note(message);
        }
    }

    /// Asks the main isolate for the value of an expression, evaluated with the command line's `require`.
    pub(crate) async fn evaluate(
        &mut self,
        expression: &str,
        deadline: Instant,
    ) -> Result<Value, MeterError> {
        let call = self.send(&Isolate::Main, EVALUATE, evaluation(expression)).await?;
        value_of(self.result(&call, deadline).await?)
    }

    /// Ends the conversation when nothing is under way in it any more. Up to Node.js 18 at least, a message
    /// that is written to a connection which was just broken off ends the whole process (a null pointer in
    /// `TcpHolder::WriteRaw`), and what a worker thread has to say comes late; so its session is ended first.
    pub(crate) async fn hang_up(mut self) {
        let deadline = Instant::now() + Duration::from_secs(HANG_UP_SECONDS_MAX);
        if let Ok(disable) = self.send(&Isolate::Main, "NodeWorker.disable", json!({})).await {
            let _ = self.result(&disable, deadline).await;
        }
        let _ = timeout_at(deadline.into(), async {
            futures_util::SinkExt::close(&mut self.socket).await.ok()?;
            while let Ok(_late) = self.hear().await {}
            Some(())
        })
        .await;
    }

    fn next_id(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    fn wrapped(&mut self, session: &str, command: &Value) -> Value {
        let params = json!({ "sessionId": session, "message": command.to_string() });
        json!({ "id": self.next_id(), "method": "NodeWorker.sendMessageToWorker", "params": params })
    }

    async fn hear(&mut self) -> Result<Value, MeterError> {
        loop {
            let next = futures_util::StreamExt::next(&mut self.socket).await;
            if let Message::Text(text) = next.ok_or_else(|| failed("it hung up"))?.map_err(failed)? {
                return serde_json::from_str(&text).map_err(failed);
            }
        }
    }

    /// Keeps what a message says: a result, or that a worker thread is there, has answered, or has ended.
    fn note(&mut self, mut message: Value) {
        let params = message["params"].take();
        let session = params["sessionId"].as_str().unwrap_or_default().to_owned();
        match message["method"].as_str() {
            Some("NodeWorker.attachedToWorker") => self.workers.push(session),
            Some("NodeWorker.detachedFromWorker") => drop(self.ended.insert(session)),
            Some("NodeWorker.receivedMessageFromWorker") => {
                let inner = params["message"].as_str().and_then(|text| serde_json::from_str(text).ok());
                self.keep(inner.unwrap_or_default());
            }
            _ => self.keep(message),
        }
    }

    fn keep(&mut self, reply: Value) {
        if let Some(id) = reply["id"].as_u64() {
            self.results.insert(id, reply);
        }
    }
}

/// The command whose parameters are [`evaluation`].
pub(crate) const EVALUATE: &str = "Runtime.evaluate";

/// Parameters to evaluate an expression with the command line's `require`, which scripts and modules both
/// have.
pub(crate) fn evaluation(expression: &str) -> Value {
    json!({ "expression": expression, "includeCommandLineAPI": true, "returnByValue": true, "silent": true })
}

/// The value that an evaluation gave; its exception is an error.
pub(crate) fn value_of(mut result: Value) -> Result<Value, MeterError> {
    match result.get("exceptionDetails") {
        Some(exception) => {
            let text = exception["exception"]["description"].as_str().unwrap_or("an exception");
            Err(failed(text.lines().next().unwrap_or_default()))
        }
        None => Ok(result["result"]["value"].take()),
    }
}

/// Whether an inspector listens there.
pub(crate) async fn listens_at(address: SocketAddr) -> bool {
    target_url(address).await.is_ok()
}

/// Where the first target of an inspector is spoken to, as `/json/list` tells.
pub(crate) async fn target_url(address: SocketAddr) -> Result<String, MeterError> {
    let late = |_| MeterError::Timeout { what: WHAT, seconds: CONNECT_SECONDS_MAX };
    timeout(Duration::from_secs(CONNECT_SECONDS_MAX), first_target(address)).await.map_err(late)?
}

async fn first_target(address: SocketAddr) -> Result<String, MeterError> {
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

fn failed(why: impl std::fmt::Display) -> MeterError {
    MeterError::protocol(WHAT, why)
}

/// Why nothing comes: a command is handled between two turns of the isolate's event loop.
fn too_busy(isolate: &Isolate) -> String {
    let whose = match isolate {
        Isolate::Main => "the event loop".to_owned(),
        Isolate::Worker(number) => format!("the event loop of worker thread {number}"),
    };
    format!("no answer in time, {whose} is blocked")
}

fn result_of(method: &str, mut reply: Value) -> Result<Value, MeterError> {
    match reply.get("error") {
        Some(error) => Err(failed(format!("{method}: {}", error["message"].as_str().unwrap_or("refused")))),
        None => Ok(reply["result"].take()),
    }
}
