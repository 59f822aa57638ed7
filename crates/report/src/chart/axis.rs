//! The two axes: which values they span, where their ticks are, and where a reading lies between them.

use super::Against;
use super::canvas::Shades;
use crate::document::{Point, Signal, Unit};
use crate::quantity;

/// A range is shown at least this wide, as a part of its highest value: else noise would fill the picture.
const SPAN_MIN: f64 = 0.05;
/// Intervals that are aimed at on the upward axis.
const INTERVALS: f64 = 4.0;
/// Columns that a label of the other axis wants.
const COLUMNS_PER_TICK: f64 = 12.0;
/// Readings and times beyond this are drawn at the edge.
const VALUE_MAX: f64 = 1e20;

/// The smallest of 1, 2, 5, 10, … that is not smaller than `raw`.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power).find(|step| *step >= raw).unwrap_or(10.0 * power)
}

/// Values, from a round one to a round one, with ticks that fall on rows.
pub(super) struct Upward {
    low: f64,
    step: f64,
    intervals: usize,
    labels: Vec<String>,
}

impl Upward {
    pub(super) fn of(points: &[Point], signal: Signal) -> Self {
        let values = || points.iter().map(|point| point.value as f64);
        let (lowest, highest) = (values().fold(VALUE_MAX, f64::min), values().fold(0.0, f64::max));
        let missing = (highest * SPAN_MIN).max(1.0) - (highest - lowest);
        let lowest = (lowest - missing.max(0.0) / 2.0).max(0.0);
        let highest = highest + missing.max(0.0) / 2.0;
        let step = round_step((highest - lowest) / INTERVALS).max(1.0);
        let low = (lowest / step).floor() * step;
        // At most five: four of at least a quarter of the range, and one more where `low` was moved down.
        let intervals = (((highest - low) / step).ceil() as usize).clamp(1, 5);
        let unit = drip_model::Signal::from(signal).unit().into();
        let labels = labels(low, step, intervals, unit);
        Self { low, step, intervals, labels }
    }

    /// 11 or 13, so that each tick falls on a row.
    pub(super) fn rows(&self) -> usize {
        self.rows_per_interval() * self.intervals + 1
    }

    const fn rows_per_interval(&self) -> usize {
        if self.intervals == 5 { 2 } else { 12 / self.intervals }
    }

    /// Columns of the widest label.
    pub(super) fn label_columns(&self) -> usize {
        self.labels.iter().map(String::len).max().unwrap_or(0)
    }

    /// What stands left of a row: its label and the wall.
    pub(super) fn margin(&self, row: usize, shades: &Shades) -> String {
        let columns = self.label_columns();
        let from_below = self.rows() - 1 - row;
        if !from_below.is_multiple_of(self.rows_per_interval()) {
            return format!("{:columns$} {}", "", shades.wall);
        }
        let label = &self.labels[from_below / self.rows_per_interval()];
        format!("{label:>columns$} {}", shades.wall_tick)
    }

    /// The dot of a value, from the top. A tick lies in the middle of its row.
    pub(super) fn dot(&self, value: u64, dots_per_row: usize) -> usize {
        let span = self.step * self.intervals as f64;
        let part = ((value as f64 - self.low) / span).clamp(0.0, 1.0);
        let dots = ((self.rows() - 1) * dots_per_row) as f64;
        dots_per_row / 2 + ((1.0 - part) * dots).round() as usize
    }
}

/// Labels from the lowest, all in the unit of the highest and with as many decimals as the step needs.
fn labels(low: f64, step: f64, intervals: usize, unit: Unit) -> Vec<String> {
    let value = |tick: usize| low + step * tick as f64;
    if unit == Unit::Count {
        return (0..=intervals).map(|tick| quantity::short(value(tick))).collect();
    }
    let (divisor, name) = quantity::decimal_unit(value(intervals));
    let decimals = (-(step / divisor).log10().floor()).clamp(0.0, 3.0) as usize;
    (0..=intervals).map(|tick| format!("{:.decimals$} {name}", value(tick) / divisor)).collect()
}

/// Requests or seconds, from the first reading to the last.
pub(super) struct Across {
    against: Against,
    low: f64,
    high: f64,
    columns: usize,
}

