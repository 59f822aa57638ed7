//! A rate is kept, a late answer tells how late it was, and a service that asks for a pause gets it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use drip_drive::Until;
use drip_model::Tally;

use crate::scenario::{Scenario, constant, numbered};
use crate::server::{Reply, Server, answer};

#[tokio::test]
async fn fifty_requests_at_fifty_per_second_take_a_second() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(server.address, 5, 50);
    scenario.template = numbered();
    scenario.model = constant(50.0);
    let tally = scenario.play().await;
    assert_eq!((tally.completed, tally.failed(), server.seen().len()), (50, 0, 50));
    assert!((900..3000).contains(&tally.busy.as_millis()), "{:?}", tally.busy);
}

#[tokio::test]
async fn a_slow_rate_is_not_waited_for_when_the_requests_are_sent() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(server.address, 2, 1);
    scenario.model = constant(0.01);
    let tally = scenario.play().await;
    assert_eq!(tally.completed, 1);
    assert!(tally.busy < Duration::from_secs(5), "{:?}", tally.busy);
}

#[tokio::test]
async fn numbers_have_no_gaps_when_time_ends_a_rate() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(server.address, 8, 0);
    scenario.template = numbered();
    scenario.first = 10;
    scenario.model = constant(20.0);
    scenario.until = Until::Elapsed(Duration::from_millis(220));
    let tally = scenario.play().await;
    assert!((1..=5).contains(&tally.completed), "{tally:?}");
    let expected: Vec<_> = (10..10 + tally.completed).map(|n| format!("/{n}")).collect();
    assert_eq!(server.targets(), expected);
}

#[tokio::test]
async fn the_latency_of_a_late_request_counts_from_when_it_was_due() {
    let server = Server::start(|_| Reply::Late(Duration::from_millis(50), answer("200 OK", ""))).await;
    let mut scenario = Scenario::new(server.address, 1, 10);
    scenario.model = constant(1000.0);
    let tally = scenario.play().await;
    // The last one was due after 9 ms and answered after ten times 50 ms.
    assert!(tally.latency_p99 >= Duration::from_millis(480), "{:?}", tally.latency_p99);
}

/// The first answer asks for a pause; plays 50 requests of 2 users.
async fn play_with_pause(status: &'static str, header: &'static str) -> Tally {
    let server = Server::start(move |place| match place.overall {
        0 => Reply::Send(answer(status, header)),
        _ => Reply::ok(),
    })
    .await;
    Scenario::new(server.address, 2, 50).play().await
}

#[tokio::test]
async fn a_service_that_asks_for_a_pause_gets_it() {
    let tally = play_with_pause("429 Too Many Requests", "Retry-After: 1\r\n").await;
    assert_eq!(tally.statuses, BTreeMap::from([(200, 49), (429, 1)]));
    assert!((900..4000).contains(&tally.busy.as_millis()), "{:?}", tally.busy);
    let tally = play_with_pause("503 Service Unavailable", "Retry-After: 1\r\n").await;
    assert!((900..4000).contains(&tally.busy.as_millis()), "{:?}", tally.busy);
}

#[tokio::test]
async fn a_retry_after_that_means_nothing_to_us_is_ignored() {
    for (status, header) in [
        ("200 OK", "Retry-After: 20\r\n"),
        ("429 Too Many Requests", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"),
        ("429 Too Many Requests", "Retry-After: -5\r\n"),
        ("429 Too Many Requests", ""),
    ] {
        let tally = play_with_pause(status, header).await;
        assert_eq!(tally.completed, 50);
        assert!(tally.busy < Duration::from_secs(5), "{status} {header}: {:?}", tally.busy);
    }
}

#[tokio::test]
async fn a_pause_ends_with_the_dose() {
    let server = Server::start(|_| Reply::Send(answer("429 Too Many Requests", "Retry-After: 20\r\n"))).await;
    let mut scenario = Scenario::new(server.address, 3, 0);
    scenario.until = Until::Elapsed(Duration::from_millis(200));
    let tally = scenario.play().await;
    assert_eq!(tally.statuses.get(&429), Some(&tally.completed));
    assert!((1..=3).contains(&tally.completed), "{tally:?}");
    assert!(tally.busy < Duration::from_secs(5), "{:?}", tally.busy);
}

/// The first answer asks for a pause while users wait for their turn, and whoever comes before its end is told so.
pub(crate) async fn a_pause_is_kept_by_all_users(threads: u32) {
    let start = Instant::now();
    let server = Server::start(move |place| match (place.overall, start.elapsed().as_millis()) {
        (0, _) => Reply::Send(answer("429 Too Many Requests", "Retry-After: 1\r\n")),
        (_, ..900) => Reply::status("500 Too Early"),
        _ => Reply::ok(),
    })
    .await;
    let mut scenario = Scenario::new(server.address, 3, 4);
    scenario.threads = threads;
    scenario.model = constant(5.0);
    assert_eq!(scenario.play().await.statuses, BTreeMap::from([(200, 3), (429, 1)]));
}

#[tokio::test]
async fn users_that_wait_for_their_turn_when_a_pause_begins_wait_for_its_end() {
    a_pause_is_kept_by_all_users(1).await;
}
