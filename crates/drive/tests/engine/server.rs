//! A server that does exactly what a test tells it, down to the bytes, and remembers what it saw.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What to do after the head and body of a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// These bytes, and go on.
    Send(Vec<u8>),
    /// These bytes, then close.
    SendAndClose(Vec<u8>),
    /// These bytes, then nothing more.
    SendAndHang(Vec<u8>),
    /// These bytes, then more of them as long as anybody listens.
    SendForEver(Vec<u8>),
    /// These bytes, then a reset.
    SendAndReset(Vec<u8>),
    /// These bytes, one by one with a pause after each.
    OneByOne(Duration, Vec<u8>),
    /// The first bytes, but only after a time.
    Late(Duration, Vec<u8>),
}

impl Reply {
    /// An answer with a body.
    pub(crate) fn status(status: &str) -> Self {
        Self::Send(answer(status, ""))
    }

    pub(crate) fn ok() -> Self {
        Self::status("200 OK")
    }
}

pub(crate) fn answer(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n{headers}\r\nok").into_bytes()
}

/// Which request it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Number of the request on its connection, from 0.
    pub(crate) on_connection: usize,
    /// Number of the request on the server, from 0.
    pub(crate) overall: usize,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Connections {
    pub(crate) opened: usize,
    pub(crate) ended: usize,
}

type Script = dyn Fn(Place) -> Reply + Send + Sync;

struct Shared {
    script: Box<Script>,
    /// Head and body of each request, as they came.
    seen: Mutex<Vec<String>>,
    connections: watch::Sender<Connections>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropping it stops the server.
    _accepting: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(Place) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = watch::Sender::default();
        let shared = Arc::new(Shared { script: Box::new(script), seen: Mutex::default(), connections });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, _accepting: accepting }
    }

    /// One that answers as soon as a request begins, and never reads the rest of it.
    pub(crate) async fn refusing_uploads(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Box::new(|_: Place| Reply::ok());
        let shared =
            Arc::new(Shared { script, seen: Mutex::default(), connections: watch::Sender::default() });
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read_u8().await;
                let _ = stream.write_all(&answer).await;
                open.push(stream);
            }
        });
        Self { address, shared, _accepting: accepting }
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// First lines of all requests, sorted.
    pub(crate) fn targets(&self) -> Vec<String> {
        let target = |request: &String| request.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut targets: Vec<_> = self.seen().iter().map(target).collect();
        targets.sort();
        targets
    }

    /// Waits until this many requests have come.
    pub(crate) async fn wait_for_requests(&self, count: usize) {
        let mut changes = self.shared.connections.subscribe();
        let all_came =
            async { changes.wait_for(|_| self.shared.seen.lock().unwrap().len() >= count).await.map(drop) };
        tokio::time::timeout(Duration::from_secs(10), all_came).await.expect("the requests come").unwrap();
    }

    /// Waits until the server has seen the end of every connection, and tells how many there were.
    pub(crate) async fn connections_when_all_ended(&self) -> usize {
        self.connections_when_ended(0).await
    }

    /// The same, when at least this many are known to come.
    pub(crate) async fn connections_when_ended(&self, least: usize) -> usize {
        let mut changes = self.shared.connections.subscribe();
        let all_ended = changes
            .wait_for(|connections| connections.opened == connections.ended && connections.opened >= least);
        let ended = tokio::time::timeout(Duration::from_secs(5), all_ended).await;
        ended.expect("every connection is closed when the load is over").unwrap().opened
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut serving = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.send_modify(|connections| connections.opened += 1);
        let shared = Arc::clone(&shared);
        serving.spawn(async move {
            serve(stream, &shared).await;
            shared.connections.send_modify(|connections| connections.ended += 1);
        });
    }
}

/// Serves one connection until either side ends it.
async fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut on_connection = 0;
    while let Some(request) = read_request(&mut stream).await {
        let overall = shared.remember(request);
        let reply = (shared.script)(Place { on_connection, overall });
        if !obey(&mut stream, reply).await {
            return;
        }
        on_connection += 1;
    }
}

impl Shared {
    fn remember(&self, request: String) -> usize {
        let mut seen = self.seen.lock().unwrap();
        seen.push(request);
        let overall = seen.len() - 1;
        drop(seen);
        self.connections.send_modify(|_| {});
        overall
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut body = vec![0; content_length(&head)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + std::str::from_utf8(&body).unwrap())
}

fn content_length(head: &str) -> usize {
    let value = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    value.map_or(0, |value| value.parse().unwrap())
}

/// Whether the connection goes on.
async fn obey(stream: &mut TcpStream, reply: Reply) -> bool {
    let (Reply::Send(bytes)
    | Reply::SendAndClose(bytes)
    | Reply::SendAndHang(bytes)
    | Reply::SendAndReset(bytes)
    | Reply::SendForEver(bytes)
    | Reply::OneByOne(_, bytes)
    | Reply::Late(_, bytes)) = &reply;
    match &reply {
        Reply::Late(time, _) => tokio::time::sleep(*time).await,
        Reply::OneByOne(every, _) => {
            for byte in bytes {
                if stream.write_all(&[*byte]).await.is_err() {
                    return false;
                }
                tokio::time::sleep(*every).await;
            }
            return true;
        }
        _ => {}
    }
    let sent = stream.write_all(bytes).await.is_ok();
    match reply {
        Reply::SendAndClose(_) => return false,
        // Nothing more is said until the other side leaves.
        Reply::SendAndHang(_) => drop(stream.read_u8().await),
        Reply::SendAndReset(_) => set_socket_linger(&stream, Some(Duration::ZERO)).unwrap(),
        Reply::SendForEver(bytes) => while stream.write_all(&bytes).await.is_ok() {},
        _ => return sent,
    }
    false
}
