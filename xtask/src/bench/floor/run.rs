//! One run of Drip over one service, and what its document says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::service::Service;
use super::toolchain::Folders;
use crate::bench::arithmetic::Reading;
use crate::program;

/// The same requests each time.
const SEED: &str = "1";
/// In order of trust, as Drip has them.
const FLOORS: [&str; 3] = ["live_heap", "heap_after_gc", "anon_after_gc"];

/// Requests that the service answered and Drip did not count: those that ask whether it is ready, and those that were
/// cut at the end of a dose.
const PROBES_MAX: f64 = 60.0;

/// How a service is run.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// Time that the run may take, as `--budget` has it.
    pub(super) budget: &'static str,
    /// Length of a dose, as `--dose` has it.
    pub(super) dose: &'static str,
    /// Whether Drip may attach.
    pub(super) attach: bool,
    /// Whether the service counts itself, which forces collections that would not have come by themselves.
    pub(super) counts: bool,
    /// Live memory that the service holds for no reason, megabytes.
    pub(super) ballast: u32,
}

/// Runs Drip.
pub(super) struct Runner {
    pub(super) drip: PathBuf,
    pub(super) folders: Folders,
}

/// What came of a run.
pub(super) struct Outcome {
    document: Value,
    counts: Vec<Value>,
}

impl Runner {
    /// Drip's exit code is the verdict's; what counts here is the document.
    pub(super) fn run(&self, service: &Service, settings: Settings) -> Result<Outcome, String> {
        let file = self.folders.built.join("own-count");
        // Left by an earlier run, or not there.
        let _ = fs::remove_file(&file);
        let mut command = self.command(service, settings);
        if settings.counts {
            command.env("OWN_COUNT_FILE", &file).env("HEAP_COUNT_FILE", &file);
        }
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output =
            output.map_err(|error| program::not_started(&command, "drip run", &error).to_string())?;
        let document =
            serde_json::from_slice(&output.stdout).map_err(|error| format!("no document: {error}"))?;
        Ok(Outcome { document, counts: lines(&file) })
    }

    fn command(&self, service: &Service, settings: Settings) -> Command {
        let mut command = Command::new(&self.drip);
        // Settings of the person's own would change what is measured.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DRIP_")) {
            command.env_remove(name);
        }
        command.current_dir(self.folders.sources.join(service.toolchain.folder));
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("CGO_ENABLED", "0").env_remove("PORT");
        command.env("BALLAST_MB", settings.ballast.to_string());
        command.args(["run", "--quiet", "--no-fail", "--format", "json", "--seed", SEED]);
        command.args(["--budget", settings.budget, "--dose", settings.dose]);
        if !settings.attach {
            command.arg("--no-attach");
        }
        command.args(service.request.iter().map(|word| self.folders.filled(word))).arg("--");
        command.args(service.command.iter().filter_map(|word| self.word(word, settings)));
        command
    }

    fn word(&self, word: &str, settings: Settings) -> Option<String> {
        match word.strip_prefix('?') {
            Some(word) => settings.counts.then(|| self.folders.filled(word)),
            None => Some(self.folders.filled(word)),
        }
    }
}

