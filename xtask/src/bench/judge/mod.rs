//! `cargo xtask bench judge [--json] [--write]`: the judge on simulated curves, whose truth is known, beside what is
//! published of a prototype and of the usual tests. Seeds are fixed: the same code gives the same table, times apart.

mod cell;
mod published;

use std::fmt::Write as _;
use std::time::Instant;

use drip_judge::{Policy, Reading, Terms, Watch};
use drip_trial::dice::Dice;
use drip_trial::trial::{Answer, terms};
use drip_trial::{doses, load};
use serde_json::json;

use self::cell::Cell;
use super::arithmetic::percentile;
use super::keep;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// Curves of each healthy family, of each leaking one, and of each cell of the other tables.
const HEALTHY: u64 = 500;
const LEAKING: u64 = 60;
const OTHER: u64 = 40;
const SIZES: [f64; 4] = [50.0, 100.0, 300.0, 1000.0];
const CACHE_SIZES: [f64; 3] = [300.0, 1000.0, 3000.0];
const HEIGHTS: [f64; 4] = [0.0, 5.0, 20.0, 60.0];
const REST_SIZES: [f64; 4] = [30.0, 100.0, 300.0, 1000.0];
const MB: f64 = 1e6;
/// Of repeated measurements of time the fastest counts: what is slower was disturbed.
const REPEATS: u32 = 20;

pub(super) fn run(workspace: &Workspace, words: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = words.iter().find(|word| !["--json", "--write"].contains(&word.as_str())) {
        return Err(Failure::Usage(format!(
            "cargo xtask bench judge takes --json and --write, not {unknown}"
        )));
    }
    let asked = |word: &str| words.iter().any(|given| given == word);
    let simulated = Simulated::judge();
    let table = simulated.table();
    if asked("--json") {
        println!("{}", simulated.json());
    } else {
        print!("{table}");
    }
    if asked("--write") { keep(workspace, "judge", &table) } else { Ok(()) }
}

/// All cells, by table.
struct Simulated {
    healthy: Vec<Cell>,
    beyond: Vec<Cell>,
    leaking: Vec<Cell>,
    heights: Vec<Cell>,
    caches: Vec<Cell>,
    rest_healthy: Vec<Cell>,
    rest_beyond: Vec<Cell>,
    rest_leaking: Vec<Cell>,
    times: Vec<(usize, f64)>,
}

impl Simulated {
    fn judge() -> Self {
        let mut simulated = Self::cells();
        for cells in simulated.tables_mut() {
            cell::judge(cells);
        }
        simulated.times = [2000, 6000, 100_000].map(|readings| (readings, time(readings))).to_vec();
        simulated
    }

    fn cells() -> Self {
        let calm = |families: &[load::Family]| {
            families
                .iter()
                .map(|family| Cell::under_load(*family, 0.0, HEALTHY, terms(family.lazy)))
                .collect()
        };
        let rest = |families: &[doses::Family]| {
            families.iter().map(|family| Cell::at_rest(*family, 0.0, HEALTHY)).collect()
        };
        let leaking = load::LEAKING.iter().flat_map(|family| {
            SIZES.map(|leak| Cell::under_load(*family, leak, LEAKING, terms(family.lazy)))
        });
        let heights = HEIGHTS.iter().flat_map(|height| {
            SIZES.map(|leak| Cell::under_load(load::sawtooth(*height), leak, OTHER, terms(false)))
        });
        let rest_leaking = doses::HEALTHY
            .iter()
            .flat_map(|family| REST_SIZES.map(|leak| Cell::at_rest(*family, leak, LEAKING)));
        Self {
            healthy: calm(load::HEALTHY),
            beyond: calm(load::BEYOND),
            leaking: leaking.collect(),
            heights: heights.collect(),
            caches: published::BY_CACHE.iter().flat_map(|(cache, _)| by_cache(*cache)).collect(),
            rest_healthy: rest(doses::HEALTHY),
            rest_beyond: rest(doses::BEYOND),
            rest_leaking: rest_leaking.collect(),
            times: Vec::new(),
        }
    }

    fn tables(&self) -> [&Vec<Cell>; 8] {
        [
            &self.healthy,
            &self.beyond,
            &self.leaking,
            &self.heights,
            &self.caches,
            &self.rest_healthy,
            &self.rest_beyond,
            &self.rest_leaking,
        ]
    }

    fn tables_mut(&mut self) -> [&mut Vec<Cell>; 8] {
        [
            &mut self.healthy,
            &mut self.beyond,
            &mut self.leaking,
            &mut self.heights,
            &mut self.caches,
            &mut self.rest_healthy,
            &mut self.rest_beyond,
            &mut self.rest_leaking,
        ]
    }

    fn json(&self) -> serde_json::Value {
        let cells: Vec<_> = self.tables().into_iter().flatten().map(Cell::json).collect();
        let times: Vec<_> =
            self.times.iter().map(|(readings, ms)| json!({"readings": readings, "ms": ms})).collect();
        json!({"cells": cells, "decision": times})
    }
}

