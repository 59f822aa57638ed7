//! Over a million requests with aborts among them, on one thread and on two, what is counted is what the server did, to the last one.
#![expect(clippy::unwrap_used, reason = "a test may fail at any line")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use drip_drive::{Load, Model, Pulse, Trust, Until, play};
use drip_model::{Conduct, ErrorKind, Origin, Protocol, Scheme, Template, Text};
use tokio_util::sync::CancellationToken;

const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

/// What the server did.
#[derive(Debug, Default)]
struct Done {
    requests: AtomicU64,
    answered: AtomicU64,
    /// Hung up without a byte.
    silent: AtomicU64,
    /// Hung up within an answer.
    broken: AtomicU64,
}

/// One request in a thousand is not answered, in one of three ways; another one is the last of its connection.
fn serve(mut stream: TcpStream, done: &Done) {
    // Requests are small and never overlap, so that each comes whole.
    while let Ok(1..) = stream.read(&mut [0; 4096]) {
        let n = done.requests.fetch_add(1, Relaxed);
        let (answer, count): (&[u8], _) = match n % 4000 {
            0 => (b"", &done.silent),
            1000 => (&WHOLE[..10], &done.broken),
            2000 => (&WHOLE[..WHOLE.len() - 1], &done.broken),
            3000 => (LAST, &done.answered),
            _ => (WHOLE, &done.answered),
        };
        stream.write_all(answer).unwrap();
        count.fetch_add(1, Relaxed);
        if n.is_multiple_of(1000) {
            return;
        }
    }
}

fn start(done: &Arc<Done>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, done) = (listener.local_addr().unwrap(), Arc::clone(done));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let done = Arc::clone(&done);
            thread::spawn(move || serve(stream.unwrap(), &done));
        }
    });
    address
}

#[tokio::test]
async fn a_million_requests_are_counted_as_the_server_counts_them() {
    are_counted_as_the_server_counts_them(1_000_000, 1).await;
}

#[tokio::test]
async fn what_two_threads_send_is_counted_as_the_server_counts_it() {
    are_counted_as_the_server_counts_them(200_000, 2).await;
}

async fn are_counted_as_the_server_counts_them(requests: u64, threads: u32) {
    let done = Arc::new(Done::default());
    let address = start(&done);
    let origin = Origin { scheme: Scheme::Http, host: address.ip().to_string(), port: address.port() };
    let template = Template { method: "GET".into(), target: Text::literal("/"), ..Template::default() };
    let load = Load {
        origin: &origin,
        endpoint: address.into(),
        template: &template,
        seed: 1,
        first: 0,
        until: Until::Requests { count: requests, time_max: Duration::from_secs(600) },
        users: 16,
        threads,
        model: Model::Closed,
        conduct: Conduct::Polite,
        protocol: Protocol::Http1,
        trust: &Trust::default(),
        request_time_max: Duration::from_secs(30),
    };
    let tally = play(&load, &Pulse::default(), &CancellationToken::new()).await;

    let count = |of: &AtomicU64| of.load(Relaxed);
    assert_eq!(tally.sent(), requests, "{tally:?}");
    assert_eq!(tally.completed, count(&done.answered), "{tally:?} {done:?}");
    // A silent end of a kept connection is followed by the request once more; on a new connection it is an error.
    let aborted = tally.failed() + tally.resent;
    assert_eq!(aborted, count(&done.silent) + count(&done.broken), "{tally:?} {done:?}");
    assert!(tally.errors.keys().all(|kind| *kind == ErrorKind::Reset), "{tally:?}");
    assert!(tally.failed() >= count(&done.broken), "{tally:?} {done:?}");
    assert_eq!(tally.body_bytes, 2 * tally.completed);
}
