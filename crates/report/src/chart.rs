//! One signal's readings as a picture of plain characters: memory upward, requests (or time) to the right.
//!
//! Draws what was read and nothing else: no fitted line, no smoothing. A pure function of its arguments that
//! accepts any readings, however few, equal or large.

mod axis;
mod canvas;

use self::axis::{Across, Upward};
use self::canvas::{Canvas, Shades};
use crate::document::{Point, Series, Signal, Stage, Vector, Verdict};

/// What lies on the horizontal axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// Requests completed.
    Requests,
    /// Time since the run began.
    Time,
}

impl Against {
    /// What the verdict on a vector speaks of.
    pub(crate) fn of(vector: &Vector) -> Self {
        if vector.verdict == Verdict::GrowingWithTime { Self::Time } else { Self::Requests }
    }

    /// Where a reading lies: along this axis, and by its value.
    pub(crate) fn place(self, point: &Point) -> (f64, f64) {
        let across = if self == Self::Time { point.at_seconds } else { point.requests as f64 };
        (across, point.value as f64)
    }
}

/// Fewer columns than that show no shape.
const PLOT_COLUMNS_MIN: usize = 16;

/// The picture of a vector. Empty without readings.
pub fn of(vector: &Vector, width: usize, unicode: bool) -> Vec<String> {
    let drawn = |series| draw(series, Against::of(vector), width, unicode);
    shown(vector).map(drawn).unwrap_or_default()
}

/// The series that the verdict rests on; else the best one that was read at rest; else a sampled one.
pub(crate) fn shown(vector: &Vector) -> Option<&Series> {
    let at_rest = vector.series.iter().filter(|series| dosed(&series.points).len() > 1);
    let trust = |series: &&Series| (Some(series.signal) != vector.signal, series.signal);
    let sampled = || vector.series.iter().find(|series| series.signal == Signal::Anon);
    at_rest.min_by_key(trust).or_else(sampled).or_else(|| vector.series.first())
}

/// The picture of a series, no wider than `width`. Readings taken at rest are drawn where there are any, else all
/// of them. Empty with fewer than two.
pub fn draw(series: &Series, against: Against, width: usize, unicode: bool) -> Vec<String> {
    let at_rest = dosed(&series.points);
    let points = if at_rest.len() > 1 { at_rest } else { series.points.clone() };
    if points.len() < 2 {
        return Vec::new();
    }
    let upward = Upward::of(&points, series.signal);
    let columns = width.saturating_sub(upward.label_columns() + 2).max(PLOT_COLUMNS_MIN);
    let across = Across::of(&points, against, columns);
    let shades = Shades::of(unicode);
    let mut lines = vec![series.signal.to_string()];
    lines.extend(plot(&points, &upward, &across, &shades));
    lines.extend(across.below(upward.label_columns(), warm_until(&points), &shades));
    lines
}

/// Readings taken at rest, which are those that are judged.
pub(crate) fn dosed(points: &[Point]) -> Vec<Point> {
    points.iter().filter(|point| point.stage != Stage::Load).copied().collect()
}

/// The last reading before the judged part; `None` where nothing was judged.
fn warm_until(points: &[Point]) -> Option<Point> {
    let warm = |point: &&Point| matches!(point.stage, Stage::Baseline | Stage::WarmUp);
    let judged = points.iter().any(|point| point.stage == Stage::Dose);
    points.iter().rfind(warm).copied().filter(|_| judged)
}

fn plot(points: &[Point], upward: &Upward, across: &Across, shades: &Shades) -> Vec<String> {
    let mut canvas = Canvas::new(across.columns(), upward.rows(), shades);
    let place =
        |point: &Point| (across.dot(point, shades.dots_across), upward.dot(point.value, shades.dots_upward));
    for pair in points.windows(2) {
        canvas.line(place(&pair[0]), place(&pair[1]));
    }
    let row = |(row, cells): (usize, String)| format!("{}{cells}", upward.margin(row, shades));
    canvas.rows().enumerate().map(row).map(|line| line.trim_end().to_owned()).collect()
}