/// Early answers with another bound on caches, over families that differ in noise and warm-up.
fn by_cache(cache: f64) -> Vec<Cell> {
    let cache = cache * MB;
    let policy = Policy { cache, ..terms(false).policy };
    let bounded = Terms { policy, early_cache: cache, ..terms(false) };
    let families =
        load::LEAKING.iter().filter(|family| ["white", "ar9", "saw-small", "warm-up"].contains(&family.name));
    let cells =
        families.flat_map(|family| CACHE_SIZES.map(|leak| Cell::under_load(*family, leak, OTHER, bounded)));
    cells.collect()
}

/// Milliseconds that one decision takes with so many readings.
fn time(readings: usize) -> f64 {
    let family = load::HEALTHY.iter().find(|family| family.name == "warm-up-saw").expect("it is one of them");
    let drawn = family.draw(&mut Dice::new(1), 100.0).readings;
    let mut watch = Watch::new(terms(false), u64::MAX);
    for i in 0..readings {
        let like = drawn[i * drawn.len() / readings];
        let at = std::time::Duration::from_millis(100 * i as u64);
        watch.push(Reading {
            at,
            requests: 20 * i as u64,
            value: like.value + 4096 * (i % 7) as u64,
            ..like
        });
    }
    let measured = || {
        let begun = Instant::now();
        std::hint::black_box(watch.conclude());
        begun.elapsed().as_secs_f64() * 1e3
    };
    (0..REPEATS).map(|_| measured()).fold(f64::INFINITY, f64::min)
}

impl Simulated {
    fn table(&self) -> String {
        let mut text = String::from(HEAD);
        text += &self.under_load_healthy();
        text += &recall("## Leaks under load", &self.leaking, &SIZES, published::RECALL);
        text += &self.beside_the_usual_tests();
        text += &self.by_height();
        text += &self.by_bound();
        text +=
            &healthy("## Healthy services at rest, the dosed judge", &self.rest_healthy, &self.rest_beyond);
        text += &recall("## Leaks at rest, the dosed judge", &self.rest_leaking, &REST_SIZES, &[]);
        text += &self.summary();
        text
    }

    fn under_load_healthy(&self) -> String {
        let mut text = healthy("## Healthy services under load", &self.healthy, &self.beyond);
        text += "\nThe prototype on its families (accused, acquitted): ";
        let known =
            published::HEALTHY.iter().map(|row| format!("{} {}, {}", row.family, row.accused, row.acquitted));
        text + &known.collect::<Vec<_>>().join("; ") + ".\n"
    }

    fn beside_the_usual_tests(&self) -> String {
        let accused: usize = self.healthy.iter().map(Cell::accused).sum();
        let judged: usize = self.healthy.iter().map(Cell::judged).sum();
        let recall = |size: usize| {
            let cells: Vec<_> = self.leaking.iter().skip(size).step_by(SIZES.len()).collect();
            let found = cells.iter().map(|cell| cell.share(cell.accused())).sum::<f64>();
            format!(" {:.2} |", found / cells.len() as f64)
        };
        let ours: String = (0..SIZES.len()).map(recall).collect();
        let share = accused as f64 / judged as f64;
        format!("{TESTS_HEAD}| this judge, while peeking | {share:.4} |{ours}\n{}", published::TESTS)
    }

    fn by_height(&self) -> String {
        let mut text = String::from(HEIGHTS_HEAD);
        for (height, cells) in HEIGHTS.iter().zip(self.heights.chunks(SIZES.len())) {
            let shares = cells.iter().map(|cell| format!(" {:.2} |", cell.share(cell.accused())));
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {height} |{}", shares.collect::<String>());
        }
        text
    }

    fn by_bound(&self) -> String {
        let mut text = String::from(BOUNDS_HEAD);
        let each = CACHE_SIZES.len();
        for ((cache, known), cells) in published::BY_CACHE.iter().zip(self.caches.chunks(each * 4)) {
            let _ = write!(text, "| {cache} |");
            for (number, known) in known.iter().enumerate() {
                let same = cells.iter().skip(number).step_by(each);
                let medians: Vec<f64> = same.filter_map(|cell| cell.requests(Answer::accuses)).collect();
                let median = percentile(&medians, 0.5)
                    .map_or("–".to_owned(), |median| format!("{:.0}", median / 1e3));
                let _ = write!(text, " {median} ({known:.0}) |");
            }
            text.push('\n');
        }
        text + "\n"
    }

