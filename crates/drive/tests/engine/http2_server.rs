//! A server of HTTP/2 for tests: a well-behaved one made with the `h2` crate, told what to answer, and a raw one that
//! sends whatever frames it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, Bytes),
    /// A head, a part of the body, and nothing more.
    Unfinished(Bytes),
    /// Nothing.
    Nothing,
    /// A whole answer, once this many requests were on one connection.
    Together(usize),
    /// A reset of the stream.
    Reset(Reason),
    /// A whole answer, then a connection that ends gracefully.
    Leave,
    /// A connection that is broken off without an answer.
    Break,
}

impl Reply {
    pub(crate) fn ok() -> Self {
        Self::Answer(200, Vec::new(), Bytes::from_static(b"ok"))
    }
}

/// What the server has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) opened: usize,
    pub(crate) ended: usize,
    /// Paths, in the order of their arrival.
    pub(crate) paths: Vec<String>,
    /// Bodies, as far as they came.
    pub(crate) bodies: Vec<usize>,
    /// Streams that the client has reset, and the reasons.
    pub(crate) resets: Vec<Reason>,
    /// Most requests at once, on one connection.
    pub(crate) at_once: usize,
    pub(crate) authorities: Vec<String>,
}

impl Seen {
    fn brief(&self) -> (usize, usize, usize, usize, &[Reason]) {
        (self.opened, self.ended, self.paths.len(), self.bodies.len(), &self.resets)
    }
}

type Script = dyn Fn(usize) -> Reply + Send + Sync;

#[derive(Clone)]
struct Shared {
    script: Arc<Script>,
    builder: Builder,
    seen: Arc<watch::Sender<Seen>>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<watch::Sender<Seen>>,
    _accepting: JoinSet<()>,
}

impl Server {
    /// Answers the n-th request of all as the script says.
    pub(crate) async fn start(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(Builder::new(), None, script).await
    }

    pub(crate) async fn with(
        builder: Builder,
        tls: Option<TlsAcceptor>,
        script: impl Fn(usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(watch::Sender::default());
        let shared = Shared { script: Arc::new(script), builder, seen: Arc::clone(&seen) };
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut serving = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, tls) = (shared.clone(), tls.clone());
                shared.seen.send_modify(|seen| seen.opened += 1);
                serving.spawn(async move {
                    match tls {
                        None => serve(stream, &shared).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &shared).await;
                            }
                        }
                    }
                    shared.seen.send_modify(|seen| seen.ended += 1);
                });
            }
        });
        Self { address, seen, _accepting: accepting }
    }

    /// What it has seen, once that is so.
    pub(crate) async fn when(&self, is_so: impl FnMut(&Seen) -> bool) -> Seen {
        let mut changes = self.seen.subscribe();
        let seen = tokio::time::timeout(Duration::from_secs(10), changes.wait_for(is_so)).await;
        seen.unwrap_or_else(|_| panic!("it never was so: {:.2000?}", self.seen.borrow().brief()))
            .unwrap()
            .clone()
    }

    /// What it has seen, once every connection has ended.
    pub(crate) async fn when_all_ended(&self) -> Seen {
        self.when(|seen| seen.opened > 0 && seen.opened == seen.ended).await
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) {
    let Ok(mut connection) = shared.builder.handshake::<_, Bytes>(stream).await else { return };
    let under_way = Arc::new(Mutex::new(0));
    let mut answering = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { break };
                let reply = shared.note(&request);
                match reply {
                    Reply::Break => return,
                    Reply::Leave => connection.graceful_shutdown(),
                    _ => {}
                }
                let (shared, under_way) = (shared.clone(), Arc::clone(&under_way));
                answering.spawn(async move {
                    shared.count(&under_way, 1);
                    let answered = answer(request, respond, reply, &shared).await;
                    shared.count(&under_way, -1);
                    answered.watch(&shared).await;
                });
            }
            Some(_) = answering.join_next() => {}
        }
    }
    // Each ends with the connection at the latest.
    drop(connection);
    while answering.join_next().await.is_some() {}
}

impl Shared {
    fn note(&self, request: &Request<RecvStream>) -> Reply {
        let mut number = 0;
        self.seen.send_modify(|seen| {
            number = seen.paths.len();
            seen.paths.push(request.uri().path().to_owned());
            seen.authorities.push(request.uri().authority().unwrap().to_string());
        });
        (self.script)(number)
    }

    fn count(&self, under_way: &Mutex<i32>, by: i32) {
        let mut now = under_way.lock().unwrap();
        *now += by;
        self.seen.send_modify(|seen| seen.at_once = seen.at_once.max(usize::try_from(*now).unwrap()));
    }
}

/// What is left of an answer, on which the client may hang up.
enum Answered {
    Begun(SendStream<Bytes>),
    NotBegun(SendResponse<Bytes>),
    Over,
}

