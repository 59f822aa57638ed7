//! What every service showed: its floor, its own count, and anonymous memory where nothing forces a collection.

use std::fmt::Write as _;

use super::run::{Outcome, Runner, Settings};
use super::service::{Service, Truth};
use crate::bench::arithmetic::{Reading, maximum, percentile, slope};

/// Two doses of warm-up, and eight that are judged; the rest is for services that need more to be decided.
const BUDGET: &str = "15s";
const DOSE: &str = "700ms";
const ATTACHED: Settings = Settings { budget: BUDGET, dose: DOSE, attach: true, counts: true, ballast: 0 };
const UNTOUCHED: Settings = Settings { attach: false, counts: false, ..ATTACHED };
/// What floor and own count may differ by.
const AGREEMENT: f64 = 0.05;
/// A count that takes longer may still run when Drip reads.
const COUNT_MS_MAX: f64 = 180.0;

/// Growth of one signal of one service.
#[derive(Clone, Copy)]
pub(super) struct Growth {
    /// The straight line through the readings, bytes per request.
    per_request: f64,
    /// The last reading less the first, bytes.
    per_run: f64,
}

impl Growth {
    fn of(readings: &[Reading]) -> Option<Self> {
        let ((_, first), (_, last)) = (readings.first()?, readings.last()?);
        Some(Self { per_request: slope(readings)?, per_run: last - first })
    }
}

/// What was measured of one service.
pub(super) struct Row {
    service: &'static Service,
    signal: &'static str,
    way: String,
    verdict: String,
    floor: Option<Growth>,
    own: Option<f64>,
    longest_count: Option<f64>,
    anon: Option<Growth>,
    requests: f64,
    /// Why there is no floor.
    refusal: Option<String>,
}

/// Runs a service, and a healthy one again with nothing attached and nothing counted.
pub(super) fn measure(runner: &Runner, service: &'static Service) -> Result<Row, String> {
    let attached = runner.run(service, ATTACHED)?;
    if let Some(trouble) = attached.trouble() {
        return Err(trouble);
    }
    let signal = attached.signal();
    let again = service.truth == Truth::Healthy && signal.is_some();
    let anon = if again { runner.run(service, UNTOUCHED)?.judged("anon") } else { attached.judged("anon") };
    Ok(row(service, &attached, signal.unwrap_or("anon"), Growth::of(&anon)))
}

fn row(service: &'static Service, outcome: &Outcome, signal: &'static str, anon: Option<Growth>) -> Row {
    let readings = outcome.judged(signal);
    let ends = (readings.first().map_or(0.0, |first| first.0), readings.last().map_or(0.0, |last| last.0));
    Row {
        service,
        signal,
        way: outcome.way().to_owned(),
        verdict: outcome.verdict().to_owned(),
        floor: Growth::of(&readings),
        own: slope(&outcome.counted(&readings)),
        refusal: outcome.refusal().map(str::to_owned),
        longest_count: outcome.longest_count(),
        anon,
        requests: ends.1 - ends.0,
    }
}

/// What healthy and leaking services showed, and what that says.
pub(super) fn tables(rows: &[Row]) -> String {
    let mut text = String::from("\n## Growth, bytes per request\n\n");
    text.push_str(NOTES);
    for truth in [Truth::Healthy, Truth::Leaking] {
        let chosen: Vec<_> = rows.iter().filter(|row| row.service.truth == truth).collect();
        // Writing to a String cannot fail.
        let _ = write!(text, "\n### {truth:?}: {}\n\n{HEAD}", chosen.len());
        text.extend(chosen.into_iter().map(Row::line));
    }
    text.push_str(&refusals(rows));
    text + &agreement(rows) + &allowances(rows)
}

const NOTES: &str = "Straight lines through the readings at rest from the last one of the warm-up on. The own count is made by the service itself, by its runtime's or its own arithmetic, before Drip reads and at the same doses. Anonymous memory of healthy services is that of a second run with `--no-attach` and no own count, so that nothing collects but the runtime; that of leaking ones is from the same run as their floor, after its collection. `*`: the own count took so long that it may have run while Drip read.\n";
const HEAD: &str = "| service | holds | floor by | signal | floor | own count | floor / own | anonymous | growth of the floor in the run, KB | judged requests | verdict |\n|---|---|---|---|---|---|---|---|---|---|---|\n";

