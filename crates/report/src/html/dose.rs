//! Every dose with its reading, for those who want the numbers behind the picture.

use crate::chart;
use crate::document::{Point, Stage, Vector};
use crate::quantity;
use crate::text::amount;

/// One row.
pub(super) struct Dose {
    pub(super) stage: &'static str,
    pub(super) at: String,
    pub(super) requests: String,
    pub(super) value: String,
    pub(super) change: String,
    pub(super) per_request: String,
}

/// More rows than that are for a program to read.
const ROWS_MAX: usize = 200;

/// Readings at rest of the signal that the picture shows.
pub(super) fn of(vector: &Vector) -> Vec<Dose> {
    let Some(series) = chart::shown(vector) else { return Vec::new() };
    let points = chart::dosed(&series.points);
    let amount = |value: f64| amount::of(series.signal, value);
    let before = std::iter::once(None).chain(points.iter().map(Some));
    let rows = points.iter().zip(before).take(ROWS_MAX);
    rows.map(|(point, before)| Dose {
        stage: words(point.stage),
        at: format!("{} s", quantity::number(point.at_seconds, 3)),
        requests: quantity::count(point.requests),
        value: amount(point.value as f64),
        change: before.map_or_else(String::new, |before| amount(change(point, before))),
        per_request: before.and_then(|before| per_request(point, before)).map_or_else(String::new, amount),
    })
    .collect()
}

fn change(point: &Point, before: &Point) -> f64 {
    point.value as f64 - before.value as f64
}

/// Nothing where no request lies between.
fn per_request(point: &Point, before: &Point) -> Option<f64> {
    let requests = point.requests.checked_sub(before.requests).filter(|requests| *requests > 0)?;
    Some(change(point, before) / requests as f64)
}

const fn words(stage: Stage) -> &'static str {
    match stage {
        Stage::Baseline => "start",
        Stage::WarmUp => "warm-up",
        Stage::Dose => "dose",
        Stage::Idle => "idle time",
        Stage::Confirm => "fresh dose",
        Stage::Slow => "slow dose",
        Stage::Lives => "small dose",
        Stage::Load => "load",
    }
}
