//! What hostile servers cost in memory: floods without end, and the most that this process ever held.
//!
//! A program of its own, since the peak belongs to a whole process.
#![expect(clippy::unwrap_used, reason = "a test may fail at any line")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use drip_drive::{Load, Model, Pulse, Trust, Until, play};
use drip_model::{Conduct, Origin, Protocol, Scheme, Tally, Template, Text};
use tokio_util::sync::CancellationToken;

/// What a load may hold, besides what each connection may.
const LOAD_BYTES_MAX: u64 = 20_000_000;
const CONNECTION_BYTES_MAX: u64 = 16 * 1024;

const USERS: u32 = 50;
const REQUESTS: u64 = 100;

/// A flood: what is said first, when a request has come, and then again and again.
struct Flood {
    name: &'static str,
    protocol: Protocol,
    first: Vec<u8>,
    then: Vec<u8>,
    for_ever: Vec<u8>,
}

fn floods() -> Vec<Flood> {
    let http1 = |name, then: &str, for_ever: &str| Flood {
        name,
        protocol: Protocol::Http1,
        first: Vec::new(),
        then: then.into(),
        for_ever: for_ever.into(),
    };
    let http2 = |name, then: Vec<u8>, for_ever| Flood {
        name,
        protocol: Protocol::Http2,
        first: frame(4, 0, 0, &[]),
        then,
        for_ever,
    };
    // `:status` 200 and 100.
    let (ok, interim) = (frame(1, 4, 1, &[0x88]), frame(1, 4, 1, &[0x08, 3, b'1', b'0', b'0']));
    vec![
        http1("a head without end", "HTTP/1.1 200 OK\r\nX: ", "x"),
        http1("interim answers without end", "", "HTTP/1.1 100 Continue\r\n\r\n"),
        http1("a body without end", "HTTP/1.1 200 OK\r\n\r\n", "x"),
        http1(
            "an extension of a chunk without end",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            "x",
        ),
        http2("SETTINGS without end", Vec::new(), frame(4, 0, 0, &[0, 4, 0, 1, 0, 0])),
        http2("PING without end", Vec::new(), frame(6, 0, 0, &[7; 8])),
        http2("RST_STREAM without end", Vec::new(), frame(3, 0, 1, &[0, 0, 0, 8])),
        http2("heads of HTTP/2 without end", frame(1, 0, 1, &[0x88]), frame(9, 0, 1, &[0x00; 100])),
        http2("interim answers over HTTP/2 without end", Vec::new(), interim),
        http2("a body in crumbs without end", ok.clone(), frame(0, 0, 1, b"x")),
        http2("a body of HTTP/2 without end", ok, frame(0, 0, 1, &[b'x'; 16_000])),
    ]
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn start(flood: &Flood) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let block = flood.for_ever.repeat(1 + 16_384 / flood.for_ever.len());
    let (protocol, first, then) = (flood.protocol, flood.first.clone(), flood.then.clone());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (first, then, block) = (first.clone(), then.clone(), block.clone());
            thread::spawn(move || drown(stream.unwrap(), protocol, &first, &then, &block));
        }
    });
    address
}

/// Reads on while it writes, so that nothing on our side is full.
fn drown(mut stream: TcpStream, protocol: Protocol, first: &[u8], then: &[u8], block: &[u8]) {
    let _ = stream.write_all(first);
    if !has_asked(&mut stream, protocol) {
        return;
    }
    let mut ears = stream.try_clone().unwrap();
    thread::spawn(move || std::io::copy(&mut ears, &mut std::io::sink()));
    if stream.write_all(then).is_ok() {
        while stream.write_all(block).is_ok() {}
    }
}

/// Waits for a request; whether one came. Over HTTP/2 it is the first frame of HEADERS.
fn has_asked(stream: &mut TcpStream, protocol: Protocol) -> bool {
    if protocol == Protocol::Http1 {
        return stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0);
    }
    let (mut preface, mut head) = ([0; 24], [0; 9]);
    let _ = stream.read_exact(&mut preface);
    while stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        let _ = stream.read_exact(&mut payload);
        if head[3] == 1 {
            return true;
        }
    }
    false
}

async fn suffer(flood: &Flood) -> Tally {
    let address = start(flood);
    let origin = Origin { scheme: Scheme::Http, host: address.ip().to_string(), port: address.port() };
    let load = Load {
        origin: &origin,
        endpoint: address.into(),
        template: &Template { method: "GET".into(), target: Text::literal("/"), ..Template::default() },
        seed: 1,
        first: 0,
        until: Until::Requests { count: REQUESTS, time_max: Duration::from_secs(60) },
        users: USERS,
        threads: 1,
        model: Model::Closed,
        conduct: Conduct::Polite,
        protocol: flood.protocol,
        trust: &Trust::default(),
        request_time_max: Duration::from_millis(300),
    };
    play(&load, &Pulse::default(), &CancellationToken::new()).await
}

/// The most that this process ever held, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn no_flood_makes_a_load_hold_more_than_it_may() {
    let before = peak();
    for flood in floods() {
        let tally = suffer(&flood).await;
        assert_eq!(tally.sent(), REQUESTS, "{}: {tally:?}", flood.name);
        let held = peak() - before;
        // The servers are in this process too, and have a few threads each.
        let most = LOAD_BYTES_MAX + u64::from(USERS) * CONNECTION_BYTES_MAX;
        assert!(held < most, "{}: {held} bytes, {tally:?}", flood.name);
    }
}
