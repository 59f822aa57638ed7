//! `cargo xtask test`: sets up what the tests need, runs all of them, and counts.
//!
//! The last line on stdout is `ran N, skipped M`. A test counts as run whether it passed or failed, and as skipped
//! whether it is ignored or was left out by `--without`.
//!
//! The release profile is used because the end-to-end tests drive real services with the real binary on the same
//! processors: an unoptimised load generator would measure itself.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::fixture::{FIXTURES, Fixture, Place};
use crate::program;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, words: &[String]) -> Result<(), Failure> {
    let without = left_out(words)?;
    let place = Place::of(workspace);
    let needed = FIXTURES.iter().filter(|fixture| !without.iter().any(|left| left.name == fixture.name));
    for fixture in needed {
        (fixture.set_up)(&place)?;
    }
    let mut command = command(workspace, &place, &without);
    let (tally, passed) = counted(&mut command)?;
    for name in &tally.failed {
        eprintln!("xtask: failed: {name}");
    }
    println!("ran {}, skipped {}", tally.ran, tally.skipped);
    if passed { Ok(()) } else { Err(Failure::step("cargo test", "not every test passed")) }
}

/// What may be left out.
fn optional() -> Vec<&'static str> {
    FIXTURES.iter().filter(|fixture| fixture.tests.is_some()).map(|fixture| fixture.name).collect()
}

/// The fixtures that `--without` names.
fn left_out(words: &[String]) -> Result<Vec<&'static Fixture>, Failure> {
    let named = |name: &str| FIXTURES.iter().find(|fixture| fixture.name == name && fixture.tests.is_some());
    words
        .chunks(2)
        .map(|pair| match pair {
            [flag, name] if flag == "--without" => named(name),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(|| {
            Failure::Usage(format!(
                "cargo xtask test takes --without {} and nothing else",
                optional().join("|")
            ))
        })
}

fn command(workspace: &Workspace, place: &Place, without: &[&Fixture]) -> Command {
    let mut command = program::cargo(&workspace.root);
    // Settings of the person's own would change what the binary under test does.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DRIP_")) {
        command.env_remove(name);
    }
    command.env("DRIP_FIXTURES", &place.fixtures);
    command.args(["test", "--workspace", "--release", "--no-fail-fast", "--"]);
    for filter in without.iter().filter_map(|fixture| fixture.tests) {
        command.args(["--skip", filter]);
    }
    command
}

/// Runs the tests with their output passed on as it comes; whether all passed.
fn counted(command: &mut Command) -> Result<(Tally, bool), Failure> {
    eprintln!("xtask: building and running the tests; the first build takes some minutes");
    let broken = |error: io::Error| Failure::step("cargo test", error);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(broken)?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        pass_on(BufReader::new(stdout), &mut io::stdout(), &mut tally).map_err(broken)?;
    }
    Ok((tally, child.wait().map_err(broken)?.success()))
}

fn pass_on(mut from: impl BufRead, to: &mut impl Write, tally: &mut Tally) -> io::Result<()> {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        tally.note(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(())
}

/// What all test binaries together said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    ran: u64,
    skipped: u64,
    failed: Vec<String>,
}

impl Tally {
    fn note(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.add(counts);
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failed.push(name.to_owned());
        }
    }

    /// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s`.
    fn add(&mut self, counts: &str) {
        for part in counts.split(['.', ';']) {
            let Some((number, what)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" | "failed" | "measured" => self.ran += number,
                "ignored" | "filtered out" => self.skipped += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_binaries_are_counted_together() {
        let text = "\
running 4 tests
test a::b ... ok
test a::c ... FAILED
test a::d ... ignored, needs a cluster
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.53s

     Running tests/engine/main.rs
test result: ok. 31 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 12.00s
";
        let mut tally = Tally::default();
        let mut passed_on = Vec::new();
        pass_on(text.as_bytes(), &mut passed_on, &mut tally).unwrap();
        assert_eq!(passed_on, text.as_bytes());
        assert_eq!(tally, Tally { ran: 33, skipped: 3, failed: vec!["a::c".to_owned()] });
    }

    #[test]
    fn only_what_not_everybody_has_can_be_left_out() {
        let names = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            left_out(&words).map(|found| found.iter().map(|fixture| fixture.name).collect::<Vec<_>>()).ok()
        };
        assert_eq!(names(&[]), Some(vec![]));
        assert_eq!(names(&["--without", "go"]), Some(vec!["go"]));
        assert_eq!(names(&["--without", "jvm", "--without", "ruby"]), Some(vec!["jvm", "ruby"]));
        for wrong in [&["--without"][..], &["--without", "python"], &["go"], &["--with", "go"]] {
            assert_eq!(names(wrong), None, "{wrong:?}");
        }
    }
}
