//! Pairs: both requests on one connection, in an order that nobody can foresee, each latency in its place.

use std::time::{Duration, Instant};

use drip_drive::{Load, Paired, Pulse, Until, play_pairs};
use drip_model::{ErrorKind, Protocol, Shortage, Text};
use tokio_util::sync::CancellationToken;

use crate::http2_server;
use crate::scenario::{Scenario, constant, get, numbered};
use crate::server::{Place, Reply, Server, answer};

const COUNT: u64 = 100;

async fn play(scenario: &Scenario, pulse: &Pulse) -> Paired {
    play_until(scenario, pulse, &CancellationToken::new()).await
}

async fn play_until(scenario: &Scenario, pulse: &Pulse, stop: &CancellationToken) -> Paired {
    let origin = scenario.origin();
    let load = Load {
        origin: &origin,
        endpoint: scenario.endpoint.clone(),
        template: &scenario.template,
        seed: 7,
        first: scenario.first,
        until: scenario.until,
        users: scenario.users,
        threads: 1,
        model: scenario.model.clone(),
        conduct: scenario.conduct,
        protocol: scenario.protocol,
        trust: &scenario.trust,
        request_time_max: scenario.request_time_max,
    };
    play_pairs(&load, &get(Text::literal("/control")), pulse, stop).await
}

async fn scene(script: impl Fn(Place) -> Reply + Send + Sync + 'static) -> (Server, Scenario) {
    let server = Server::start(script).await;
    let scenario = Scenario { template: numbered(), ..Scenario::new(server.address, 1, COUNT) };
    (server, scenario)
}

#[tokio::test]
async fn both_requests_of_a_pair_share_a_connection_in_either_order() {
    let (server, scenario) = scene(|_| Reply::ok()).await;
    let pulse = Pulse::default();
    let paired = play(&scenario, &pulse).await;
    assert_eq!((paired.pairs.len() as u64, paired.tally.completed), (COUNT, COUNT));
    assert_eq!(pulse.completed(), 2 * COUNT);
    assert!(paired.pairs.iter().all(|pair| !pair.down && !pair.latency.is_zero()));
    assert_eq!(server.connections_when_all_ended().await, 1);
    let control_first: Vec<bool> =
        server.seen().chunks(2).map(|pair| pair[0].starts_with("GET /control ")).collect();
    assert_eq!(control_first.len() as u64, COUNT);
    assert!(control_first.contains(&true) && control_first.contains(&false));
    for (n, pair) in server.seen().chunks(2).enumerate() {
        let tested = format!("GET /{n} ");
        assert!(pair.iter().any(|request| request.starts_with(&tested)), "{pair:?}");
    }
}

#[tokio::test]
async fn over_http_2_both_requests_of_a_pair_share_a_connection_too() {
    let server = http2_server::Server::start(|_| http2_server::Reply::ok()).await;
    let scenario = Scenario {
        template: numbered(),
        protocol: Protocol::Http2,
        ..Scenario::new(server.address, 1, COUNT)
    };
    let paired = play(&scenario, &Pulse::default()).await;
    assert_eq!((paired.pairs.len() as u64, paired.tally.completed), (COUNT, COUNT));
    assert!(paired.pairs.iter().all(|pair| !pair.down && !pair.latency.is_zero()));
    let seen = server.when_all_ended().await;
    assert_eq!((seen.opened, seen.at_once), (1, 1));
    for (n, pair) in seen.paths.chunks(2).enumerate() {
        assert!(pair.contains(&format!("/{n}")) && pair.contains(&"/control".to_owned()), "{pair:?}");
    }
}

