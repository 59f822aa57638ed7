//! Readings that make no sense: a doubt, never a panic.

use std::time::Duration;

use drip_judge::{Identity, Reading, Watch};
use drip_model::DoubtKind;

use crate::curve::{MB, curve, is_open, judge, terms};

/// A leak, which must not be decided on such readings.
fn leak(requests: f64) -> f64 {
    40.0 * MB + 3000.0 * requests
}

#[track_caller]
fn check(readings: &[Reading], doubt: DoubtKind) {
    let said = judge(readings);
    assert!(is_open(&said.evidence.growth), "{said:?}");
    assert!(said.evidence.doubts.iter().any(|said| said.kind == doubt), "{said:?}");
    assert!(said.more.is_some_and(|more| more.requests > 0));
}

#[test]
fn none_or_one_or_all_at_one_moment() {
    check(&[], DoubtKind::NotEnoughData);
    check(&curve(leak)[..1], DoubtKind::NotEnoughData);
    let stopped: Vec<Reading> =
        curve(leak).iter().map(|reading| Reading { at: Duration::ZERO, ..*reading }).collect();
    check(&stopped, DoubtKind::NotEnoughData);
    check(&stopped, DoubtKind::ReadingMissed);
}

#[test]
fn readings_without_requests() {
    let idle: Vec<Reading> = curve(leak).iter().map(|reading| Reading { requests: 7, ..*reading }).collect();
    check(&idle, DoubtKind::NotEnoughData);
}

#[test]
fn time_that_goes_backwards() {
    let mut readings = curve(leak);
    readings.reverse();
    check(&readings, DoubtKind::ReadingMissed);
}

#[test]
fn a_count_that_falls_again_and_again() {
    let readings: Vec<Reading> =
        curve(leak).iter().map(|reading| Reading { requests: reading.requests % 4000, ..*reading }).collect();
    check(&readings, DoubtKind::ReadingMissed);
}

#[test]
fn two_processes_that_take_turns() {
    let mut readings = curve(leak);
    readings.iter_mut().enumerate().for_each(|(i, reading)| reading.process = Identity(i as u64 % 2));
    check(&readings, DoubtKind::ProcessReplaced);
    check(&readings, DoubtKind::NotEnoughData);
}

#[test]
fn values_as_large_as_can_be() {
    let mut readings = curve(leak);
    readings.iter_mut().step_by(3).for_each(|reading| reading.value = u64::MAX);
    judge(&readings);
    readings.iter_mut().for_each(|reading| reading.value = u64::MAX);
    judge(&readings);
    readings.iter_mut().for_each(|reading| reading.requests = u64::MAX - 1000 + reading.requests / APART_MAX);
    judge(&readings);
}

const APART_MAX: u64 = 200;

#[test]
fn ten_million_readings() {
    let mut watch = Watch::new(terms(1.0), u64::MAX);
    for i in 0..10_000_000_u64 {
        let value = (leak(i as f64 / 100.0)) as u64;
        watch.push(Reading { at: Duration::from_millis(i), process: Identity(1), requests: i / 100, value });
    }
    let found = watch.conclude().evidence;
    assert!((found.per_request.estimate - 3000.0).abs() < 30.0, "{found:?}");
}