impl Answered {
    async fn watch(self, shared: &Shared) {
        let reset = match self {
            Self::Begun(mut stream) => std::future::poll_fn(|cx| stream.poll_reset(cx)).await,
            Self::NotBegun(mut respond) => std::future::poll_fn(|cx| respond.poll_reset(cx)).await,
            Self::Over => return,
        };
        if let Ok(reason) = reset {
            shared.seen.send_modify(|seen| seen.resets.push(reason));
        }
    }
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    reply: Reply,
    shared: &Shared,
) -> Answered {
    let mut upload = request.into_body();
    let mut length = 0;
    while let Some(Ok(piece)) = upload.data().await {
        length += piece.len();
        let _ = upload.flow_control().release_capacity(piece.len());
    }
    shared.seen.send_modify(|seen| seen.bodies.push(length));
    let (status, headers, body, is_whole) = match reply {
        Reply::Together(count) => {
            let _ = shared.seen.subscribe().wait_for(|seen| seen.at_once >= count).await;
            (200, Vec::new(), Bytes::from_static(b"ok"), true)
        }
        Reply::Answer(status, headers, body) => (status, headers, body, true),
        Reply::Unfinished(body) => (200, Vec::new(), body, false),
        Reply::Leave => (200, Vec::new(), Bytes::new(), true),
        Reply::Nothing => return Answered::NotBegun(respond),
        Reply::Reset(reason) => {
            respond.send_reset(reason);
            return Answered::Over;
        }
        Reply::Break => return Answered::Over,
    };
    let head = headers
        .into_iter()
        .fold(Response::builder().status(status), |head, (name, value)| head.header(name, value));
    let begun = respond.send_response(head.body(()).unwrap(), is_whole && body.is_empty());
    let Ok(mut stream) = begun else { return Answered::Over };
    // A stream that ends as it should is never reset, and to wait for that would have no end.
    if !body.is_empty() {
        let _ = stream.send_data(body, is_whole);
    }
    if is_whole { Answered::Over } else { Answered::Begun(stream) }
}

/// A frame (RFC 9113, section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// SETTINGS, with each setting's number and value.
pub(crate) fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (id, value) in settings {
        payload.extend(id.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(4, 0, 0, &payload)
}

/// What a raw server does on each connection.
#[derive(Debug, Clone)]
pub(crate) enum Raw {
    /// Says this at once, and then nothing more.
    Say(Vec<u8>),
    /// Says this at once, then closes.
    SayAndClose(Vec<u8>),
    /// Says the first at once, and the second again and again.
    ForEver(Vec<u8>, Vec<u8>),
    /// Says the first at once, and the second when a request has come.
    WhenAsked(Vec<u8>, Vec<u8>),
    /// The same, then closes.
    WhenAskedAndClose(Vec<u8>, Vec<u8>),
    /// The same, with the last of them again and again.
    WhenAskedForEver(Vec<u8>, Vec<u8>),
}

/// A raw server, until the returned value is dropped.
pub(crate) async fn raw(script: Raw) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut all = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            all.spawn(obey(stream, script.clone()));
        }
    });
    (address, serving)
}

async fn obey(mut stream: TcpStream, script: Raw) {
    let (Raw::Say(first)
    | Raw::SayAndClose(first)
    | Raw::ForEver(first, _)
    | Raw::WhenAsked(first, _)
    | Raw::WhenAskedAndClose(first, _)
    | Raw::WhenAskedForEver(first, _)) = &script;
    let _ = stream.write_all(first).await;
    match script {
        Raw::Say(_) => until_end(&mut stream).await,
        Raw::SayAndClose(_) => {
            // Closing with unread bytes would be a reset.
            let _ = stream.shutdown().await;
            until_end(&mut stream).await;
        }
        Raw::ForEver(_, more) => for_ever(stream, &more).await,
        Raw::WhenAsked(_, then) => {
            wait_for_request(&mut stream).await;
            let _ = stream.write_all(&then).await;
            until_end(&mut stream).await;
        }
        Raw::WhenAskedAndClose(_, then) => {
            wait_for_request(&mut stream).await;
            let _ = stream.write_all(&then).await;
            let _ = stream.shutdown().await;
            until_end(&mut stream).await;
        }
        Raw::WhenAskedForEver(_, then) => {
            wait_for_request(&mut stream).await;
            for_ever(stream, &then).await;
        }
    }
}

/// Reads and says at once, so that neither side waits for the other.
async fn for_ever(stream: TcpStream, more: &[u8]) {
    let (mut from, mut to) = stream.into_split();
    let many = more.repeat(1 + 16_384 / more.len());
    let mut nowhere = tokio::io::sink();
    tokio::select! {
        () = async { while to.write_all(&many).await.is_ok() {} } => {}
        _ = tokio::io::copy(&mut from, &mut nowhere) => {}
    }
}

async fn until_end(stream: &mut TcpStream) {
    let _ = tokio::io::copy(stream, &mut tokio::io::sink()).await;
}

/// Reads the preface, and frames until one of them is HEADERS.
async fn wait_for_request(stream: &mut TcpStream) {
    let mut preface = [0; 24];
    let _ = stream.read_exact(&mut preface).await;
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        let _ = stream.read_exact(&mut payload).await;
        if head[3] == 1 {
            return;
        }
    }
}
