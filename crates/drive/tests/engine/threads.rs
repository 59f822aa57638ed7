//! Several threads play one dose: each number once, one clock, one end.

use std::time::Duration;

use drip_drive::{Arrivals, ERRORS_IN_A_ROW_MAX, Model, Pulse};
use tokio_util::sync::CancellationToken;

use crate::scenario::{Scenario, constant, numbered};
use crate::server::{Reply, Server};
use crate::{counts, pace};

/// Users of three threads, which do not divide evenly.
fn scenario(server: &Server, users: u32, count: u64) -> Scenario {
    let mut scenario = Scenario::new(server.address, users, count);
    scenario.template = numbered();
    scenario.threads = 3;
    scenario
}

#[tokio::test]
async fn each_number_is_sent_once() {
    counts::each_number_is_sent_once(3).await;
}

#[tokio::test]
async fn a_rate_is_that_of_all_threads_together() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = scenario(&server, 6, 50);
    scenario.model = constant(50.0);
    let tally = scenario.play().await;
    assert_eq!((tally.completed, server.seen().len()), (50, 50));
    assert!((900..3000).contains(&tally.busy.as_millis()), "{:?}", tally.busy);
}

#[tokio::test]
async fn the_last_request_ends_the_dose_for_threads_that_wait_for_their_turn() {
    let server = Server::start(|_| Reply::ok()).await;
    let mut scenario = scenario(&server, 3, 3);
    // The third is due after 40 ms, the next ones in minutes.
    scenario.model =
        Model::Open(Arrivals::stepped([(50.0, Duration::from_millis(45)), (0.01, Duration::ZERO)]));
    let tally = scenario.play().await;
    assert_eq!(tally.completed, 3);
    assert!(tally.busy < Duration::from_secs(5), "{:?}", tally.busy);
}

#[tokio::test]
async fn a_pause_that_one_thread_is_asked_for_is_kept_by_all() {
    pace::a_pause_is_kept_by_all_users(3).await;
}

#[tokio::test]
async fn errors_in_a_row_end_the_dose_on_every_thread() {
    let server = Server::start(|_| Reply::Send(b"garbage\r\n\r\n".to_vec())).await;
    let tally = scenario(&server, 30, 1_000_000).play().await;
    let most = ERRORS_IN_A_ROW_MAX + 100;
    assert!((ERRORS_IN_A_ROW_MAX / 3..most).contains(&tally.failed()), "{tally:?}");
    assert_eq!(tally.completed, 0);
}

#[tokio::test]
async fn a_stop_ends_every_thread() {
    let server = Server::start(|_| Reply::ok()).await;
    let (pulse, stop) = (Pulse::default(), CancellationToken::new());
    let scenario = scenario(&server, 6, u64::MAX);
    let stopping = async {
        while pulse.completed() < 100 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (tally, ()) = tokio::join!(scenario.play_until(&pulse, &stop), stopping);
    assert!(tally.completed >= 100 && tally.busy < Duration::from_secs(10), "{tally:?}");
    assert_eq!((pulse.completed(), pulse.in_flight()), (tally.completed, 0));
}
