//! Workers that are replaced after so many requests.

use drip_judge::{Identity, Reading};
use drip_model::DoubtKind;

use crate::curve::{MB, curve, grows, judge};

const LIFE: u64 = 5000;

/// Each life begins at 40 MB.
fn recycled(value: impl Fn(f64) -> f64) -> Vec<Reading> {
    let mut readings = curve(|_| 0.0);
    for (i, reading) in readings.iter_mut().enumerate() {
        let (life, since) = (reading.requests / LIFE, reading.requests % LIFE);
        reading.process = Identity(life);
        // No two lives are quite the same.
        let scatter = 0.1 * MB * (i as f64 * 97.3).sin();
        reading.value = (40.0 * MB + value(since as f64) + scatter) as u64;
    }
    readings
}

#[test]
fn a_leak_that_never_grows_large_is_found() {
    let found = judge(&recycled(|since| 5000.0 * since)).evidence;
    assert!(grows(&found.growth), "{found:?}");
    assert!((found.per_request.estimate - 5000.0).abs() < 100.0, "{found:?}");
    assert!(found.doubts.iter().any(|doubt| doubt.kind == DoubtKind::ProcessReplaced));
}

#[test]
fn each_new_process_may_warm_up() {
    for constant in [500.0, 1500.0] {
        let found = judge(&recycled(|since| 25.0 * MB * (1.0 - (-since / constant).exp()))).evidence;
        assert!(!grows(&found.growth), "{constant}: {found:?}");
    }
}

#[test]
fn little_in_each_life_is_not_enough() {
    assert!(!grows(&judge(&recycled(|since| 2000.0 * since)).evidence.growth));
}