    fn summary(&self) -> String {
        let accused = |cells: &[Cell]| cells.iter().map(Cell::accused).sum::<usize>();
        let judged = |cells: &[Cell]| cells.iter().map(Cell::judged).sum::<usize>();
        let (of_load, of_rest) = (&self.healthy, &self.rest_healthy);
        let share = |cells: &[Cell]| 100.0 * accused(cells) as f64 / judged(cells) as f64;
        let calm = percentile(&cell::requests(of_load, Answer::acquits), 0.5).unwrap_or(f64::NAN);
        let times: Vec<_> = self.times.iter().map(|(n, ms)| format!("{ms:.2} ms at {n} readings")).collect();
        format!(
            "\n## In short\n\n- accused under load: {} of {} healthy curves ({:.3} %); at rest: {} of {} ({:.3} %)\n- a clean verdict after {:.0} % of the requests (median)\n- one decision: {}\n",
            accused(of_load),
            judged(of_load),
            share(of_load),
            accused(of_rest),
            judged(of_rest),
            share(of_rest),
            100.0 * calm / load::REQUESTS,
            times.join(", "),
        )
    }
}

const HEAD: &str = "# The judge on simulated curves\n\nRepeat: `cargo xtask bench judge --write`. Seeds are fixed; only times are of this machine and day. Under load: 200,000 requests, 2,000 readings, looked at 49 times on the way; R = 8 MB, c_max = 96 MB and 30,000 entries, as the prototype had them but for the entries. At rest: 24 doses of 5,000 requests, looked at after each from the eighth on; thresholds of a Node.js service's live heap asked for something new each time (R = 0.5 MB, c_max = 32 MB). Figures of others are published ones: the evaluation of 22 November 2026 on which the judge's design rests.\n";
const TESTS_HEAD: &str = "\n## Beside the usual tests\n\nShare of healthy curves accused, and recall by size; those of others are published figures on the prototype's families.\n\n| method | accused | 50 B | 100 B | 300 B | 1000 B |\n|---|---|---|---|---|---|\n";
const HEIGHTS_HEAD: &str = "\n## Recall by the height of the teeth\n\nWarm-up of 5 to 80 MB, teeth 1,000 to 10,000 requests apart.\n\n| teeth, MB | 50 B | 100 B | 300 B | 1000 B |\n|---|---|---|---|---|\n";
const BOUNDS_HEAD: &str = "\n## Thousands of requests to a leak, by what a cache may hold\n\nMedian of white, ar9, saw-small and warm-up; in brackets the prototype's. A leak cannot be told from a cache of 96 MB before it has leaked 96 MB: at 1,000 B that is 96,000 requests.\n\n| c_max, MB | 300 B | 1000 B | 3000 B |\n|---|---|---|---|\n";

fn healthy(title: &str, cells: &[Cell], beyond: &[Cell]) -> String {
    let mut text = format!(
        "\n{title}\n\n| family | curves | accused | acquitted | thousands of requests to that, median | 99 % interval holds 0 |\n|---|---|---|---|---|---|\n"
    );
    let lines =
        cells.iter().map(|cell| (cell, "")).chain(beyond.iter().map(|cell| (cell, " (beyond c_max)")));
    for (cell, note) in lines {
        let requests = cell
            .requests(Answer::acquits)
            .map_or("–".to_owned(), |requests| format!("{:.0}", requests / 1e3));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {}{note} | {} | {} | {:.2} | {requests} | {:.3} |",
            cell.name(),
            cell.judged(),
            cell.accused(),
            cell.share(cell.acquitted()),
            cell.coverage(),
        );
    }
    text
}

/// Recall, requests, wrong acquittals and coverage of each family by size; the prototype's recall and requests beside.
fn recall(title: &str, cells: &[Cell], sizes: &[f64], known: &[(&str, [(f64, f64); 4])]) -> String {
    let head: String = sizes.iter().map(|size| format!(" {size} B |")).collect();
    let rule = "---|".repeat(sizes.len());
    let mut text = format!(
        "\n{title}\n\nFound (thousands of requests, median); what the prototype found; curves wrongly acquitted, where there are any. In the last column, how often the 99 % interval holds the truth, over all sizes.\n\n| family |{head} coverage |\n|---|{rule}---|\n"
    );
    for family in cells.chunks(sizes.len()) {
        let published = known.iter().find(|(name, _)| *name == family[0].name()).map(|(_, row)| row);
        let entries =
            family.iter().enumerate().map(|(size, cell)| entry(cell, published.map(|row| row[size])));
        let coverage = family.iter().map(Cell::coverage).sum::<f64>() / family.len() as f64;
        let _ = writeln!(text, "| {} |{} {coverage:.3} |", family[0].name(), entries.collect::<String>());
    }
    text
}

fn entry(cell: &Cell, published: Option<(f64, f64)>) -> String {
    let requests =
        cell.requests(Answer::accuses).map_or("–".to_owned(), |requests| format!("{:.0}", requests / 1e3));
    let published =
        published.map_or(String::new(), |(found, requests)| format!("; {found:.2} ({requests:.0})"));
    let wrong =
        if cell.acquitted() > 0 { format!("; acquitted {}", cell.acquitted()) } else { String::new() };
    format!(" {:.2} ({requests}){published}{wrong} |", cell.share(cell.accused()))
}
