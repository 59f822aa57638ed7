//! HTTP/2 as a user relies on it: as many requests at once as users, few connections, and counts that mean what they
//! mean over HTTP/1.1.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use drip_drive::{
    Answer, BODY_BYTES_MAX, FetchError, ProbeError, Pulse, Question, Roots, STREAMS_MAX, Trust, Versions,
    fetch, probe,
};
use drip_model::{Body, Conduct, ErrorKind, HangUp, Protocol, Scheme, Tally, Text, Trickle};
use h2::Reason;
use h2::server::Builder;
use tokio_util::sync::CancellationToken;

use crate::http2_server::{Reply, Seen, Server};
use crate::scenario::{Scenario, constant, numbered};
use crate::server;
use crate::tls::acceptor;

pub(crate) fn scenario(address: SocketAddr, users: u32, count: u64) -> Scenario {
    let mut scenario = Scenario::new(address, users, count);
    scenario.protocol = Protocol::Http2;
    scenario
}

async fn play(users: u32, count: u64, reply: Reply) -> (Tally, Server) {
    let server = Server::start(move |_| reply.clone()).await;
    let tally = scenario(server.address, users, count).play().await;
    (tally, server)
}

#[tokio::test]
async fn users_share_connections_and_every_request_is_counted_once() {
    let server = Server::start(|_| Reply::Together(STREAMS_MAX)).await;
    let mut asked = scenario(server.address, 25, 1000);
    asked.template = numbered();
    let pulse = Pulse::default();
    let tally = asked.play_until(&pulse, &CancellationToken::new()).await;
    assert_eq!((tally.completed, tally.failed(), tally.body_bytes), (1000, 0, 2000), "{tally:?}");
    assert_eq!((pulse.completed(), pulse.in_flight()), (1000, 0));
    let seen = server.when_all_ended().await;
    assert_eq!((seen.opened, seen.at_once), (3, STREAMS_MAX), "25 users are ten, ten and five");
    let mut paths: Vec<_> = seen.paths.iter().map(|path| path[1..].parse::<u32>().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(paths, (0..1000).collect::<Vec<_>>());
    assert!(seen.authorities.iter().all(|authority| *authority == server.address.to_string()));
}

#[tokio::test]
async fn a_service_that_takes_fewer_at_once_gets_more_connections_and_as_many_requests() {
    let mut builder = Builder::new();
    builder.max_concurrent_streams(3);
    let server = Server::with(builder, None, |_| Reply::Together(3)).await;
    let tally = scenario(server.address, 10, 500).play().await;
    assert_eq!((tally.completed, tally.failed()), (500, 0), "{tally:?}");
    let seen = server.when_all_ended().await;
    assert_eq!((seen.opened, seen.at_once), (4, 3));
}

#[tokio::test]
async fn statuses_and_the_first_request_of_each_are_counted() {
    let status = |n: usize| if n.is_multiple_of(4) { 500 } else { 200 };
    let server = Server::start(move |n| Reply::Answer(status(n), Vec::new(), Bytes::new())).await;
    let tally = scenario(server.address, 1, 40).play().await;
    assert_eq!(tally.statuses, [(200, 30), (500, 10)].into(), "{tally:?}");
    assert_eq!(tally.first_by_status, [(200, 1), (500, 0)].into());
}

#[tokio::test]
async fn arrivals_by_a_clock_are_kept() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut asked = scenario(server.address, 20, 200);
    asked.model = constant(1000.0);
    let tally = asked.play().await;
    assert_eq!((tally.completed, tally.failed()), (200, 0), "{tally:?}");
    assert!(tally.busy >= Duration::from_millis(199), "{:?}", tally.busy);
}

#[tokio::test]
async fn a_large_upload_arrives_whole_however_small_the_windows_are() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut asked = scenario(server.address, 4, 12);
    asked.template.method = "POST".into();
    asked.template.body = Body::Text(Text::literal("x".repeat(1_000_000)));
    let tally = asked.play().await;
    assert_eq!(tally.completed, 12, "{tally:?}");
    assert_eq!(server.when_all_ended().await.bodies, [1_000_000; 12]);
}

