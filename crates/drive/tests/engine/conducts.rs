//! Impolite clients do what their conduct says and are counted as such.

use std::time::Duration;

use drip_drive::Pulse;
use drip_model::{Body, Conduct, ErrorKind, HangUp, Tally, Text, Trickle};
use tokio_util::sync::CancellationToken;

use crate::scenario::Scenario;
use crate::server::{Reply, Server, answer};

/// Plays 20 requests of 4 users with a body of 1000 bytes; the tally, and how many connections there were.
async fn play(conduct: Conduct, reply: Reply) -> (Tally, usize, Server) {
    let server = Server::start(move |_| reply.clone()).await;
    let mut scenario = Scenario::new(server.address, 4, 20);
    scenario.template.method = "POST".into();
    scenario.template.body = Body::Text(Text::literal("x".repeat(1000)));
    scenario.conduct = conduct;
    let pulse = Pulse::default();
    let tally = scenario.play_until(&pulse, &CancellationToken::new()).await;
    assert_eq!((tally.sent(), pulse.completed(), pulse.in_flight()), (20, tally.completed, 0));
    let connections = server.connections_when_ended(if conduct.is_single_use() { 20 } else { 4 }).await;
    (tally, connections, server)
}

fn trickle(bytes: usize, every_ms: u64) -> Trickle {
    Trickle { bytes, every: Duration::from_millis(every_ms) }
}

#[tokio::test]
async fn each_request_has_a_connection_of_its_own() {
    let (tally, connections, server) = play(Conduct::FreshConnection, Reply::ok()).await;
    assert_eq!((tally.completed, connections), (20, 20), "{tally:?}");
    assert!(server.seen().iter().all(|request| request.contains("\r\nconnection: close\r\n")));
}

#[tokio::test]
async fn an_upload_that_is_hung_up_never_arrives_whole() {
    let (tally, connections, server) = play(Conduct::HangUp(HangUp::Sent(500)), Reply::ok()).await;
    assert_eq!((tally.hung_up, tally.completed, tally.failed()), (20, 0, 0), "{tally:?}");
    assert_eq!((connections, server.seen().len()), (20, 0));
}

#[tokio::test]
async fn whoever_hangs_up_after_the_request_does_not_wait_for_the_answer() {
    let (tally, _, server) = play(Conduct::HangUp(HangUp::Sent(usize::MAX)), Reply::ok()).await;
    assert_eq!((tally.hung_up, tally.completed), (20, 0), "{tally:?}");
    assert_eq!(server.seen().len(), 20);
}

#[tokio::test]
async fn a_download_is_hung_up_in_the_middle_unless_it_is_whole_by_then() {
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{}", "x".repeat(9000)).into_bytes();
    let (tally, connections, _) = play(Conduct::HangUp(HangUp::Received(5000)), Reply::Send(long)).await;
    assert_eq!((tally.hung_up, tally.completed, connections), (20, 0, 20), "{tally:?}");
    let (tally, ..) = play(Conduct::HangUp(HangUp::Received(5000)), Reply::ok()).await;
    assert_eq!((tally.hung_up, tally.completed), (0, 20), "{tally:?}");
}

#[tokio::test]
async fn a_slow_upload_takes_its_time_and_arrives_whole() {
    let (tally, connections, server) = play(Conduct::SlowWrite(trickle(300, 20)), Reply::ok()).await;
    assert_eq!((tally.completed, connections), (20, 4), "{tally:?}");
    // About 1150 bytes are four pieces and three pauses, five times for each user.
    assert!(tally.latency_p50 >= Duration::from_millis(60), "{tally:?}");
    assert!(server.seen().iter().all(|request| request.ends_with(&"x".repeat(1000))));
}

#[tokio::test]
async fn a_slow_reader_takes_its_time_and_gets_the_whole_answer() {
    let body = "x".repeat(400);
    let reply = Reply::Send(format!("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{body}").into_bytes());
    let (tally, connections, _) = play(Conduct::SlowRead(trickle(100, 20)), reply).await;
    assert_eq!((tally.completed, tally.body_bytes, connections), (20, 20 * 400, 4), "{tally:?}");
    assert!(tally.latency_p50 >= Duration::from_millis(80), "{tally:?}");
}

#[tokio::test]
async fn on_a_half_open_connection_the_answer_still_comes() {
    let late = Reply::Late(Duration::from_millis(20), answer("200 OK", ""));
    let (tally, connections, server) = play(Conduct::HalfOpen, late).await;
    assert_eq!((tally.completed, connections, server.seen().len()), (20, 20, 20), "{tally:?}");
}

#[tokio::test]
async fn a_slow_request_has_no_more_time_than_any_other() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(server.address, 2, 2);
    scenario.conduct = Conduct::SlowWrite(trickle(1, 50));
    scenario.request_time_max = Duration::from_millis(200);
    let tally = scenario.play().await;
    assert_eq!(tally.errors, [(ErrorKind::Timeout, 2)].into(), "{tally:?}");
    assert_eq!(server.connections_when_all_ended().await, 2);
}

#[tokio::test]
async fn a_slow_reader_that_was_cut_asks_once_and_not_twice() {
    let server = Server::start(|_| Reply::SendAndHang(b"HTTP/1.1 200 OK\r\n\r\nxxxxxxxx".to_vec())).await;
    let mut scenario = Scenario::new(server.address, 2, 12);
    scenario.conduct = Conduct::SlowRead(trickle(20, 70));
    scenario.request_time_max = Duration::from_millis(100);
    let pulse = Pulse::default();
    let tally = scenario.play_until(&pulse, &CancellationToken::new()).await;
    assert_eq!((tally.completed, tally.bodies_cut, tally.failed()), (12, 12, 0), "{tally:?}");
    assert_eq!((pulse.in_flight(), server.seen().len()), (0, 12));
    assert_eq!(server.connections_when_ended(12).await, 12);
}