impl Across {
    pub(super) fn of(points: &[Point], against: Against, columns: usize) -> Self {
        let values = || points.iter().map(|point| coordinate(point, against));
        let low = values().fold(VALUE_MAX, f64::min);
        // Readings that all lie at one place still need an axis with two ends.
        let high = values().fold(0.0, f64::max).max(low + 1.0).max(low * (1.0 + f64::EPSILON));
        Self { against, low, high, columns }
    }

    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// The dot of a reading, from the left.
    pub(super) fn dot(&self, point: &Point, dots_per_column: usize) -> usize {
        self.place(coordinate(point, self.against), self.columns * dots_per_column)
    }

    fn place(&self, value: f64, dots: usize) -> usize {
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        (part * (dots - 1) as f64).round() as usize
    }

    /// The axis, its labels, and what they mean: three lines behind a margin of so many columns.
    pub(super) fn below(&self, margin: usize, warm_until: Option<Point>, shades: &Shades) -> [String; 3] {
        let warm_columns = warm_until.map_or(0, |point| self.dot(&point, 1));
        let floor = |column| if column < warm_columns { shades.floor_warm } else { shades.floor };
        let mut axis: Vec<char> = (0..self.columns).map(floor).collect();
        let mut text = vec![' '; self.columns];
        for (value, label) in self.ticks() {
            let column = self.place(value, self.columns);
            if write_below(&mut text, column, &label) {
                axis[column] = shades.floor_tick;
            }
        }
        let axis: String = axis.into_iter().collect();
        let text: String = text.into_iter().collect();
        let legend = self.legend(warm_until.is_some(), shades);
        [
            format!("{:margin$} {}{axis}", "", shades.corner),
            format!("{:margin$}  {}", "", text.trim_end()),
            format!("{:margin$}  {legend}", ""),
        ]
    }

    fn legend(&self, has_warm_up: bool, shades: &Shades) -> String {
        let what = match self.against {
            Against::Requests => "requests",
            Against::Time => "time",
        };
        let parts = format!("{what}  {} warm-up  {} judged", shades.floor_warm, shades.floor);
        if has_warm_up && parts.chars().count() <= self.columns { parts } else { what.to_owned() }
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let (divisor, unit) = self.unit();
        let (low, high) = (self.low / divisor, self.high / divisor);
        let wanted = (self.columns as f64 / COLUMNS_PER_TICK).max(1.0);
        let step = round_step((high - low) / wanted);
        let first = (low / step).ceil();
        let values = (0..=wanted as usize).map(|tick| (first + tick as f64) * step);
        let label = |value: f64| (value * divisor, format!("{}{unit}", quantity::short(value)));
        values.filter(|value| *value <= high).map(label).collect()
    }

    /// What a tick counts: requests, or seconds, minutes, hours.
    fn unit(&self) -> (f64, &'static str) {
        match (self.against, self.high - self.low) {
            (Against::Requests, _) => (1.0, ""),
            (Against::Time, span) if span < 300.0 => (1.0, " s"),
            (Against::Time, span) if span < 18_000.0 => (60.0, " min"),
            (Against::Time, _) => (3600.0, " h"),
        }
    }
}

fn coordinate(point: &Point, against: Against) -> f64 {
    match against {
        Against::Requests => point.requests as f64,
        Against::Time => point.at_seconds.clamp(0.0, VALUE_MAX),
    }
}

/// Centres a label below its column, moved inward at the ends; `false` where another one is in the way.
fn write_below(text: &mut [char], column: usize, label: &str) -> bool {
    let length = label.len();
    let Some(latest) = text.len().checked_sub(length) else { return false };
    let start = column.saturating_sub(length / 2).min(latest);
    let free = |cells: &[char]| cells.iter().all(|cell| *cell == ' ');
    if !free(&text[start.saturating_sub(1)..(start + length + 1).min(text.len())]) {
        return false;
    }
    for (cell, letter) in text[start..].iter_mut().zip(label.chars()) {
        *cell = letter;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (raw, step) in [(1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (700.0, 1000.0), (0.03, 0.05)] {
            assert!((round_step(raw) - step).abs() < step * 1e-9, "{raw}: {}", round_step(raw));
        }
    }

    #[test]
    fn a_label_never_covers_another() {
        let mut text = vec![' '; 10];
        assert!(write_below(&mut text, 0, "0"));
        assert!(write_below(&mut text, 9, "10k"));
        assert!(!write_below(&mut text, 6, "5k"));
        assert!(!write_below(&mut text, 5, "a label that is too long"));
        assert_eq!(text.iter().collect::<String>(), "0      10k");
    }
}
