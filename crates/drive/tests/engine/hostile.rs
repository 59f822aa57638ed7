//! Servers that mean harm, or know no better: each dose ends on time, and its counts say what happened.

use std::time::{Duration, Instant};

use drip_drive::{BODY_BYTES_MAX, Until};
use drip_model::{Body, ErrorKind, Tally, Text};

use crate::scenario::Scenario;
use crate::server::{Reply, Server, answer};

/// Time for one request in these tests.
const TIME_MAX: Duration = Duration::from_millis(300);

/// Plays 6 requests of 2 users, each answered so, within the time that they may take.
async fn play(reply: Reply) -> Tally {
    let server = Server::start(move |_| reply.clone()).await;
    let mut scenario = Scenario::new(server.address, 2, 6);
    scenario.request_time_max = TIME_MAX;
    let start = Instant::now();
    let tally = scenario.play().await;
    // Three requests of a user take at most their time each, and a pause after each error.
    assert!(start.elapsed() < 3 * TIME_MAX + Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(tally.sent(), 6, "{tally:?}");
    server.connections_when_all_ended().await;
    tally
}

async fn check_error(reply: Reply, kind: ErrorKind) {
    let tally = play(reply).await;
    assert_eq!(tally.errors, [(kind, 6)].into(), "{tally:?}");
    assert!(tally.examples.contains_key(&kind), "{tally:?}");
}

/// The answer counts, and is cut.
async fn check_cut(reply: Reply) -> Tally {
    let tally = play(reply).await;
    assert_eq!((tally.completed, tally.bodies_cut), (6, 6), "{tally:?}");
    tally
}

fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes()
}

fn with_body(headers: &str, length: usize) -> Vec<u8> {
    let mut answer = head(headers);
    answer.resize(answer.len() + length, b'x');
    answer
}

#[tokio::test]
async fn one_that_never_answers() {
    check_error(Reply::SendAndHang(Vec::new()), ErrorKind::Timeout).await;
}

#[tokio::test]
async fn one_that_answers_a_byte_at_a_time() {
    let every = Duration::from_millis(50);
    check_error(Reply::OneByOne(every, answer("200 OK", "")), ErrorKind::Timeout).await;
}

#[tokio::test]
async fn a_head_without_end() {
    check_error(Reply::SendForEver(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), ErrorKind::BadAnswer).await;
    check_error(Reply::SendForEver(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()), ErrorKind::BadAnswer).await;
}

#[tokio::test]
async fn a_body_without_end() {
    let tally = check_cut(Reply::SendForEver(with_body("", 100_000))).await;
    assert!(tally.body_bytes < 6 * 2 * BODY_BYTES_MAX, "{tally:?}");
}

#[tokio::test]
async fn a_compressed_body_is_counted_as_it_comes() {
    // A gibibyte of zeros is a mebibyte in gzip: it is what comes that counts, and nothing is inflated.
    let tally =
        play(Reply::Send(with_body("Content-Encoding: gzip\r\nContent-Length: 1000000\r\n", 1_000_000)))
            .await;
    assert_eq!((tally.completed, tally.body_bytes), (6, 6_000_000), "{tally:?}");
}

#[tokio::test]
async fn a_length_that_promises_too_much() {
    check_error(Reply::SendAndClose(with_body("Content-Length: 10\r\n", 5)), ErrorKind::Reset).await;
    check_cut(Reply::SendAndHang(with_body("Content-Length: 10\r\n", 5))).await;
}

#[tokio::test]
async fn a_length_that_promises_too_little() {
    let tally = play(Reply::Send(with_body("Content-Length: 5\r\n", 10))).await;
    assert_eq!((tally.completed, tally.unsolicited, tally.body_bytes), (6, 6, 30), "{tally:?}");
}

#[tokio::test]
async fn two_answers_for_one_request() {
    let tally = play(Reply::Send([answer("200 OK", ""), answer("500 No", "")].concat())).await;
    assert_eq!((tally.completed, tally.unsolicited), (6, 6), "{tally:?}");
    assert_eq!(tally.statuses, [(200, 6)].into());
}

#[tokio::test]
async fn garbage() {
    check_error(Reply::SendForEver(vec![0xFF; 1000]), ErrorKind::BadAnswer).await;
    check_error(Reply::SendAndClose(vec![0]), ErrorKind::BadAnswer).await;
}

#[tokio::test]
async fn a_reset_in_every_state() {
    let whole = answer("200 OK", "");
    for length in [0, 1, 10, whole.len() - 3, whole.len() - 1] {
        check_error(Reply::SendAndReset(whole[..length].to_vec()), ErrorKind::Reset).await;
    }
    // What is whole was answered, whatever became of its connection.
    assert_eq!(play(Reply::SendAndReset(answer("200 OK", "Connection: close\r\n"))).await.sent(), 6);
}

#[tokio::test]
async fn an_early_answer_to_an_upload_that_nobody_reads() {
    let server = Server::refusing_uploads(answer("413 Too Large", "")).await;
    let mut scenario = Scenario::new(server.address, 2, 6);
    scenario.template.method = "POST".into();
    scenario.template.body = Body::Text(Text::literal("x".repeat(8_000_000)));
    scenario.request_time_max = Duration::from_secs(2);
    let tally = scenario.play().await;
    assert_eq!(tally.statuses, [(413, 6)].into(), "{tally:?}");
}

#[tokio::test]
async fn redirects_in_a_circle() {
    let tally = play(Reply::Send(answer("302 Found", "Location: /\r\n"))).await;
    assert_eq!(tally.statuses, [(302, 6)].into(), "{tally:?}");
}

#[tokio::test]
async fn a_hundred_thousand_refused_connections() {
    let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut scenario = Scenario::new(address, 1000, 100_000);
    scenario.until = Until::Requests { count: 100_000, time_max: Duration::from_secs(20) };
    let tally = scenario.play().await;
    assert_eq!(tally.errors.into_keys().collect::<Vec<_>>(), [ErrorKind::Refused]);
    assert!(tally.busy < Duration::from_secs(10), "{:?}", tally.busy);
}
