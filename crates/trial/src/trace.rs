//! Recorded readings, as text: a header of column names, then a row for each.

use std::fmt;
use std::time::Duration;

use drip_judge::{Assessment, Identity, Reading, Terms, Watch};

/// Why a text is no trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The readings under load of a recorded trace: columns `t_s`, `requests`, `anon_bytes`, `phase`, and `process` where
/// it was recorded which processes they were.
pub fn readings(text: &str) -> Result<Vec<Reading>, Unreadable> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| columns.iter().position(|column| *column == name);
    let needed = |name: &str| column(name).ok_or_else(|| Unreadable(format!("no column {name}")));
    let (at, requests, value) = (needed("t_s")?, needed("requests")?, needed("anon_bytes")?);
    let (phase, process) = (column("phase"), column("process"));
    let mut found = Vec::new();
    for line in lines {
        let row: Vec<&str> = line.split(',').collect();
        let cell = |at: usize| row.get(at).copied().unwrap_or_default();
        let number =
            |at: usize| cell(at).parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        if phase.is_some_and(|phase| cell(phase) != "load") {
            continue;
        }
        // A reading that was missed is missing, not zero.
        let (Some(at), Some(requests), Some(value)) = (number(at), number(requests), number(value)) else {
            continue;
        };
        found.push(Reading {
            at: Duration::from_secs_f64(at),
            process: Identity(process.and_then(number).unwrap_or_default() as u64),
            requests: requests as u64,
            value: value as u64,
        });
    }
    Ok(found)
}

/// What the judge says of readings when it may ask for as many requests as they hold.
pub fn judge(readings: &[Reading], terms: Terms) -> Assessment {
    let budget = readings
        .first()
        .zip(readings.last())
        .map_or(0, |(first, last)| last.requests.saturating_sub(first.requests));
    let mut watch = Watch::new(terms, budget);
    readings.iter().find_map(|reading| watch.push(*reading)).unwrap_or_else(|| watch.conclude())
}
