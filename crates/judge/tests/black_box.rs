//! The black box on synthetic services with known truth: how often it suspects those that stay as they are, and finds
//! the marks of a collector on a heap that grows. Seeds are fixed.

use std::time::Duration;

use drip_judge::{needs_second_run, symptoms};
use drip_model::{Pair, Symptom};

const SEEDS: u64 = 1000;
/// Pairs of a run: as many as a scan plays, and fewer where thousands of services are judged.
const PAIRS: usize = 40_000;
const FEWER_PAIRS: usize = 10_000;

/// Random numbers of one synthetic service.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    fn log_normal(&mut self, sigma: f64) -> f64 {
        (sigma * self.normal()).exp()
    }

    fn pareto(&mut self, alpha: f64) -> f64 {
        (1.0 - self.uniform()).powf(-1.0 / alpha)
    }
}

/// So many pairs of a service whose latencies, in milliseconds, come from `next`, judged as a scan does it: a second run
/// only where the first one asks for it.
fn judged(pairs: usize, mut next: impl FnMut() -> f64) -> Vec<Symptom> {
    let mut pair = || Pair { latency: Duration::from_secs_f64(next().min(30_000.0) / 1e3), down: false };
    let mut run = || (0..pairs).map(|_| pair()).collect::<Vec<_>>();
    let first = run();
    if needs_second_run(&first) { symptoms(&[&first, &run()]) } else { symptoms(&[&first]) }
}

/// The same for as few pairs as thousands can be judged by.
fn judged_by_few(next: impl FnMut() -> f64) -> Vec<Symptom> {
    judged(FEWER_PAIRS, next)
}

/// What is said of a service that stays as it is.
fn check_calm(name: &str, service: impl Fn(&mut Dice) -> Vec<Symptom>) {
    let suspected = (0..SEEDS).filter(|seed| !service(&mut Dice(seed * 7919)).is_empty()).count();
    assert!(suspected * 100 < SEEDS as usize, "{name}: {suspected} of {SEEDS} suspected");
}

#[test]
fn services_that_stay_as_they_are_are_not_suspected() {
    check_calm("log-normal", |dice| judged_by_few(|| dice.log_normal(0.5)));
    check_calm("Pareto without a variance", |dice| judged_by_few(|| dice.pareto(1.5)));
    check_calm("Pareto without a mean", |dice| judged_by_few(|| dice.pareto(0.9)));
    check_calm("a few long stalls", |dice| {
        judged_by_few(
            || if dice.uniform() < 3e-4 { 200.0 * dice.log_normal(0.7) } else { dice.log_normal(0.2) },
        )
    });
}

/// A busy neighbour: for some tens of pairs everything is many times slower.
#[test]
fn bursts_are_not_suspected() {
    check_calm("bursts", |dice| {
        let (mut left, mut slower) = (0, 1.0);
        judged_by_few(|| {
            if left == 0 && dice.uniform() < 1e-3 {
                (left, slower) = (30, 5.0 * dice.pareto(1.2));
            }
            let burst = left > 0;
            left -= usize::from(burst);
            dice.log_normal(0.4) * if burst { slower } else { 1.0 }
        })
    });
}

/// Collections of a heap that stays as large come at even distances and last as long.
#[test]
fn a_collector_on_a_steady_heap_is_not_suspected() {
    check_calm("steady collector", |dice| {
        let mut until = 100.0 * dice.uniform();
        judged_by_few(|| {
            until -= 1.0;
            let collects = until < 0.0;
            until = if collects { 100.0 * dice.log_normal(0.1) } else { until };
            dice.log_normal(0.3) + if collects { 12.0 * dice.log_normal(0.1) } else { 0.0 }
        })
    });
}

#[test]
fn a_service_that_warms_up_is_not_suspected() {
    check_calm("warm-up", |dice| {
        let mut asked = 0.0;
        judged_by_few(|| {
            asked += 1.0;
            (1.0 + 9.0 * f64::exp(-asked / 500.0)) * dice.log_normal(0.5)
        })
    });
}

/// CPython as `gcmodule.c` has it: a full collection once what is new exceeds a quarter of what is held, looked at now and
/// then; it takes as long as all that is held.
fn cpython(dice: &mut Dice, pairs: usize, kept: f64) -> Vec<Symptom> {
    const LOOKED_AT: f64 = 70_000.0;
    const NANOSECONDS_EACH: f64 = 60.0;
    let (mut held, mut new, mut made) = (60_000.0, 0.0, 0.0);
    judged(pairs, || {
        new += kept;
        made += kept.max(1.0);
        let looks = made >= LOOKED_AT;
        made = if looks { 0.0 } else { made };
        let collects = looks && new > held / 4.0;
        if collects {
            (held, new) = (held + new, 0.0);
        }
        let pause = if collects { held * NANOSECONDS_EACH / 1e6 } else { 0.0 };
        dice.log_normal(0.4) + pause
    })
}

/// How many of a hundred are found, and how many of these by the spacing of their collections.
fn found_in_cpython(pairs: usize) -> (usize, usize) {
    let found = (0..100).flat_map(|seed| cpython(&mut Dice(seed), pairs, 200.0));
    let by_spacing: Vec<bool> = found
        .filter_map(|symptom| match symptom {
            Symptom::LongerPauses { like_a_collector, .. } => Some(like_a_collector),
            _ => None,
        })
        .collect();
    (by_spacing.len(), by_spacing.into_iter().filter(|by| *by).count())
}

#[test]
fn a_leak_in_cpython_is_suspected_by_its_collections() {
    assert!(found_in_cpython(FEWER_PAIRS).0 >= 90, "few collections are enough");
    let (found, by_spacing) = found_in_cpython(PAIRS);
    assert!(found >= 99 && by_spacing >= 90, "{found} found, {by_spacing} by their spacing");
}

#[test]
fn its_fixed_twin_is_not() {
    check_calm("CPython that keeps nothing", |dice| cpython(dice, FEWER_PAIRS, 0.0));
}
