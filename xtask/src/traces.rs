//! `cargo xtask traces DIR [--json]`: recorded traces through the judge of readings under load, beside what is known of
//! their services.
//!
//! `DIR/NAME.csv` is a trace; `DIR/../cases/NAME/case.toml` says what its service is. A service that leaks descriptors
//! alone is skipped: memory does not show it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use drip_judge::{Reading, Subject, Terms};
use drip_model::{Evidence, Growth, Pattern, Runtime, Signal};
use drip_trial::trace;
use serde_json::json;
use toml::{Table, Value};

use crate::failure::Failure;
use crate::workspace::Workspace;

/// What a request in a case file is filled with anew each time.
const SLOTS: [&str; 4] = ["{n}", "{u}", "{w}", "{ip}"];

pub(crate) fn run(_: &Workspace, words: &[String]) -> Result<(), Failure> {
    let (folder, as_json) = match words {
        [folder] => (folder, false),
        [folder, flag] if flag == "--json" => (folder, true),
        _ => {
            return Err(Failure::Usage("cargo xtask traces takes a folder of traces, and --json".to_owned()));
        }
    };
    let (mut tally, mut by_bytes, mut unbounded) = (Tally::default(), Tally::default(), Tally::default());
    for file in files(Path::new(folder))? {
        let judged = Judged::of(&file)?;
        tally.count(&judged, &judged.evidence);
        by_bytes.count(&judged, &judged.by_bytes);
        unbounded.count(&judged, &judged.unbounded);
        if as_json {
            println!("{}", judged.json());
        } else {
            println!("{judged}");
        }
    }
    if !as_json {
        println!("were a cache bounded by bytes alone: {by_bytes}");
        println!("were no cache thought of when the requests are spent, as in the prototype: {unbounded}");
    }
    println!("{tally}");
    Ok(())
}

/// The traces of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let listed = fs::read_dir(folder).map_err(|error| Failure::step(folder.display().to_string(), error))?;
    let paths = listed.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "csv")).collect();
    files.sort();
    Ok(files)
}

/// What is known of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Leaks,
    Clean,
    /// Nobody knows: listed, not counted.
    Ambiguous,
    /// It leaks what memory does not show.
    NotInMemory,
}

/// A service that was recorded, from its case file.
struct Case {
    label: String,
    runtime: Runtime,
    pattern: Pattern,
}

impl Case {
    fn of(trace: &Path) -> Result<Self, Failure> {
        let file = trace.with_extension("");
        let name = file.file_name().unwrap_or_default();
        let file = trace.parent().unwrap_or(Path::new(".")).join("../cases").join(name).join("case.toml");
        let failed = |error: &dyn fmt::Display| Failure::step(file.display().to_string(), error);
        let text = fs::read_to_string(&file).map_err(|error| failed(&error))?;
        let table: Table = text.parse().map_err(|error| failed(&error))?;
        let text = |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default();
        let requests = table.get("load").and_then(|load| load.get("req"));
        Ok(Self {
            label: text("label").to_owned(),
            runtime: runtime(text("language")),
            pattern: if requests.is_some_and(is_varied) { Pattern::UNIQUE_QUERY } else { Pattern::REPEATED },
        })
    }

    fn truth(&self) -> Truth {
        match self.label.as_str() {
            "leak" | "leak (hidden)" | "leak-by-time" => Truth::Leaks,
            "clean" => Truth::Clean,
            "leak (fd)" => Truth::NotInMemory,
            _ => Truth::Ambiguous,
        }
    }

    /// By what its readings are judged.
    fn terms(&self, readings: &[Reading]) -> Terms {
        Terms::of(&Subject {
            signal: Signal::Anon,
            runtime: self.runtime,
            pattern: self.pattern,
            base: readings.first().map_or(0.0, |first| first.value as f64),
            assume_cache: None,
            heap_limit: None,
            descriptor_limit: None,
        })
    }
}

