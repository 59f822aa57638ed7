//! `cargo xtask bench`: what the eight example services get for a verdict, and what Drip costs, as a dated table.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::arithmetic::slope;
use super::{build, keep};
use crate::failure::Failure;
use crate::fixture::{FIXTURES, Place};
use crate::program;
use crate::workspace::Workspace;

/// Starts of `drip --version`; the median counts.
const STARTS: usize = 21;

/// One service to be judged. Words in `{}` are filled with the folders of examples and fixtures.
struct Example {
    name: &'static str,
    request: &'static [&'static str],
    command: &'static [&'static str],
    /// Whether the service counts its own live memory at rest.
    counts_itself: bool,
}

const INGEST: &[&str] = &[
    "--path",
    "/ingest",
    "-H",
    "Content-Type: application/json",
    "-d",
    "@{examples}/python-flask/event.json",
];
const FUNCTION: &[&str] = &["--path", "/?name={word}"];
const DATA: &[&str] = &["--path", "/data"];

static EXAMPLES: &[Example] = &[
    node(
        "Express, leaking",
        &[
            "node",
            "--expose-gc",
            "-r",
            "{fixtures}/node-express/count-heap.cjs",
            "{fixtures}/node-express/leaky-server.js",
        ],
    ),
    node(
        "Express, fixed",
        &[
            "node",
            "--expose-gc",
            "-r",
            "{fixtures}/node-express/count-heap.cjs",
            "{fixtures}/node-express/fixed-server.js",
        ],
    ),
    other("Flask, leaking", INGEST, &["{fixtures}/python/bin/python", "{examples}/python-flask/leaky.py"]),
    other("Flask, fixed", INGEST, &["{fixtures}/python/bin/python", "{examples}/python-flask/fixed.py"]),
    other(
        "function, leaking",
        FUNCTION,
        &["python3", "{examples}/python-function/serve.py", "{examples}/python-function/leaky/__main__.py"],
    ),
    other(
        "function, fixed",
        FUNCTION,
        &["python3", "{examples}/python-function/serve.py", "{examples}/python-function/fixed/__main__.py"],
    ),
    other("Go, leaking", DATA, &["{fixtures}/go/leaky"]),
    other("Go, fixed", DATA, &["{fixtures}/go/fixed"]),
];

const fn node(name: &'static str, command: &'static [&'static str]) -> Example {
    Example { name, request: DATA, command, counts_itself: true }
}

const fn other(
    name: &'static str,
    request: &'static [&'static str],
    command: &'static [&'static str],
) -> Example {
    Example { name, request, command, counts_itself: false }
}

pub(super) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let place = Place::of(workspace);
    for fixture in FIXTURES {
        (fixture.set_up)(&place)?;
    }
    let bench = Bench {
        drip: build(workspace)?,
        examples: workspace.root.join("examples"),
        fixtures: place.fixtures,
    };
    let table = bench.table()?;
    print!("{table}");
    keep(workspace, "examples", &table)
}

struct Bench {
    drip: PathBuf,
    examples: PathBuf,
    fixtures: PathBuf,
}

impl Bench {
    fn table(&self) -> Result<String, Failure> {
        let size = fs::metadata(&self.drip).map_err(|error| Failure::step("the binary", error))?.len();
        let start = self.start_time()?;
        let mut table = String::from(
            "# The example services, judged\n\nRepeat: `cargo xtask bench`. Wall times are of this machine on this day; compare within a table only.\n\n",
        );
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "Binary: {:.1} MB. `drip --version`: {:.1} ms (median of {STARTS}).\n",
            size as f64 / 1e6,
            start.as_secs_f64() * 1e3
        );
        table.push_str("| service | verdict | signal | bytes per request (99 % interval) | its own count | smallest detectable | requests | seconds | Drip's CPU s | Drip's peak MB |\n|---|---|---|---|---|---|---|---|---|---|\n");
        for example in EXAMPLES {
            eprintln!("xtask: judging {}", example.name);
            table.push_str(&self.row(example)?);
        }
        Ok(table)
    }

    fn start_time(&self) -> Result<Duration, Failure> {
        let mut times = Vec::new();
        for _ in 0..STARTS {
            let began = Instant::now();
            program::output(Command::new(&self.drip).arg("--version"), "drip --version")?;
            times.push(began.elapsed());
        }
        times.sort();
        Ok(times[STARTS / 2])
    }

    fn row(&self, example: &Example) -> Result<String, Failure> {
        let count = self.fixtures.join("own-count");
        // Left by an earlier run, or not there.
        let _ = fs::remove_file(&count);
        let document = self.judge(example, &count)?;
        let vector = &document["vectors"][0];
        let (rate, foot) = (&vector["perRequest"], &document["footprint"]);
        let number = |value: &Value, digits: usize| {
            value.as_f64().map_or("–".to_owned(), |v| format!("{v:.digits$}"))
        };
        let own = if example.counts_itself { own_count(&count, vector) } else { None };
        Ok(format!(
            "| {} | {} | {} | {} ({} to {}) | {} | {} | {} | {} | {} | {:.1} |\n",
            example.name,
            vector["verdict"].as_str().unwrap_or("none"),
            vector["signal"].as_str().unwrap_or("none"),
            number(&rate["estimate"], 1),
            number(&rate["low"], 1),
            number(&rate["high"], 1),
            own.map_or("–".to_owned(), |own| format!("{own:.1}")),
            number(&vector["smallestDetectable"], 1),
            vector["requests"],
            number(&foot["wallSeconds"], 0),
            number(&foot["cpuSeconds"], 1),
            foot["peakRssBytes"].as_f64().unwrap_or(0.0) / 1e6,
        ))
    }

    /// The exit code is the verdict's; what counts here is the document.
    fn judge(&self, example: &Example, count: &std::path::Path) -> Result<Value, Failure> {
        let fill = |word: &&str| {
            let word = word.replace("{examples}", &self.examples.display().to_string());
            word.replace("{fixtures}", &self.fixtures.display().to_string())
        };
        let mut command = Command::new(&self.drip);
        command.args(["run", "--quiet", "--format", "json"]).args(example.request.iter().map(fill)).arg("--");
        command.args(example.command.iter().map(fill)).env("HEAP_COUNT_FILE", count);
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| program::not_started(&command, "drip run", &error))?;
        serde_json::from_slice(&output.stdout).map_err(|error| Failure::step(example.name, error))
    }
}

/// The straight line through what the service counted of itself at rest, its warm-up left out.
fn own_count(file: &std::path::Path, vector: &Value) -> Option<f64> {
    let points = vector["series"][0]["points"].as_array()?;
    let warm_up = points.iter().rfind(|point| point["stage"] == "warm-up")?["requests"].as_f64()?;
    let text = fs::read_to_string(file).ok()?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let counted = lines.filter_map(|line| Some((line["requests"].as_f64()?, line["bytes"].as_f64()?)));
    let counted: Vec<_> = counted.filter(|(requests, _)| *requests >= warm_up).collect();
    slope(&counted)
}
