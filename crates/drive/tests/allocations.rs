//! A request costs no allocation: a dose of many allocates as often as a dose of few.
#![expect(clippy::unwrap_used, reason = "a test may fail at any line")]

use std::alloc::System;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use drip_drive::{Load, Model, Pulse, Trust, Until, play};
use drip_model::{Body, Conduct, Origin, Part, Protocol, Scheme, Slot, Template, Text};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Answers whatever comes, without an allocation of its own. Its requests are small, so that each comes whole.
fn serve(mut stream: TcpStream) {
    let mut request = [0; 4096];
    while let Ok(1..) = stream.read(&mut request) {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
            .unwrap();
    }
}

fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
    address
}

/// Slots of every kind in every place.
fn template() -> Template {
    let slots = [Slot::Counter, Slot::Uuid, Slot::Hex, Slot::Word, Slot::Ip, Slot::Pad(9)];
    let text = Text([vec![Part::Literal(b"/".to_vec())], slots.map(Part::Slot).to_vec()].concat());
    let headers = vec![("x-key".to_owned(), text.clone())];
    Template { method: "POST".into(), target: text.clone(), headers, body: Body::Text(text) }
}

async fn allocations(address: SocketAddr, template: &Template, requests: u64) -> usize {
    let origin = Origin { scheme: Scheme::Http, host: address.ip().to_string(), port: address.port() };
    let load = Load {
        origin: &origin,
        endpoint: address.into(),
        template,
        seed: 1,
        // All counters have the same number of digits.
        first: 1_000_000,
        until: Until::Requests { count: requests, time_max: Duration::from_secs(60) },
        users: 1,
        threads: 1,
        model: Model::Closed,
        conduct: Conduct::Polite,
        protocol: Protocol::Http1,
        trust: &Trust::default(),
        request_time_max: Duration::from_secs(10),
    };
    let region = Region::new(COUNTING);
    let tally = play(&load, &Pulse::default(), &CancellationToken::new()).await;
    let stats = region.change();
    assert_eq!((tally.completed, tally.failed()), (requests, 0), "{tally:?}");
    stats.allocations + stats.reallocations
}

#[tokio::test]
async fn a_request_allocates_nothing() {
    let address = start();
    let constant = Template { method: "GET".into(), target: Text::literal("/"), ..Template::default() };
    for template in [constant, template()] {
        // What is made once in a process is made.
        allocations(address, &template, 10).await;
        let (few, many) =
            (allocations(address, &template, 100).await, allocations(address, &template, 20_100).await);
        // The threads of the test harness may allocate a little; 20,000 requests would be seen.
        assert!(many < few + 100, "{few} allocations for 100 requests, {many} for 20,100");
    }
}
