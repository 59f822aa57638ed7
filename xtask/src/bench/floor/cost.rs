//! What it costs a service that Drip attaches: processor time while requests run, and the time of a reading.

use std::fmt::Write as _;

use super::growth::number;
use super::run::{Outcome, Runner, Settings};
use super::service::Service;
use crate::bench::arithmetic::{maximum, percentile};

/// Runs of each kind take turns, so that a slow minute of the machine falls on all of them.
const ROUNDS: usize = 5;
const IDLE: Settings = Settings { budget: "8s", dose: "400ms", attach: true, counts: false, ballast: 0 };
const UNTOUCHED: Settings = Settings { attach: false, ..IDLE };
/// What is left of the cost when the service collects by itself at the same moments: that of the hook alone.
const COLLECTING: Settings = Settings { counts: true, ..UNTOUCHED };
const KINDS: [Settings; 3] = [IDLE, UNTOUCHED, COLLECTING];
const BALLAST_MB: u32 = 50;
const LADEN: Settings = Settings { ballast: BALLAST_MB, ..IDLE };

/// What attaching cost one service.
pub(super) struct Cost {
    service: &'static Service,
    way: String,
    /// Processor time per request, microseconds, of each round in the order of [`KINDS`].
    rounds: Vec<[f64; 3]>,
    reading_ms: Option<f64>,
    laden_reading_ms: Option<f64>,
    laden_mb: Option<f64>,
}

pub(super) fn measure(runner: &Runner, service: &'static Service) -> Result<Cost, String> {
    let (mut attached, mut rounds) = (Vec::new(), Vec::new());
    for turn in 0..ROUNDS {
        let (outcome, cpu) = round(runner, service, turn)?;
        attached.push(outcome);
        rounds.extend(cpu);
    }
    let laden = runner.run(service, LADEN)?;
    let readings: Vec<_> = attached.iter().filter_map(Outcome::longest_reading).collect();
    Ok(Cost {
        service,
        way: laden.way().to_owned(),
        rounds,
        reading_ms: maximum(&readings).map(|seconds| seconds * 1e3),
        laden_reading_ms: laden.longest_reading().map(|seconds| seconds * 1e3),
        laden_mb: laden.judged(laden.signal().unwrap_or("anon")).last().map(|(_, bytes)| bytes / 1e6),
    })
}

/// A run of each kind, another one first each time: the attached one, and the processor times where all were seen.
fn round(
    runner: &Runner,
    service: &'static Service,
    turn: usize,
) -> Result<(Outcome, Option<[f64; 3]>), String> {
    let mut outcomes = [None, None, None];
    for place in 0..KINDS.len() {
        let kind = (place + turn) % KINDS.len();
        outcomes[kind] = Some(runner.run(service, KINDS[kind])?);
    }
    let [Some(attached), Some(untouched), Some(collecting)] = outcomes else {
        return Err("a run is missing".to_owned());
    };
    let cpu = [&attached, &untouched, &collecting].map(Outcome::cpu_seconds);
    let [Some(a), Some(b), Some(c)] = cpu else { return Ok((attached, None)) };
    Ok((attached, Some([a, b, c].map(|seconds| seconds * 1e6))))
}

pub(super) fn table(costs: &[Cost]) -> String {
    let mut text = String::from("\n## What attaching costs the service\n\n");
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{ROUNDS} rounds of three kinds of runs, measured side by side in turns: attached, untouched (`--no-attach`), and collecting (`--no-attach`, and the service forces its collections itself at the same moments, where its runtime has any). Processor time is that of the judged doses, readings left out. What a forced collection throws away (compiled code, the young generation's size) is made again under load and is in the first ratio; the second one is that of the hook alone. Ratios: median, smallest to largest of the rounds. Laden: the service holds {BALLAST_MB} MB of small objects besides.\n"
    );
    text.push_str(HEAD);
    text.extend(costs.iter().map(Cost::line));
    text
}

const HEAD: &str = "| service | floor by | CPU µs per request: attached | untouched | collecting | attached / untouched | attached / collecting | longest reading, ms | laden: longest reading, ms | laden: floor, MB |\n|---|---|---|---|---|---|---|---|---|---|\n";

impl Cost {
    fn line(&self) -> String {
        let middle = |kind: usize| {
            let times: Vec<_> = self.rounds.iter().map(|round| round[kind]).collect();
            number(percentile(&times, 0.5), 1)
        };
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            self.service.name,
            self.way,
            middle(0),
            middle(1),
            middle(2),
            self.ratio(1),
            self.ratio(2),
            number(self.reading_ms, 1),
            number(self.laden_reading_ms, 1),
            number(self.laden_mb, 1),
        )
    }

    /// The attached runs over those of another kind.
    fn ratio(&self, kind: usize) -> String {
        let ratios: Vec<_> = self.rounds.iter().map(|round| round[0] / round[kind]).collect();
        let [least, middle, most] = [0.0, 0.5, 1.0].map(|share| number(percentile(&ratios, share), 3));
        format!("{middle} ({least} to {most})")
    }
}