impl Row {
    fn line(&self) -> String {
        let floor = self.floor.map(|growth| growth.per_request);
        let late = if self.longest_count.is_some_and(|ms| ms > COUNT_MS_MAX) { "*" } else { "" };
        format!(
            "| {} | {} | {} | {} | {} | {}{late} | {} | {} | {} | {:.0} | {} |\n",
            self.service.name,
            self.service.holds,
            self.way,
            self.signal,
            number(floor, 1),
            number(self.own, 1),
            number(self.ratio(), 3),
            number(self.anon.map(|growth| growth.per_request), 1),
            number(self.floor.map(|growth| growth.per_run / 1e3), 1),
            self.requests,
            self.verdict,
        )
    }

    /// The floor's growth over that of the own count; what leaks has one that means something.
    fn ratio(&self) -> Option<f64> {
        let has_floor = self.signal != "anon" || !self.service.toolchain.collects;
        let own = self.own.filter(|own| has_floor && self.service.truth == Truth::Leaking && *own > 0.0)?;
        Some(self.floor?.per_request / own)
    }
}

/// Where a runtime collects and nothing could make it.
fn refusals(rows: &[Row]) -> String {
    let refused = rows.iter().filter_map(|row| Some((row.service.name, row.refusal.as_ref()?)));
    let lines: String = refused.map(|(name, why)| format!("\n- {name} has no floor: {why}")).collect();
    if lines.is_empty() { lines } else { lines + "\n" }
}

fn agreement(rows: &[Row]) -> String {
    let ratios: Vec<_> = rows.iter().filter_map(|row| Some((row.service.name, row.ratio()?))).collect();
    let (near, far): (Vec<_>, Vec<_>) =
        ratios.iter().partition(|(_, ratio)| (ratio - 1.0).abs() <= AGREEMENT);
    let outside: Vec<_> = far.iter().map(|(name, ratio)| format!("{name} {ratio:.3}")).collect();
    let outside = if outside.is_empty() { "none".to_owned() } else { outside.join(", ") };
    let percent = AGREEMENT * 1e2;
    format!(
        "\nFloor and own count agree within {percent:.0} % in {} of {} leaking services that have both. Outside: {outside}.\n",
        near.len(),
        ratios.len(),
    )
}

/// R: what healthy services grew by, by runtime and signal.
fn allowances(rows: &[Row]) -> String {
    let mut text =
        format!("\n## Growth of healthy services after warm-up\n\n{ALLOWANCE_NOTES}\n{ALLOWANCE_HEAD}");
    let mut grown: Vec<(&str, &str, Growth)> = Vec::new();
    for row in rows.iter().filter(|row| row.service.truth == Truth::Healthy) {
        let runtime = row.service.toolchain.folder;
        let apart = row.anon.filter(|_| row.signal != "anon").map(|growth| (runtime, "anon", growth));
        grown.extend(row.floor.map(|growth| (runtime, row.signal, growth)));
        grown.extend(apart);
    }
    let mut groups: Vec<_> = grown.iter().map(|(runtime, signal, _)| (*runtime, *signal)).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let chosen = grown.iter().filter(|(runtime, signal, _)| (*runtime, *signal) == group);
        text.push_str(&allowance(group, &chosen.map(|(_, _, growth)| *growth).collect::<Vec<_>>()));
    }
    text
}

const ALLOWANCE_NOTES: &str = "The allowance R of the judge is to be held against this. One value for each service: with so few, the 99th percentile is close to the maximum. `anon` is from runs with `--no-attach`.\n";
const ALLOWANCE_HEAD: &str = "| runtime | signal | services | KB per run, median | 99th percentile | maximum | bytes per request, median | 99th percentile | maximum |\n|---|---|---|---|---|---|---|---|---|\n";

fn allowance((runtime, signal): (&str, &str), grown: &[Growth]) -> String {
    let runs: Vec<_> = grown.iter().map(|growth| growth.per_run / 1e3).collect();
    let requests: Vec<_> = grown.iter().map(|growth| growth.per_request).collect();
    let three = |values: &[f64]| {
        let values = [percentile(values, 0.5), percentile(values, 0.99), maximum(values)];
        values.map(|value| number(value, 1)).join(" | ")
    };
    format!("| {runtime} | {signal} | {} | {} | {} |\n", grown.len(), three(&runs), three(&requests))
}

/// A number for a table; a dash where there is none.
pub(super) fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}
