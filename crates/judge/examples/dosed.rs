//! Judges a recorded dosed experiment as a run would: one look after eight doses, then after every four.
//!
//! `cargo run -p drip-judge --example dosed -- FILE.csv COLUMN RUNTIME`, with columns `requests`, `t_s` and the
//! one named; the first dose counts as warm-up.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a small program")]

use std::time::Duration;

use drip_judge::{DOSES_MIN, Policy, Subject, assess};
use drip_model::{Pattern, Point, Runtime, Series, Signal, Stage};

const WARM_UP_DOSES: usize = 1;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, column, runtime] = args.as_slice() else {
        eprintln!("usage: dosed FILE.csv COLUMN RUNTIME");
        return;
    };
    let text = std::fs::read_to_string(file).expect("the file can be read");
    let signal = if column == "anon_bytes" { Signal::Anon } else { Signal::LiveHeap };
    let series = Series { signal, points: points(&text, column), gaps: Vec::new() };
    for (look, doses) in (1u32..).zip((DOSES_MIN..series.points.len() - WARM_UP_DOSES).step_by(2)) {
        if !say(&series, look, doses, runtime_named(runtime)) {
            return;
        }
    }
}

/// Whether it is still open.
fn say(series: &Series, look: u32, doses: usize, runtime: Runtime) -> bool {
    let mut seen = series.clone();
    seen.points.truncate(1 + WARM_UP_DOSES + doses);
    #[expect(clippy::cast_precision_loss, reason = "bytes")]
    let base = seen.points[0].value as f64;
    let subject = Subject {
        signal: seen.signal,
        runtime,
        pattern: Pattern::UNIQUE_QUERY,
        base,
        assume_cache: None,
        heap_limit: None,
        descriptor_limit: None,
    };
    let found = assess(&seen, &Policy::of(&subject), look);
    let rate = found.evidence.per_request;
    println!(
        "look {look} doses {doses} {:?} {:.1} [{:.1}, {:.1}] mdl {:.1} {}",
        found.evidence.growth,
        rate.estimate,
        rate.low,
        rate.high,
        found.evidence.smallest_detectable,
        found.more.as_ref().map_or("decided", |more| more.because.kind.name())
    );
    found.more.is_some()
}

fn points(text: &str, column: &str) -> Vec<Point> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let place = |name: &str| header.iter().position(|h| *h == name).expect("the column is there");
    let (requests, seconds, value) = (place("requests"), place("t_s"), place(column));
    let stage = |row: usize| match row {
        0 => Stage::Baseline,
        row if row <= WARM_UP_DOSES => Stage::WarmUp,
        _ => Stage::Dose,
    };
    let read = |(row, line): (usize, &str)| {
        let cells: Vec<&str> = line.split(',').collect();
        Some(Point {
            at: Duration::from_secs_f64(cells[seconds].parse().ok()?),
            requests: cells[requests].parse().ok()?,
            value: cells[value].parse().ok()?,
            stage: stage(row),
        })
    };
    lines.enumerate().filter_map(read).collect()
}

fn runtime_named(name: &str) -> Runtime {
    match name {
        "js" => Runtime::Node,
        "py" => Runtime::Python,
        "go" => Runtime::Go,
        "java" => Runtime::Jvm,
        _ => Runtime::Unknown,
    }
}
