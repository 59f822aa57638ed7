//! As many requests as were asked for, each number once, and nothing left when it is over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use drip_drive::{Endpoint, Pulse, Until};
use drip_model::{Body, ErrorKind, Part, Slot, Text};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::scenario::{Scenario, numbered};
use crate::server::{Reply, Server, answer};

pub(crate) async fn each_number_is_sent_once(threads: u32) {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(server.address, 7, 500);
    scenario.template = numbered();
    scenario.threads = threads;
    scenario.first = 1000;
    let pulse = Pulse::default();
    let tally = scenario.play_until(&pulse, &CancellationToken::new()).await;

    assert_eq!(tally.completed, 500);
    assert_eq!(tally.statuses, BTreeMap::from([(200, 500)]));
    assert_eq!(tally.errors, BTreeMap::new());
    assert_eq!((tally.body_bytes, tally.bodies_cut), (1000, 0));
    assert_eq!(tally.latencies.iter().sum::<u64>(), 500);
    assert!(tally.latency_p50 > Duration::ZERO && tally.latency_p50 <= tally.latency_p99, "{tally:?}");
    assert_eq!((pulse.completed(), pulse.in_flight()), (500, 0));
    let expected: Vec<_> = (1000..1500).map(|n| format!("/{n}")).collect();
    assert_eq!(server.targets(), expected);
    assert_eq!(server.connections_when_all_ended().await, 7);
}

#[tokio::test]
async fn each_number_is_sent_once_on_one_thread() {
    each_number_is_sent_once(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_number_is_sent_once_on_two_threads() {
    each_number_is_sent_once(1).await;
}

#[tokio::test]
async fn a_body_and_its_headers_arrive_as_written() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(server.address, 1, 2);
    scenario.template.method = "POST".into();
    scenario.template.headers = vec![("X-Key".into(), Text(vec![Part::Slot(Slot::Counter)]))];
    scenario.template.body =
        Body::Text(Text(vec![Part::Literal(b"id=".to_vec()), Part::Slot(Slot::Counter)]));
    assert_eq!(scenario.play().await.completed, 2);

    let expected = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\nuser-agent: drip/{}\r\naccept: */*\r\n\
         content-type: application/x-www-form-urlencoded\r\nx-key: 1\r\ncontent-length: 4\r\n\r\nid=1",
        server.address,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(server.seen()[1], expected);
}

#[tokio::test]
async fn a_404_and_a_redirect_are_answers_and_nobody_follows() {
    let server = Server::start(|place| match place.overall % 2 {
        0 => Reply::status("404 Not Found"),
        _ => Reply::Send(answer("302 Found", "Location: /elsewhere\r\n")),
    })
    .await;
    let tally = Scenario::new(server.address, 1, 10).play().await;
    assert_eq!(tally.statuses, BTreeMap::from([(404, 5), (302, 5)]));
    assert_eq!(tally.failed(), 0);
    assert_eq!(server.targets(), vec!["/"; 10]);
}

#[tokio::test]
async fn more_users_than_requests_send_no_more_than_the_requests() {
    let server = Server::start(|_| Reply::ok()).await;
    assert_eq!(Scenario::new(server.address, 50, 3).play().await.completed, 3);
    assert_eq!(server.seen().len(), 3);
    assert_eq!(Scenario::new(server.address, 50, 0).play().await.completed, 0);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_dose_ends_when_its_time_has_passed() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(server.address, 3, 0);
    scenario.until = Until::Elapsed(Duration::from_millis(200));
    let tally = scenario.play().await;
    assert!((200..2000).contains(&tally.busy.as_millis()), "{:?}", tally.busy);
    assert_eq!(server.seen().len() as u64, tally.completed);
    assert_eq!(server.connections_when_all_ended().await, 3);

    scenario.until = Until::Requests { count: u64::MAX, time_max: Duration::from_millis(100) };
    let tally = scenario.play().await;
    assert!((100..2000).contains(&tally.busy.as_millis()), "{:?}", tally.busy);
}

#[tokio::test]
async fn a_cancelled_dose_finishes_what_is_in_flight_and_starts_nothing() {
    let server = Server::start(|_| Reply::Late(Duration::from_millis(300), answer("200 OK", ""))).await;
    let mut scenario = Scenario::new(server.address, 4, 1_000_000);
    scenario.template = numbered();
    let (pulse, stop) = (Pulse::default(), CancellationToken::new());
    let cancel = async {
        server.wait_for_requests(4).await;
        assert_eq!((pulse.completed(), pulse.in_flight()), (0, 4));
        stop.cancel();
        Instant::now()
    };
    let (tally, cancelled) = tokio::join!(scenario.play_until(&pulse, &stop), cancel);

    assert!(cancelled.elapsed() < Duration::from_secs(2), "{:?}", cancelled.elapsed());
    assert_eq!((tally.completed, tally.failed()), (4, 0));
    assert_eq!(server.targets(), ["/0", "/1", "/2", "/3"]);
    assert_eq!(server.connections_when_all_ended().await, 4);
}

#[tokio::test]
async fn a_dropped_load_leaves_no_connection_behind() {
    let server = Server::start(|_| Reply::SendAndHang(Vec::new())).await;
    let scenario = Scenario::new(server.address, 4, 100);
    let pulse = Pulse::default();
    let stop = CancellationToken::new();
    tokio::select! {
        _ = scenario.play_until(&pulse, &stop) => panic!("nobody answers"),
        () = server.wait_for_requests(4) => {}
    }
    assert_eq!(server.connections_when_all_ended().await, 4);
    assert_eq!(pulse.in_flight(), 0);
}

#[tokio::test]
async fn a_unix_socket_is_asked_as_any_address_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        for _ in 0..3 {
            while stream.read(&mut [0; 4096]).await.unwrap() == 0 {}
            stream.write_all(&answer("200 OK", "")).await.unwrap();
        }
        // It is closed when the load is over.
        assert_eq!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
    };
    let mut scenario = Scenario::new("127.0.0.1:1".parse().unwrap(), 1, 3);
    scenario.endpoint = Endpoint::Unix(path.clone());
    let (tally, ()) = tokio::join!(scenario.play(), serve);
    assert_eq!((tally.completed, tally.failed()), (3, 0), "{tally:?}");

    drop(listener);
    let refused = Scenario { endpoint: Endpoint::Unix(path), ..scenario }.play().await;
    assert_eq!(refused.errors, BTreeMap::from([(ErrorKind::Refused, 3)]), "{refused:?}");
}

#[tokio::test]
async fn a_template_that_cannot_be_sent_is_our_own_error() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(server.address, 5, 100);
    scenario.template.target = Text::literal("no slash");
    let tally = scenario.play().await;
    assert_eq!(tally.errors, BTreeMap::from([(ErrorKind::OurSide, 1)]));
    assert_eq!(tally.first_error.unwrap(), "request target \"no slash\" is not allowed in HTTP");
    assert_eq!(server.seen().len(), 0);
}
