//! The judge on synthetic runs with known truth: how often it accuses the healthy, finds the leaking, and covers
//! the true slope. Seeds are fixed, so a run of this file is always the same run.

use std::time::Duration;

use drip_judge::{DOSES_MIN, Policy, Subject, assess};
use drip_model::{DoubtKind, Evidence, Growth, Pattern, Point, Runtime, Series, Signal, Stage};

const UNIT: u64 = 4000;
const CYCLE: [u64; 4] = [1, 2, 2, 1];
const SEEDS: u64 = 1000;
/// The last look; a run asks for more doses until then.
const DOSES_MAX: usize = 20;

fn policy() -> Policy {
    Policy::of(&Subject {
        signal: Signal::LiveHeap,
        runtime: Runtime::Node,
        pattern: Pattern::REPEATED,
        base: 7e6,
        assume_cache: None,
        heap_limit: None,
        descriptor_limit: None,
    })
}

/// Random numbers of one synthetic run.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// A synthetic run: kept bytes as a function of requests, plus noise with autocorrelation `rho`.
fn run(dice: &mut Dice, sigma: f64, rho: f64, kept: impl Fn(f64) -> f64) -> Series {
    let (mut requests, mut noise, mut points) = (0, 0.0, Vec::new());
    for dose in 0..=DOSES_MAX {
        requests += if dose == 0 { UNIT } else { UNIT * CYCLE[(dose - 1) % 4] };
        noise = rho * noise + (1.0 - rho * rho).sqrt() * sigma * dice.normal();
        let value = (20e6 + kept((requests - UNIT) as f64) + noise).max(0.0) as u64;
        let stage = if dose == 0 { Stage::WarmUp } else { Stage::Dose };
        points.push(Point { at: Duration::from_secs(requests / 1000), requests, value, stage });
    }
    Series { signal: Signal::LiveHeap, points, gaps: Vec::new() }
}

/// Looks as a run does: after eight doses, then after every four, until it is decided.
fn judge(series: &Series) -> Evidence {
    let policy = policy();
    let mut last = None;
    for (look, doses) in (1u32..).zip((DOSES_MIN..=DOSES_MAX).step_by(4)) {
        let seen = Series { points: series.points[..=doses].to_vec(), ..series.clone() };
        let found = assess(&seen, &policy, look);
        let open = found.more.is_some();
        last = Some(found.evidence);
        if !open {
            break;
        }
    }
    last.expect("at least one look")
}

/// Requests of the whole run.
const WHOLE: f64 = (UNIT * 6 * DOSES_MAX as u64 / 4) as f64;

fn accused(family: &str, mut make: impl FnMut(&mut Dice) -> Series) {
    let guilty = (0..SEEDS).filter(|seed| judge(&make(&mut Dice(*seed))).growth == Growth::Grows).count();
    assert_eq!(guilty, 0, "{family}: {guilty} of {SEEDS} healthy runs accused");
}

#[test]
fn the_healthy_are_not_accused_while_peeking() {
    accused("flat", |dice| run(dice, 40e3, 0.0, |_| 0.0));
    accused("noisy", |dice| run(dice, 2e6, 0.0, |_| 0.0));
    accused("wandering", |dice| run(dice, 2e6, 0.95, |_| 0.0));
    accused("warm-up", |dice| {
        let (size, tau) = (dice.between(0.1e6, 15e6), dice.between(0.02, 1.0) * WHOLE);
        run(dice, 60e3, 0.3, move |n| size * (1.0 - (-n / tau).exp()))
    });
    accused("ring, filling or full", |dice| {
        let (size, full) = (dice.between(0.1e6, 15.5e6), dice.between(0.05, 1.5) * WHOLE);
        run(dice, 60e3, 0.3, move |n| size * (n / full).min(1.0))
    });
    accused("one step of any size", |dice| {
        let (size, when) = (dice.between(1e6, 200e6), dice.between(0.0, 1.0) * WHOLE);
        run(dice, 60e3, 0.3, move |n| if n > when { size } else { 0.0 })
    });
    accused("logarithmic growth", |dice| {
        let size = dice.between(0.5e6, 3e6);
        run(dice, 60e3, 0.3, move |n| size * (1.0 + n / 1000.0).ln())
    });
}

#[test]
fn leaks_beyond_what_a_cache_may_hold_are_found() {
    let found = (0..SEEDS).filter(|seed| {
        let mut dice = Dice(*seed);
        let slope = dice.between(2.0, 20.0) * 16e6 / WHOLE;
        judge(&run(&mut dice, 100e3, 0.3, move |n| slope * n)).growth == Growth::Grows
    });
    let found = found.count();
    assert!(found >= 990, "{found} of {SEEDS}");
}

