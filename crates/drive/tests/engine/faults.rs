//! What goes wrong is counted under its name, and everything has an end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use drip_drive::{BODY_BYTES_MAX, ERRORS_IN_A_ROW_MAX};
use drip_model::{ErrorKind, Tally};
use tokio::net::TcpListener;

use crate::scenario::Scenario;
use crate::server::{Reply, Server};

/// Plays 4 requests of 2 users, each with this reply.
async fn play(reply: Reply) -> Tally {
    let server = Server::start(move |_| reply.clone()).await;
    let mut scenario = Scenario::new(server.address, 2, 4);
    scenario.request_time_max = Duration::from_millis(300);
    let tally = scenario.play().await;
    server.connections_when_all_ended().await;
    tally
}

async fn check(reply: Reply, kind: ErrorKind, words: &str) {
    let tally = play(reply).await;
    assert_eq!(tally.errors, BTreeMap::from([(kind, 4)]), "{tally:?}");
    assert_eq!(tally.completed, 0);
    assert!(tally.first_error.as_ref().unwrap().contains(words), "{tally:?}");
}

async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn nobody_listens() {
    let address = nobody().await;
    let tally = Scenario::new(address, 2, 4).play().await;
    assert_eq!(tally.errors, BTreeMap::from([(ErrorKind::Refused, 4)]));
    assert!(tally.first_error.unwrap().starts_with(&format!("connecting to {address}: ")));
}

#[tokio::test]
async fn a_dead_service_is_given_up_long_before_all_requests_are_wasted_on_it() {
    let tally = Scenario::new(nobody().await, 100, 1_000_000).play().await;
    assert!((ERRORS_IN_A_ROW_MAX..ERRORS_IN_A_ROW_MAX + 100).contains(&tally.failed()), "{}", tally.failed());
    // Ten errors of each user have nine pauses of 10 ms between them.
    assert!((90..5000).contains(&tally.busy.as_millis()), "{:?}", tally.busy);
}

#[tokio::test]
async fn the_connection_ends_in_the_middle_of_a_body() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
    check(Reply::SendAndClose(half), ErrorKind::Reset, "").await;
}

#[tokio::test]
async fn the_connection_ends_in_the_middle_of_a_head() {
    check(Reply::SendAndClose(b"HTTP/1.1 200 O".to_vec()), ErrorKind::Reset, "").await;
}

#[tokio::test]
async fn nothing_is_ever_answered() {
    let start = Instant::now();
    check(Reply::SendAndHang(Vec::new()), ErrorKind::Timeout, "no answer within 0.3 s").await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_head_is_never_finished() {
    check(Reply::SendAndHang(b"HTTP/1.1 200 OK\r\nX".to_vec()), ErrorKind::Timeout, "no answer within").await;
}

#[tokio::test]
async fn a_head_of_a_mebibyte() {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    while head.len() < 1024 * 1024 {
        head.extend_from_slice(
            b"x-filler: 0123456789012345678901234567890123456789\r\n".repeat(10).as_slice(),
        );
    }
    check(Reply::SendAndHang(head), ErrorKind::BadAnswer, "answer head").await;

    let mut one_line = b"HTTP/1.1 200 OK\r\nx-long: ".to_vec();
    one_line.resize(1024 * 1024, b'x');
    check(Reply::SendAndHang(one_line), ErrorKind::BadAnswer, "answer head over 64 KiB").await;
}

#[tokio::test]
async fn more_headers_than_we_take() {
    let head =
        |count: usize| format!("HTTP/1.1 204 No Content\r\n{}\r\n", "a: b\r\n".repeat(count)).into_bytes();
    assert_eq!(play(Reply::Send(head(256))).await.completed, 4);
    check(Reply::Send(head(257)), ErrorKind::BadAnswer, "answer head with more than 256 headers").await;
}

#[tokio::test]
async fn garbage_instead_of_http() {
    check(Reply::SendAndHang(b"SSH-2.0-OpenSSH_9.7\r\n".to_vec()), ErrorKind::BadAnswer, "not HTTP").await;
}

#[tokio::test]
async fn malformed_chunks() {
    let bad = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec();
    check(Reply::SendAndHang(bad), ErrorKind::BadAnswer, "").await;
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_bound() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(256 * 1024, b'x');
    let tally = play(Reply::SendForEver(endless)).await;
    assert_eq!((tally.completed, tally.bodies_cut, tally.failed()), (4, 4, 0));
    // One read more than the bound at most.
    assert!((4 * BODY_BYTES_MAX..5 * BODY_BYTES_MAX).contains(&tally.body_bytes), "{}", tally.body_bytes);
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_when_the_time_is_over() {
    let tally = play(Reply::SendAndHang(b"HTTP/1.1 200 OK\r\n\r\nevent: 1\n".to_vec())).await;
    assert_eq!((tally.completed, tally.bodies_cut, tally.failed()), (4, 4, 0));
    assert_eq!(tally.body_bytes, 4 * 9);
}

#[tokio::test]
async fn a_body_of_exactly_the_bound_is_whole() {
    let mut whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY_BYTES_MAX}\r\n\r\n").into_bytes();
    whole.resize(whole.len() + usize::try_from(BODY_BYTES_MAX).unwrap(), b'x');
    let server = Server::start(move |_| Reply::Send(whole.clone())).await;
    let tally = Scenario::new(server.address, 1, 4).play().await;
    assert_eq!((tally.completed, tally.bodies_cut, tally.body_bytes), (4, 0, 4 * BODY_BYTES_MAX));
    assert_eq!(server.connections_when_all_ended().await, 1);
}

#[tokio::test]
async fn an_error_among_answers_does_not_stop_the_dose() {
    let server = Server::start(|place| match place.overall % 3 {
        0 => Reply::SendAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".to_vec()),
        _ => Reply::ok(),
    })
    .await;
    let tally = Scenario::new(server.address, 1, 30).play().await;
    assert_eq!((tally.completed, tally.errors.get(&ErrorKind::Reset)), (20, Some(&10)), "{tally:?}");
}