/// Those of the last requests may be lost with the connection, on which something was left unread.
fn only_cancelled(seen: &Seen, least: usize) {
    assert!(seen.resets.len() >= least, "{:?}", seen.resets);
    assert!(seen.resets.iter().all(|reason| *reason == Reason::CANCEL), "{:?}", seen.resets);
}

#[tokio::test]
async fn large_bodies_are_counted_and_dropped_and_larger_ones_are_cut() {
    let body = |length: u64| Reply::Answer(200, Vec::new(), vec![b'x'; length as usize].into());
    let (tally, _) = play(8, 40, body(900_000)).await;
    assert_eq!((tally.completed, tally.body_bytes, tally.bodies_cut), (40, 36_000_000, 0), "{tally:?}");
    let longer = Reply::Unfinished(vec![b'x'; 3 * BODY_BYTES_MAX as usize].into());
    let (tally, server) = play(2, 6, longer).await;
    assert_eq!((tally.completed, tally.bodies_cut), (6, 6), "{tally:?}");
    assert!(tally.body_bytes < 6 * 2 * BODY_BYTES_MAX, "{tally:?}");
    only_cancelled(&server.when_all_ended().await, 4);
}

#[tokio::test]
async fn each_request_has_a_connection_of_its_own() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut asked = scenario(server.address, 4, 20);
    asked.conduct = Conduct::FreshConnection;
    let tally = asked.play().await;
    assert_eq!((tally.completed, tally.failed()), (20, 0), "{tally:?}");
    assert_eq!(server.when_all_ended().await.opened, 20);
}

/// Plays 20 requests of 4 users with a body of 1000 bytes.
async fn behave(conduct: Conduct, reply: Reply) -> (Tally, Server) {
    let server = Server::start(move |_| reply.clone()).await;
    let mut asked = scenario(server.address, 4, 20);
    asked.template.method = "POST".into();
    asked.template.body = Body::Text(Text::literal("x".repeat(1000)));
    asked.conduct = conduct;
    let pulse = Pulse::default();
    let tally = asked.play_until(&pulse, &CancellationToken::new()).await;
    assert_eq!((tally.sent(), pulse.in_flight()), (20, 0), "{tally:?}");
    (tally, server)
}

#[tokio::test]
async fn a_download_is_hung_up_by_a_reset_of_its_stream_alone() {
    let long = Reply::Unfinished(vec![b'x'; 9000].into());
    let (tally, server) = behave(Conduct::HangUp(HangUp::Received(5000)), long).await;
    assert_eq!((tally.hung_up, tally.completed, tally.failed()), (20, 0, 0), "{tally:?}");
    let seen = server.when_all_ended().await;
    assert_eq!(seen.opened, 1);
    only_cancelled(&seen, 16);
    let (tally, _) = behave(Conduct::HangUp(HangUp::Received(5000)), Reply::ok()).await;
    assert_eq!((tally.hung_up, tally.completed), (0, 20), "{tally:?}");
}

#[tokio::test]
async fn an_upload_that_is_hung_up_never_arrives_whole() {
    let (tally, server) = behave(Conduct::HangUp(HangUp::Sent(600)), Reply::ok()).await;
    assert_eq!((tally.hung_up, tally.completed, tally.failed()), (20, 0, 0), "{tally:?}");
    let seen = server.when_all_ended().await;
    // What is reset before it was looked at, the server need not tell.
    assert!(seen.opened == 1 && seen.bodies.iter().all(|length| *length < 1000), "{seen:?}");
}

#[tokio::test]
async fn slow_clients_take_their_time_on_a_connection_of_their_own() {
    let pace = Trickle { bytes: 300, every: Duration::from_millis(20) };
    let (tally, server) = behave(Conduct::SlowWrite(pace), Reply::ok()).await;
    assert_eq!((tally.completed, server.when_all_ended().await.opened), (20, 4), "{tally:?}");
    assert!(tally.latency_p50 >= Duration::from_millis(60), "{tally:?}");
    let body = Reply::Answer(200, Vec::new(), vec![b'x'; 1200].into());
    let (tally, server) = behave(Conduct::SlowRead(pace), body).await;
    assert_eq!((tally.completed, server.when_all_ended().await.opened), (20, 4), "{tally:?}");
    assert_eq!(tally.body_bytes, 20 * 1200);
    assert!(tally.latency_p50 >= Duration::from_millis(60), "{tally:?}");
}