#[tokio::test]
async fn a_pause_is_in_its_place_whichever_request_it_hits() {
    let late = |place: Place| match place.overall {
        41 => Reply::Late(Duration::from_millis(200), answer("200 OK", "")),
        _ => Reply::ok(),
    };
    let (_server, scenario) = scene(late).await;
    let paired = play(&scenario, &Pulse::default()).await;
    let longest = paired.pairs.iter().enumerate().max_by_key(|(_, pair)| pair.latency).unwrap();
    assert_eq!(longest.0, 20);
    assert!(longest.1.latency >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_service_that_is_down_for_a_while_is_asked_until_it_is_back() {
    let dies = |place: Place| match place.overall {
        50..54 => Reply::SendAndClose(Vec::new()),
        _ => Reply::ok(),
    };
    let (_server, scenario) = scene(dies).await;
    let paired = play(&scenario, &Pulse::default()).await;
    let down: Vec<usize> =
        paired.pairs.iter().enumerate().filter(|(_, pair)| pair.down).map(|(n, _)| n).collect();
    assert_eq!(paired.pairs.len() as u64, COUNT);
    // The first one was sent again, on a new connection: it might have been a kept one that was let go.
    assert!(down.first() == Some(&25) && down.len() <= 3, "{down:?}");
    assert!(paired.tally.errors.contains_key(&ErrorKind::Reset), "{:?}", paired.tally);
}

#[tokio::test]
async fn a_gateway_without_a_service_is_known_by_the_tested_request_alone() {
    let (server, mut scenario) = scene(|place| match place.overall % 2 {
        0 => Reply::status("502 Bad Gateway"),
        _ => Reply::ok(),
    })
    .await;
    scenario.until = Until::Requests { count: 20, time_max: Duration::from_secs(20) };
    let paired = play(&scenario, &Pulse::default()).await;
    let seen = server.seen();
    for (pair, requests) in paired.pairs.iter().zip(seen.chunks(2)) {
        assert_eq!(pair.down, !requests[0].starts_with("GET /control "), "{requests:?}");
    }
}

#[tokio::test]
async fn a_service_that_asks_for_time_is_up() {
    let busy = |place: Place| match place.overall {
        50 => Reply::Send(answer("503 Service Unavailable", "Retry-After: 1\r\n")),
        _ => Reply::ok(),
    };
    let (_server, scenario) = scene(busy).await;
    let began = Instant::now();
    let paired = play(&scenario, &Pulse::default()).await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert!(paired.pairs.iter().all(|pair| !pair.down));
}

#[tokio::test]
async fn at_the_end_of_its_time_a_request_is_finished_and_counted() {
    let late = |_| Reply::Late(Duration::from_millis(300), answer("200 OK", ""));
    let (server, mut scenario) = scene(late).await;
    scenario.until = Until::Requests { count: COUNT, time_max: Duration::from_millis(100) };
    let pulse = Pulse::default();
    let paired = play(&scenario, &pulse).await;
    assert_eq!((server.seen().len(), pulse.completed(), paired.pairs.len()), (1, 1, 0));
}

#[tokio::test]
async fn what_is_given_up_after_a_stop_is_no_death() {
    let hangs = |place: Place| match place.overall {
        51 => Reply::SendAndHang(Vec::new()),
        _ => Reply::ok(),
    };
    let (server, scenario) = scene(hangs).await;
    let (pulse, stop) = (Pulse::default(), CancellationToken::new());
    let (paired, ()) = tokio::join!(play_until(&scenario, &pulse, &stop), async {
        server.wait_for_requests(52).await;
        stop.cancel();
    });
    assert_eq!(paired.pairs.len(), 25);
    assert!(paired.pairs.iter().all(|pair| !pair.down));
}

#[tokio::test]
async fn at_a_rate_one_pause_is_one_pause_and_no_fault_of_ours() {
    let pause = Duration::from_millis(300);
    let late = move |place: Place| match place.overall {
        41 => Reply::Late(pause, answer("200 OK", "")),
        _ => Reply::ok(),
    };
    let (_server, mut scenario) = scene(late).await;
    scenario.model = constant(100.0);
    let paired = play(&scenario, &Pulse::default()).await;
    assert_eq!(paired.pairs.iter().filter(|pair| pair.latency > pause / 2).count(), 1);
    assert!(!paired.tally.lacked.contains_key(&Shortage::Schedule), "{:?}", paired.tally);
}

#[tokio::test]
async fn a_rate_is_that_of_both_requests() {
    let (_server, mut scenario) = scene(|_| Reply::ok()).await;
    scenario.model = constant(100.0);
    let began = Instant::now();
    play(&scenario, &Pulse::default()).await;
    assert!(began.elapsed() >= Duration::from_millis(1980), "{:?}", began.elapsed());
}
