//! Latencies of every dose as a heat map: a column for each dose, a row for each class of latencies, the darker the more
//! requests of the dose were that long. A service that slows down shows it as a slope, one that stalls as a second band.

use std::fmt::Write as _;

use crate::document::{Latencies, LatencyDose, Vector};
use crate::quantity;

/// More columns than that cannot be told apart.
const DOSES_MAX: usize = 60;
/// Steps from what is hardly there to what is most; more are not told apart.
const SHADES: usize = 6;

/// The picture and its words.
pub(super) struct Heat {
    pub(super) described: String,
    /// From the slowest class to the fastest.
    pub(super) classes: Vec<String>,
    pub(super) svg: String,
    pub(super) across: String,
}

/// Nothing where fewer than two doses were timed.
pub(super) fn of(vector: &Vector) -> Option<Heat> {
    let latencies = vector.latencies.as_ref()?;
    let doses = &latencies.doses[latencies.doses.len().saturating_sub(DOSES_MAX)..];
    let (low, high) = seen(doses)?;
    if doses.len() < 2 {
        return None;
    }
    let (first, last) = (doses.first()?.requests, doses.last()?.requests);
    Some(Heat {
        described: described(latencies, doses),
        classes: (low..=high).rev().map(|class| name(class, &latencies.edges_ms)).collect(),
        svg: drawn(doses, low, high),
        across: format!(
            "{} to {} requests, a column for each dose",
            quantity::count(first),
            quantity::count(last)
        ),
    })
}

/// The fastest and the slowest class that is not empty.
fn seen(doses: &[LatencyDose]) -> Option<(usize, usize)> {
    let classes = || doses.iter().flat_map(|dose| (0..).zip(&dose.counts).filter(|(_, count)| **count > 0));
    Some((classes().map(|(class, _)| class).min()?, classes().map(|(class, _)| class).max()?))
}

/// Cells of one shade are one path, which keeps a page of many vectors small.
fn drawn(doses: &[LatencyDose], low: usize, high: usize) -> String {
    let mut shades = vec![String::new(); SHADES];
    for (column, dose) in doses.iter().enumerate() {
        let most = dose.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        for class in (low..=high).filter(|class| dose.counts.get(*class).is_some_and(|count| *count > 0)) {
            let share = (dose.counts[class] as f64 / most).sqrt();
            let shade = ((share * SHADES as f64) as usize).min(SHADES - 1);
            let _ = write!(shades[shade], "M{column} {}h1v1h-1z", high - class);
        }
    }
    let (width, height) = (doses.len(), high - low + 1);
    let cells = shades.iter().zip(1..).filter(|(path, _)| !path.is_empty()).map(|(path, shade)| {
        format!("<path fill-opacity=\"{:.2}\" d=\"{path}\"/>", f64::from(shade) / SHADES as f64)
    });
    let cells: String = cells.collect();
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{cells}</svg>"
    )
}

/// `1 to 2 ms`.
fn name(class: usize, edges: &[f64]) -> String {
    let ms = |edge: f64| quantity::number(edge, 3);
    match (class.checked_sub(1).and_then(|below| edges.get(below)), edges.get(class)) {
        (Some(from), Some(to)) => format!("{} to {} ms", ms(*from), ms(*to)),
        (None, Some(to)) => format!("under {} ms", ms(*to)),
        (Some(from), None) => format!("over {} ms", ms(*from)),
        (None, None) => String::new(),
    }
}

/// For those who do not see it.
fn described(latencies: &Latencies, doses: &[LatencyDose]) -> String {
    let usual = |dose: &LatencyDose| {
        let most = (0..).zip(&dose.counts).max_by_key(|(_, count)| **count);
        most.map_or_else(String::new, |(class, _)| name(class, &latencies.edges_ms))
    };
    let (first, last) = (doses.first().map(usual), doses.last().map(usual));
    format!(
        "Heat map of latencies in {} doses: most were {} in the first and {} in the last.",
        doses.len(),
        first.unwrap_or_default(),
        last.unwrap_or_default()
    )
}