#[test]
fn a_leak_is_never_steady_unless_it_is_smaller_than_what_would_have_been_seen() {
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let slope = dice.between(1.0, 400.0);
        let evidence = judge(&run(&mut dice, 60e3, 0.3, move |n| slope * n));
        let calm = matches!(evidence.growth, Growth::Flat | Growth::Bounded { .. });
        assert!(!calm || slope < evidence.smallest_detectable, "seed {seed}: {slope} called {evidence:?}");
    }
}

#[test]
fn the_interval_covers_the_true_slope() {
    let covered = (0..SEEDS).filter(|seed| {
        let mut dice = Dice(*seed);
        let slope = dice.between(100.0, 2000.0);
        let found = judge(&run(&mut dice, 100e3, 0.3, move |n| slope * n)).per_request;
        found.low <= slope && slope <= found.high
    });
    let covered = covered.count();
    assert!(covered >= 980, "{covered} of {SEEDS}");
}

#[test]
fn a_cache_that_is_still_filling_is_named_as_the_doubt() {
    let evidence = judge(&run(&mut Dice(1), 30e3, 0.0, |n| 100.0 * n));
    assert_eq!(evidence.growth, Growth::Undecided);
    assert_eq!(evidence.doubts[0].kind, DoubtKind::CacheMayBeFilling);
}

#[test]
fn a_cache_that_filled_has_settled_at_what_it_holds() {
    let Growth::Bounded { plateau } =
        judge(&run(&mut Dice(1), 30e3, 0.0, |n| 8e6 * (n / 15e3).min(1.0))).growth
    else {
        panic!("not settled")
    };
    assert!((plateau - 8e6).abs() < 0.5e6, "{plateau}");
}

#[test]
fn a_few_requests_that_keep_much_are_never_calm() {
    let slow = |per_request: f64| {
        let whole = run(&mut Dice(5), 10e3, 0.3, |n| per_request * n / 100.0);
        let points = whole.points.into_iter().map(|p| Point { requests: p.requests / 100, ..p }).collect();
        judge(&Series { points, ..whole })
    };
    for per_request in [500.0, 4000.0] {
        let evidence = slow(per_request);
        assert!((evidence.per_request.estimate / per_request - 1.0).abs() < 0.2, "{evidence:?}");
        assert_eq!(evidence.growth, Growth::Undecided, "{evidence:?}");
    }
}

#[test]
fn calm_that_would_hide_a_large_leak_is_no_calm() {
    let few = |requests: u64| {
        let flat = run(&mut Dice(5), 10e3, 0.3, |_| 0.0);
        let last = flat.points.last().map_or(1, |point| point.requests);
        let points =
            flat.points.iter().map(|p| Point { requests: p.requests * requests / last, ..*p }).collect();
        judge(&Series { points, ..flat })
    };
    assert_eq!(few(50_000).growth, Growth::Flat);
    let evidence = few(510);
    assert!(evidence.smallest_detectable > 1000.0, "{evidence:?}");
    assert_eq!(evidence.growth, Growth::Undecided, "{evidence:?}");
}

/// Laws on curves without noise.
#[test]
fn twice_the_bytes_is_twice_the_slope_and_a_constant_changes_nothing() {
    let quiet = |kept: fn(f64) -> f64| judge(&run(&mut Dice(3), 0.0, 0.0, kept));
    let (once, twice) = (quiet(|n| 600.0 * n), quiet(|n| 1200.0 * n));
    assert!((twice.per_request.estimate - 2.0 * once.per_request.estimate).abs() < 0.1);
    let raised = quiet(|n| 600.0 * n + 50e6);
    assert_eq!(raised.growth, once.growth);
    assert!((raised.per_request.estimate - once.per_request.estimate).abs() < 0.1);
}

#[test]
fn bad_input_is_a_doubt_and_not_a_panic() {
    let point = |requests, value| Point { at: Duration::ZERO, requests, value, stage: Stage::Dose };
    let many = |make: fn(u64) -> (u64, u64)| (0..12).map(make).map(|(n, v)| point(n, v)).collect::<Vec<_>>();
    for points in [
        vec![],
        vec![point(5, 5)],
        many(|i| (i, 7)),
        many(|_| (3, 9)),
        many(|i| (i * 1000, u64::MAX - i)),
        many(|i| (i * 1000, if i % 2 == 0 { 0 } else { u64::MAX })),
    ] {
        let series = Series { signal: Signal::LiveHeap, points, gaps: Vec::new() };
        assert_ne!(assess(&series, &policy(), 1).evidence.growth, Growth::Grows, "{series:?}");
    }
}
