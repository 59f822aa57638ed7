//! What must hold for every service, on curves without noise.

use std::time::Duration;

use drip_judge::{Identity, Reading};

use crate::curve::{APART, MB, REQUESTS, check, curve, grows, is_calm, is_open, judge, judge_by, terms};

/// A leak of 500 bytes under a warm-up of 20 MB.
fn leak(requests: f64) -> f64 {
    40.0 * MB + 500.0 * requests + 20.0 * MB * (1.0 - (-requests / 4000.0).exp())
}

fn full_cache(requests: f64) -> f64 {
    40.0 * MB + 30.0 * MB * (requests / 20_000.0).min(1.0)
}

#[test]
fn a_leak_is_found_and_its_size_is_right() {
    let found = judge(&curve(leak)).evidence;
    assert!(grows(&found.growth), "{found:?}");
    assert!((found.per_request.estimate - 500.0).abs() < 10.0, "{found:?}");
    assert!(found.per_request.low <= 500.0 && 500.0 <= found.per_request.high, "{found:?}");
}

#[test]
fn what_filled_up_is_no_leak() {
    check(&curve(full_cache), is_calm);
    check(&curve(|_| 40.0 * MB), is_calm);
}

#[test]
fn twice_the_bytes_are_twice_the_growth() {
    for (name, value) in [("leak", leak as fn(f64) -> f64), ("cache", full_cache)] {
        let plain = judge_by(&curve(value), terms(1.0)).evidence;
        let doubled = judge_by(&curve(|requests| 2.0 * value(requests)), terms(2.0)).evidence;
        assert_eq!(std::mem::discriminant(&plain.growth), std::mem::discriminant(&doubled.growth), "{name}");
        let (one, two) = (plain.per_request, doubled.per_request);
        for (one, two) in [(one.low, two.low), (one.estimate, two.estimate), (one.high, two.high)] {
            assert!((2.0 * one - two).abs() <= 1e-3 * (1.0 + two.abs()), "{name}: {one} {two}");
        }
    }
}

#[test]
fn a_constant_changes_nothing() {
    let (low, high) =
        (judge(&curve(leak)).evidence, judge(&curve(|requests| leak(requests) + 700.0 * MB)).evidence);
    assert_eq!(low.growth, high.growth);
    assert!((low.per_request.estimate - high.per_request.estimate).abs() < 1e-3);
    assert!((low.per_request.low - high.per_request.low).abs() < 1e-3);
}

#[test]
fn a_gap_makes_no_leak() {
    let mut readings = curve(full_cache);
    readings.drain(150..300);
    check(&readings, is_calm);
}

#[test]
fn a_restart_makes_no_leak() {
    let mut readings = curve(full_cache);
    for reading in &mut readings[200..] {
        reading.process = Identity(2);
        reading.value += 60_000_000;
    }
    check(&readings, |growth| !grows(growth));
}

#[test]
fn a_fall_without_a_new_process_is_no_restart() {
    let sawtooth = |requests: f64| leak(requests) + 30.0 * MB * (requests / 3000.0).fract();
    check(&curve(sawtooth), grows);
}

#[test]
fn time_stretched_with_the_same_requests_keeps_the_verdict() {
    for value in [leak as fn(f64) -> f64, full_cache] {
        let quick = curve(value);
        let slow: Vec<Reading> =
            quick.iter().map(|reading| Reading { at: reading.at * 7, ..*reading }).collect();
        assert_eq!(judge(&quick), judge(&slow));
    }
}

#[test]
fn a_line_continued_by_the_same_line_stays_a_leak() {
    let line = |requests: f64| 40.0 * MB + 600.0 * requests;
    let mut watch = drip_judge::Watch::new(terms(1.0), REQUESTS);
    let readings = curve(line);
    assert!(readings.iter().all(|reading| watch.push(*reading).is_none()));
    assert!(grows(&watch.conclude().evidence.growth));
    watch.extend(2 * REQUESTS);
    let mut early = false;
    for reading in &readings {
        let requests = reading.requests + REQUESTS;
        let at = reading.at + Duration::from_secs(1000);
        let said = watch.push(Reading { at, requests, value: line(requests as f64) as u64, ..*reading });
        early |= said.is_some_and(|said| grows(&said.evidence.growth));
    }
    assert!(early && grows(&watch.conclude().evidence.growth));
}

#[test]
fn a_line_that_a_cache_could_draw_is_left_open_with_what_would_decide() {
    // 29,800 requests of 600 bytes: a ring of 30,000 entries would look the same.
    let readings: Vec<Reading> = curve(|requests| 40.0 * MB + 600.0 * requests)[..150].to_vec();
    let said = judge(&readings);
    assert!(is_open(&said.evidence.growth), "{said:?}");
    assert_eq!(said.evidence.doubts[0].kind.name(), "cache-may-be-filling");
    let more = said.more.unwrap().requests;
    assert!(more > 3000 && more < 100 * APART, "{more}");
}

#[test]
fn steps_are_no_leak() {
    check(&curve(|requests| 40.0 * MB + 25.0 * MB * (requests / 30_000.0).floor()), |growth| !grows(growth));
}
