//! What was read beside the signal, in words: of what the growth consists, and which counts grew with the requests.

use super::Fact;
use crate::document::{Gauge, Unit, Vector, Verdict};
use crate::quantity;

/// What a runtime's own tables and pools grow by in a run: below it a rate would be noise.
const BYTES_MIN: f64 = 300_000.0;
/// Pools of connections and threads open so many things by themselves.
const COUNT_MIN: f64 = 20.0;

/// A line for the parts that grew, and one for the counts; nothing where memory is calm and no count grew.
pub(super) fn facts(vector: &Vector) -> Vec<Fact> {
    let requests = vector.judged_requests.unwrap_or(0) as f64;
    let is_calm = matches!(vector.verdict, Verdict::Steady | Verdict::Settling);
    let parts = if is_calm { Vec::new() } else { grown(&vector.gauges, Unit::Bytes, BYTES_MIN / requests) };
    let counts = grown(&vector.gauges, Unit::Count, COUNT_MIN / requests);
    let lines = [("Parts", parts), ("Counts", counts)].into_iter();
    lines
        .filter(|(_, grown)| !grown.is_empty())
        .map(|(label, grown)| Fact::new(label, grown.join("; ")))
        .collect()
}

/// `array buffers grew by 8.2 KB per request`, largest first; what grew by less than `least` is left out.
fn grown(gauges: &[Gauge], unit: Unit, least: f64) -> Vec<String> {
    let of_unit = gauges.iter().filter(|gauge| gauge.unit == unit);
    let rates = of_unit.filter_map(|gauge| Some((gauge.per_request?, gauge.name.as_str())));
    let mut grown: Vec<(f64, &str)> = rates.filter(|(rate, _)| *rate >= least).collect();
    grown.sort_by(|one, other| other.0.total_cmp(&one.0));
    grown
        .into_iter()
        .map(|(rate, name)| format!("{name} grew by {} per request", amount(unit, rate)))
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
            grown(&gauges, Unit::Bytes, 16.0),
            ["array buffers grew by 8.19 KB per request", "heap used grew by 40 bytes per request"]
        );
        assert_eq!(grown(&gauges, Unit::Count, 0.01), ["goroutines grew by 1 per request"]);
        assert!(grown(&[], Unit::Count, 0.0).is_empty());
    }
}