#[tokio::test]
async fn what_http_2_cannot_express_is_said_and_nothing_is_sent() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut asked = scenario(server.address, 1, 3);
    asked.conduct = Conduct::HalfOpen;
    let tally = asked.play().await;
    assert_eq!(tally.errors, [(ErrorKind::OurSide, 1)].into());
    assert!(tally.first_error.unwrap().contains("use --http 1.1"));
}

#[tokio::test]
async fn a_wait_that_the_service_asks_for_is_kept() {
    let asks = |n| match n {
        0 => Reply::Answer(429, vec![("retry-after", "1".into())], Bytes::new()),
        _ => Reply::ok(),
    };
    let server = Server::start(asks).await;
    let tally = scenario(server.address, 1, 2).play().await;
    assert_eq!(tally.statuses, [(200, 1), (429, 1)].into());
    assert!(tally.busy >= Duration::from_secs(1), "{:?}", tally.busy);
}

#[tokio::test]
async fn a_request_that_the_service_left_without_a_word_is_sent_once_more() {
    // Every tenth request is the last one of its connection.
    let server = Server::start(|n| if n % 10 == 9 { Reply::Break } else { Reply::ok() }).await;
    let tally = scenario(server.address, 1, 100).play().await;
    assert_eq!((tally.completed, tally.failed()), (100, 0), "{tally:?}");
    assert_eq!(tally.resent, 11, "{tally:?}");
}

#[tokio::test]
async fn a_connection_that_takes_its_leave_gets_no_new_request() {
    let server = Server::start(|n| if n % 10 == 9 { Reply::Leave } else { Reply::ok() }).await;
    let tally = scenario(server.address, 5, 200).play().await;
    assert_eq!((tally.completed, tally.failed()), (200, 0), "{tally:?}");
    let seen = server.when_all_ended().await;
    assert!((2..=21).contains(&seen.opened), "{seen:?}");
}

#[tokio::test]
async fn requests_without_an_answer_are_errors_by_their_kind() {
    let (tally, _) = play(2, 6, Reply::Reset(Reason::INTERNAL_ERROR)).await;
    assert_eq!(tally.errors, [(ErrorKind::Reset, 6)].into());
    let words = "stream reset by the service (INTERNAL_ERROR) after 0 bytes of the answer";
    assert_eq!(tally.first_error.as_deref(), Some(words));
    let (tally, _) = play(2, 6, Reply::Break).await;
    assert_eq!(tally.errors, [(ErrorKind::Reset, 6)].into(), "{tally:?}");
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let tally = scenario(nobody, 2, 6).play().await;
    assert_eq!(tally.errors, [(ErrorKind::Refused, 6)].into(), "{tally:?}");
}

#[tokio::test]
async fn a_request_that_is_never_answered_is_reset_in_time() {
    let server = Server::start(|_| Reply::Nothing).await;
    let mut asked = scenario(server.address, 4, 8);
    asked.request_time_max = Duration::from_millis(200);
    let tally = asked.play().await;
    assert_eq!(tally.errors, [(ErrorKind::Timeout, 8)].into(), "{tally:?}");
    assert_eq!(server.when_all_ended().await.resets, [Reason::CANCEL; 8]);
}

#[tokio::test]
async fn a_body_that_does_not_end_is_cut_in_time() {
    let server = Server::start(|_| Reply::Unfinished("some".into())).await;
    let mut asked = scenario(server.address, 2, 4);
    asked.request_time_max = Duration::from_millis(200);
    let tally = asked.play().await;
    assert_eq!((tally.completed, tally.bodies_cut, tally.failed()), (4, 4, 0), "{tally:?}");
}

pub(crate) fn tls_that_speaks(protocols: &[&[u8]]) -> (tokio_rustls::TlsAcceptor, Trust) {
    let (acceptor, pem) = acceptor(None);
    let mut config = (**acceptor.config()).clone();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (Arc::new(config).into(), Trust { roots: Roots::Own(pem), identity: None })
}

