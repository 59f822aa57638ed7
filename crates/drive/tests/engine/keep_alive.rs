//! One connection for each user, kept as long as the service keeps it, and no error when it does not.

use drip_model::{ErrorKind, Tally};

use crate::scenario::{Scenario, numbered};
use crate::server::{Place, Reply, Server, answer};

/// Plays 30 requests of 3 users and gives the tally and the number of connections.
async fn play(script: impl Fn(Place) -> Reply + Send + Sync + 'static) -> (Tally, usize) {
    let server = Server::start(script).await;
    let mut scenario = Scenario::new(server.address, 3, 30);
    scenario.template = numbered();
    let tally = scenario.play().await;
    (tally, server.connections_when_all_ended().await)
}

fn assert_all_answered(tally: &Tally) {
    assert_eq!((tally.completed, tally.failed()), (30, 0), "{tally:?}");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (tally, connections) = play(|_| Reply::ok()).await;
    assert_all_answered(&tally);
    assert_eq!(connections, 3);
}

#[tokio::test]
async fn an_answer_that_announces_the_end_is_followed_by_a_new_connection() {
    let (tally, connections) = play(|_| Reply::SendAndClose(answer("200 OK", "Connection: close\r\n"))).await;
    assert_all_answered(&tally);
    assert_eq!(connections, 30);
}

#[tokio::test]
async fn an_http_1_0_answer_that_ends_with_its_connection_is_whole() {
    let (tally, connections) = play(|_| Reply::SendAndClose(b"HTTP/1.0 200 OK\r\n\r\nhello".to_vec())).await;
    assert_all_answered(&tally);
    assert_eq!((tally.body_bytes, tally.bodies_cut), (150, 0));
    assert_eq!(connections, 30);
}

#[tokio::test]
async fn a_connection_that_is_closed_while_idle_is_no_error() {
    let (tally, connections) = play(|_| Reply::SendAndClose(answer("200 OK", ""))).await;
    assert_all_answered(&tally);
    assert_eq!(connections, 30);
}

#[tokio::test]
async fn a_kept_connection_that_is_closed_in_the_face_of_a_request_is_no_error() {
    let (tally, connections) = play(|place| match place.on_connection {
        0 => Reply::ok(),
        _ => Reply::SendAndClose(Vec::new()),
    })
    .await;
    assert_all_answered(&tally);
    assert_eq!(connections, 30);
}

#[tokio::test]
async fn a_new_connection_that_is_closed_without_an_answer_is_an_error_each_time() {
    let (tally, connections) = play(|_| Reply::SendAndClose(Vec::new())).await;
    assert_eq!((tally.completed, tally.errors.get(&ErrorKind::Reset)), (0, Some(&30)));
    assert_eq!(connections, 30);
}
