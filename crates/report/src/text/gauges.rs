//! What was read beside the signal, in words: of what the growth consists, and which counts grew with the requests.

use std::io;

use super::page::Page;
use crate::document::{Gauge, Unit};
use crate::quantity;

/// Parts of the heap that grow by less, bytes per request, are noise of every runtime.
const BYTES_MIN: f64 = 16.0;
/// Counts that grow by less per request come from connections and pools of the service's own.
const COUNT_MIN: f64 = 0.01;

/// A line for the parts that grew, and one for the counts.
pub(super) fn write(gauges: &[Gauge], page: &mut Page<'_>) -> io::Result<()> {
    for (title, unit, least) in [("Parts", Unit::Bytes, BYTES_MIN), ("Counts", Unit::Count, COUNT_MIN)] {
        let grown = grown(gauges, unit, least);
        if !grown.is_empty() {
            page.entry(title, &grown.join("; "))?;
        }
    }
    Ok(())
}

/// `array buffers grew by 8.2 kB per request`, largest first.
fn grown(gauges: &[Gauge], unit: Unit, least: f64) -> Vec<String> {
    let mut grown: Vec<(f64, &Gauge)> = gauges
        .iter()
        .filter(|gauge| gauge.unit == unit)
        .filter_map(|gauge| Some((gauge.per_request?, gauge)))
        .filter(|(rate, _)| *rate >= least)
        .collect();
    grown.sort_by(|one, other| other.0.total_cmp(&one.0));
    grown
        .into_iter()
        .map(|(rate, gauge)| format!("{} grew by {} per request", gauge.name, amount(unit, rate)))
        .collect()
}

fn amount(unit: Unit, rate: f64) -> String {
    match unit {
        Unit::Bytes => quantity::bytes(rate),
        Unit::Count => quantity::number(rate, 3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge(name: &str, unit: Unit, per_request: f64) -> Gauge {
        Gauge { name: name.to_owned(), unit, per_request: Some(per_request), points: Vec::new() }
    }

    #[test]
    fn only_what_grew_is_told_and_the_most_first() {
        let gauges = [
            gauge("heap used", Unit::Bytes, 40.0),
            gauge("array buffers", Unit::Bytes, 8192.0),
            gauge("external", Unit::Bytes, 3.0),
            gauge("goroutines", Unit::Count, 1.0),
            gauge("threads", Unit::Count, 0.001),
        ];
        assert_eq!(
            grown(&gauges, Unit::Bytes, BYTES_MIN),
            ["array buffers grew by 8.19 KB per request", "heap used grew by 40 bytes per request"]
        );
        assert_eq!(grown(&gauges, Unit::Count, COUNT_MIN), ["goroutines grew by 1 per request"]);
        assert!(grown(&[], Unit::Count, COUNT_MIN).is_empty());
    }
}