#[tokio::test]
async fn under_tls_the_protocol_is_agreed_on() {
    let (tls, trust) = tls_that_speaks(&[b"h2"]);
    let server = Server::with(Builder::new(), Some(tls), |_| Reply::ok()).await;
    let mut asked = scenario(server.address, 12, 300);
    (asked.scheme, asked.trust) = (Scheme::Https, trust);
    let tally = asked.play().await;
    assert_eq!((tally.completed, tally.failed()), (300, 0), "{tally:?}");
    assert_eq!(server.when_all_ended().await.opened, 2);
    asked.protocol = Protocol::Http1;
    let tally = asked.play().await;
    assert_eq!(tally.errors, [(ErrorKind::Tls, 300)].into(), "{tally:?}");
}

async fn ask(address: SocketAddr, scheme: Scheme, trust: &Trust) -> Result<Answer, ProbeError> {
    let mut asked = Scenario::new(address, 1, 1);
    asked.scheme = scheme;
    let time_max = Duration::from_secs(5);
    let origin = asked.origin();
    let question = Question { origin: &origin, endpoint: address.into(), trust, path: "/", time_max };
    probe(&question, Versions::Either).await
}

#[tokio::test]
async fn a_service_that_speaks_only_http_2_is_found_without_being_told() {
    let reply = || Reply::Answer(204, vec![("server", "toy".into())], Bytes::new());
    let server = Server::start(move |_| reply()).await;
    let heard = ask(server.address, Scheme::Http, &Trust::default()).await.unwrap();
    assert_eq!((heard.protocol, heard.status), (Protocol::Http2, 204));
    assert!(heard.headers.contains(&("server".into(), "toy".into())), "{heard:?}");
    let (tls, trust) = tls_that_speaks(&[b"h2"]);
    let server = Server::with(Builder::new(), Some(tls), move |_| reply()).await;
    let heard = ask(server.address, Scheme::Https, &trust).await.unwrap();
    assert_eq!((heard.protocol, heard.status), (Protocol::Http2, 204));
}

#[tokio::test]
async fn a_service_that_speaks_http_1_is_asked_in_it() {
    let server = server::Server::start(|_| server::Reply::ok()).await;
    let heard = ask(server.address, Scheme::Http, &Trust::default()).await.unwrap();
    assert_eq!((heard.protocol, heard.status), (Protocol::Http1, 200));
    let other = server::Server::start(|_| server::Reply::SendAndClose(b"220 mail\r\n".to_vec())).await;
    let error = ask(other.address, Scheme::Http, &Trust::default()).await.unwrap_err();
    assert!(matches!(error, ProbeError::NotHttp(_)), "{error:?}");
}

#[tokio::test]
async fn a_document_is_had_from_a_service_that_speaks_only_http_2() {
    let document = |n| match n {
        0 => Reply::Answer(200, Vec::new(), vec![b'x'; 200_000].into()),
        _ => Reply::Answer(302, vec![("location", "http://evil.test/".into())], Bytes::new()),
    };
    let server = Server::start(document).await;
    let origin = Scenario::new(server.address, 1, 1).origin();
    let trust = Trust::default();
    let fetched = || fetch(&origin, server.address, &trust, "/openapi.json", 1 << 20);
    assert_eq!(fetched().await.unwrap().len(), 200_000);
    assert!(matches!(fetched().await, Err(FetchError::Status(302))));
    assert_eq!(server.when_all_ended().await.paths, ["/openapi.json"; 2]);
}

#[tokio::test]
async fn a_dose_that_is_stopped_ends_at_once() {
    let server = Server::start(|_| Reply::Nothing).await;
    let stop = CancellationToken::new();
    let asked = scenario(server.address, 20, 100);
    let pulse = Pulse::default();
    let playing = asked.play_until(&pulse, &stop);
    let stopping = async {
        server.when(|seen| seen.paths.len() == 20).await;
        stop.cancel();
    };
    let (tally, ()) = tokio::join!(playing, stopping);
    assert_eq!(tally.errors, [(ErrorKind::Timeout, 20)].into(), "{tally:?}");
    server.when_all_ended().await;
}
