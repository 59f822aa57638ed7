//! What is known of other ways to decide, to be held against: constants, not measured here.
//!
//! Source: the evaluation of 22 November 2026 that the design of the judge rests on, of a prototype of it and of the
//! usual tests; the prototype at 120 curves of each healthy family and 16 of each leaking one, over 200,000 requests,
//! R = 8 MB; the tests at the end of each curve, without peeking.

/// A healthy family of the prototype, and what share of its curves it accused and acquitted.
pub(super) struct Healthy {
    pub(super) family: &'static str,
    pub(super) accused: f64,
    pub(super) acquitted: f64,
}

const fn healthy(family: &'static str, accused: f64, acquitted: f64) -> Healthy {
    Healthy { family, accused, acquitted }
}

pub(super) static HEALTHY: &[Healthy] = &[
    healthy("white", 0.0, 1.0),
    healthy("ar9", 0.0, 1.0),
    healthy("ar99", 0.0, 0.87),
    healthy("saw-small", 0.0, 1.0),
    healthy("saw-medium", 0.0, 1.0),
    healthy("saw-large", 0.0, 0.47),
    healthy("quantised", 0.0, 1.0),
    healthy("warm-up", 0.0, 1.0),
    healthy("warm-up-saw", 0.0, 1.0),
    healthy("slow-saturation", 0.0, 0.97),
    healthy("cache", 0.0, 1.0),
    healthy("step", 0.0, 0.84),
    healthy("step-saw", 0.008, 0.51),
    healthy("log", 0.0, 0.50),
    healthy("restart", 0.0, 1.0),
    healthy("warm-up-lazy", 0.0, 0.53),
];

/// A leaking family of the prototype: recall and median requests (thousands) at 50, 100, 300 and 1000 B.
pub(super) static RECALL: &[(&str, [(f64, f64); 4])] = &[
    ("white", [(1.0, 200.0), (1.0, 200.0), (1.0, 200.0), (1.0, 100.0)]),
    ("ar9", [(0.62, 200.0), (1.0, 200.0), (1.0, 200.0), (1.0, 100.0)]),
    ("saw-small", [(1.0, 200.0), (1.0, 200.0), (1.0, 200.0), (1.0, 100.0)]),
    ("saw-medium", [(0.88, 200.0), (1.0, 200.0), (1.0, 200.0), (1.0, 100.0)]),
    ("saw-large", [(0.38, 200.0), (0.5, 200.0), (0.5, 200.0), (0.88, 200.0)]),
    ("quantised", [(0.62, 200.0), (0.75, 200.0), (1.0, 200.0), (1.0, 100.0)]),
    ("warm-up", [(1.0, 200.0), (1.0, 200.0), (1.0, 200.0), (1.0, 100.0)]),
    ("warm-up-saw", [(1.0, 200.0), (1.0, 200.0), (1.0, 200.0), (1.0, 100.0)]),
    ("step-saw", [(0.0, 200.0), (0.62, 200.0), (0.75, 200.0), (1.0, 120.0)]),
    ("rare", [(0.88, 200.0), (1.0, 200.0), (1.0, 200.0), (1.0, 141.0)]),
    ("restart", [(0.12, 200.0), (1.0, 200.0), (1.0, 200.0), (1.0, 200.0)]),
];

/// Largest cache that no early answer may accuse, in megabytes; the prototype's median requests (thousands) to a leak
/// of 300, 1000 and 3000 B.
pub(super) static BY_CACHE: &[(f64, [f64; 3])] = &[
    (16.0, [100.0, 50.0, 22.0]),
    (32.0, [141.0, 50.0, 35.0]),
    (64.0, [200.0, 71.0, 35.0]),
    (96.0, [200.0, 100.0, 43.0]),
];

/// The usual tests: share of healthy curves accused, and recall at 50, 100, 300 and 1000 B.
pub(super) static TESTS: &str = "\
| prototype | 0.0005 | 0.65 | 0.88 | 0.92 | 0.98 |
| alert at 80 % of the limit | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 |
| `predict_linear` | 0.27 | 0.12 | 0.14 | 0.24 | 1.00 |
| ordinary regression, t test | 0.64 | 1.00 | 1.00 | 1.00 | 1.00 |
| Mann-Kendall | 0.47 | 1.00 | 1.00 | 1.00 | 1.00 |
| Mann-Kendall, Hamed and Rao | 0.38 | 0.92 | 0.94 | 0.94 | 0.95 |
| Mann-Kendall, Yue and Wang | 0.51 | 1.00 | 1.00 | 1.00 | 1.00 |
| Mann-Kendall, prewhitened | 0.27 | 1.00 | 1.00 | 1.00 | 1.00 |
| Mann-Kendall, trend-free prewhitened | 0.54 | 1.00 | 1.00 | 1.00 | 1.00 |
| Sen's slope over 10 % | 0.25 | 0.45 | 1.00 | 1.00 | 1.00 |
| before and after, 10 % | 0.25 | 0.42 | 0.94 | 1.00 | 1.00 |
| backward window, R² of 0.9 | 0.11 | 0.47 | 0.62 | 0.73 | 0.94 |
";