fn runtime(language: &str) -> Runtime {
    match language {
        "javascript" | "typescript" | "node" => Runtime::Node,
        "python" => Runtime::Python,
        "go" => Runtime::Go,
        "java" | "kotlin" | "scala" => Runtime::Jvm,
        "ruby" => Runtime::Ruby,
        "csharp" | "dotnet" | "c#" => Runtime::DotNet,
        "php" => Runtime::Php,
        "c" | "c++" | "rust" | "zig" => Runtime::Native,
        _ => Runtime::Unknown,
    }
}

/// Whether any text of a request has a slot.
fn is_varied(value: &Value) -> bool {
    match value {
        Value::String(text) => SLOTS.iter().any(|slot| text.contains(slot)),
        Value::Array(values) => values.iter().any(is_varied),
        Value::Table(table) => table.values().any(is_varied),
        _ => false,
    }
}

/// A trace, its truth, and what the judge says.
struct Judged {
    name: String,
    case: Case,
    evidence: Evidence,
    /// The same where a cache is bounded by bytes alone.
    by_bytes: Evidence,
    /// The same where no cache is thought of when the requests are spent, which is what the prototype did.
    unbounded: Evidence,
}

impl Judged {
    fn of(file: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn fmt::Display| Failure::step(file.display().to_string(), error);
        let case = Case::of(file)?;
        let text = fs::read_to_string(file).map_err(|error| failed(&error))?;
        let readings = trace::readings(&text).map_err(|error| failed(&error))?;
        let terms = case.terms(&readings);
        Ok(Self {
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            evidence: trace::judge(&readings, terms).evidence,
            by_bytes: trace::judge(&readings, Terms { entries: None, ..terms }).evidence,
            unbounded: trace::judge(&readings, Terms { entries: Some(0), ..terms }).evidence,
            case,
        })
    }

    fn json(&self) -> serde_json::Value {
        let evidence = &self.evidence;
        let interval = &evidence.per_request;
        let doubts =
            evidence.doubts.iter().map(|doubt| json!({"kind": doubt.kind.name(), "message": doubt.message}));
        json!({
            "name": self.name,
            "label": self.case.label,
            "runtime": self.case.runtime.name(),
            "pattern": self.case.pattern.name,
            "verdict": verdict(&evidence.growth),
            "requests": evidence.requests,
            "per_request": {"low": interval.low, "estimate": interval.estimate, "high": interval.high, "level": interval.level},
            "smallest_detectable": evidence.smallest_detectable,
            "doubts": doubts.collect::<Vec<_>>(),
        })
    }
}

/// As a run would call it.
const fn verdict(growth: &Growth) -> &'static str {
    match growth {
        Growth::Grows => "leaking",
        Growth::Bounded { .. } => "settling",
        Growth::Flat => "steady",
        Growth::Undecided => "unclear",
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let evidence = &self.evidence;
        let interval = &evidence.per_request;
        let doubts: Vec<_> = evidence.doubts.iter().map(|doubt| doubt.kind.name()).collect();
        write!(
            f,
            "{:<40} {:<12} {:<8} {:8.0} B/request ({:.0} to {:.0}), detectable {:.0}, {} requests  {}",
            self.name,
            self.case.label,
            verdict(&evidence.growth),
            interval.estimate,
            interval.low,
            interval.high,
            evidence.smallest_detectable,
            evidence.requests,
            doubts.join(", "),
        )
    }
}

/// How many were found, accused and left open.
#[derive(Default)]
struct Tally {
    leaks: u32,
    found: u32,
    clean: u32,
    accused: u32,
    unclear: u32,
    skipped: u32,
}

impl Tally {
    fn count(&mut self, judged: &Judged, evidence: &Evidence) {
        let grows = u32::from(evidence.growth == Growth::Grows);
        match judged.case.truth() {
            Truth::Leaks => (self.leaks, self.found) = (self.leaks + 1, self.found + grows),
            Truth::Clean => (self.clean, self.accused) = (self.clean + 1, self.accused + grows),
            Truth::Ambiguous => return,
            Truth::NotInMemory => {
                self.skipped += 1;
                return;
            }
        }
        self.unclear += u32::from(evidence.growth == Growth::Undecided);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { leaks, found, clean, accused, unclear, skipped } = self;
        write!(
            f,
            "found {found} of {leaks} leaks, accused {accused} of {clean} healthy, unclear {unclear}, skipped {skipped}"
        )
    }
}