/// The lines of JSON of a file; none where it is not there.
fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Outcome {
    /// Why nothing can be read out of it.
    pub(super) fn trouble(&self) -> Option<String> {
        if self.vector()["series"].as_array().is_some_and(|series| !series.is_empty()) {
            return None;
        }
        let said = self.document["doubts"][0]["message"].as_str().unwrap_or("no series");
        Some(said.to_owned())
    }

    /// The name of the floor's signal; `None` where nothing forced a collection.
    pub(super) fn signal(&self) -> Option<&'static str> {
        FLOORS.into_iter().find(|signal| self.judged(signal).len() > 1)
    }

    /// How the floor was had, by its stable name; or that it was not.
    pub(super) fn way(&self) -> &str {
        self.document["service"]["floor"]["name"].as_str().unwrap_or("none")
    }

    /// The verdict of Drip.
    pub(super) fn verdict(&self) -> &str {
        self.vector()["verdict"].as_str().unwrap_or("none")
    }

    /// Readings at rest of a signal, from the last one of the warm-up on: what the judge judges.
    pub(super) fn judged(&self, signal: &str) -> Vec<Reading> {
        let series = self.vector()["series"].as_array().into_iter().flatten();
        let points =
            series.filter(|series| series["signal"] == signal).flat_map(|series| series["points"].as_array());
        let points: Vec<_> = points.flatten().filter(|point| point["stage"] != "load").collect();
        let dosed = |point: &&Value| point["stage"] == "dose";
        let Some(first) = points.iter().position(dosed) else { return Vec::new() };
        let judged = points.iter().skip(first.saturating_sub(1)).filter(|p| p["stage"] != "idle");
        judged.filter_map(|point| Some((point["requests"].as_f64()?, point["value"].as_f64()?))).collect()
    }

    /// What the service counted of itself at the same doses as these readings; a dose that it missed is left out.
    pub(super) fn counted(&self, readings: &[Reading]) -> Vec<Reading> {
        let counts =
            self.counts.iter().filter_map(|line| Some((line["requests"].as_f64()?, line["bytes"].as_f64()?)));
        let counts: Vec<_> = counts.collect();
        let distance = |count: &Reading, reading: &Reading| (count.0 - reading.0).abs();
        let nearest = |reading: &Reading| {
            let by_distance =
                |a: &&Reading, b: &&Reading| distance(a, reading).total_cmp(&distance(b, reading));
            let count = counts.iter().min_by(by_distance)?;
            (distance(count, reading) <= PROBES_MAX).then_some(*count)
        };
        readings.iter().filter_map(nearest).collect()
    }

    /// Why nothing forced a collection, in Drip's words.
    pub(super) fn refusal(&self) -> Option<&str> {
        let doubts = self.vector()["doubts"].as_array()?;
        let refused = doubts.iter().find(|doubt| doubt["kind"] == "floor-not-available")?;
        refused["message"].as_str()
    }

    /// How long the service's own count took at most, milliseconds.
    pub(super) fn longest_count(&self) -> Option<f64> {
        self.counts.iter().filter_map(|line| line["ms"].as_f64()).max_by(f64::total_cmp)
    }

    /// Processor time of the service for one request, seconds.
    pub(super) fn cpu_seconds(&self) -> Option<f64> {
        self.vector()["serviceCpuSecondsPerRequest"].as_f64()
    }

    /// The longest reading of the floor, seconds.
    pub(super) fn longest_reading(&self) -> Option<f64> {
        self.vector()["longestReadingSeconds"].as_f64()
    }

    fn vector(&self) -> &Value {
        &self.document["vectors"][0]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_judged_begins_with_the_last_reading_of_the_warm_up() {
        let point = |stage: &str, requests: u64| json!({ "stage": stage, "requests": requests, "value": requests * 10 });
        let points = [
            ("baseline", 0),
            ("warm-up", 5),
            ("warm-up", 9),
            ("load", 11),
            ("dose", 15),
            ("dose", 20),
            ("idle", 20),
        ];
        let points: Vec<_> = points.into_iter().map(|(stage, requests)| point(stage, requests)).collect();
        let document = json!({ "vectors": [{ "series": [{ "signal": "live_heap", "points": points }] }] });
        let outcome = Outcome { document, counts: Vec::new() };
        assert_eq!(outcome.judged("live_heap"), [(9.0, 90.0), (15.0, 150.0), (20.0, 200.0)]);
        assert_eq!((outcome.signal(), outcome.judged("anon")), (Some("live_heap"), Vec::new()));
    }

    #[test]
    fn counts_are_those_of_the_same_doses() {
        let line = |(requests, bytes): (u64, u64)| json!({ "requests": requests, "bytes": bytes });
        let counts = [(1000, 1), (1502, 2), (2001, 3)].into_iter().map(line).collect();
        let outcome = Outcome { document: Value::Null, counts };
        assert_eq!(
            outcome.counted(&[(1000.0, 0.0), (2000.0, 0.0), (3000.0, 0.0)]),
            [(1000.0, 1.0), (2001.0, 3.0)]
        );
    }
}
