//! `cargo xtask bench`: the example services, judged. `cargo xtask bench floor`: what forced collections are worth, and
//! what they cost. `cargo xtask bench judge`: the judge on simulated curves. `cargo xtask bench peers`: what a request
//! costs, beside other load generators. Each writes a dated table under `benches/runs/`. `cargo xtask bench record` records
//! services for the judge's tests. Nothing here fails on a slow day.

mod arithmetic;
mod examples;
mod floor;
mod judge;
mod peers;
mod record;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::program;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, words: &[String]) -> Result<(), Failure> {
    match words {
        [] => examples::run(workspace),
        [what, names @ ..] if what == "floor" => floor::run(workspace, names),
        [what, words @ ..] if what == "judge" => judge::run(workspace, words),
        [what, words @ ..] if what == "peers" => peers::run(workspace, words),
        [what, names @ ..] if what == "record" => record::run(workspace, names),
        _ => Err(Failure::Usage(
            "cargo xtask bench takes no words; floor or record, and names of services; judge or peers"
                .to_owned(),
        )),
    }
}

/// The binary under test, of the release profile.
fn build(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let mut cargo = program::cargo(&workspace.root);
    program::run(cargo.args(["build", "--release", "--package", "drip"]), "cargo build")?;
    Ok(workspace.target.join("release/drip"))
}

/// Writes a table with the date of today in its name.
fn keep(workspace: &Workspace, what: &str, table: &str) -> Result<(), Failure> {
    let date = program::output(Command::new("date").args(["-u", "+%F"]), "date")?;
    let file = workspace.root.join(format!("benches/runs/{}-{what}.md", date.trim()));
    fs::write(&file, table).map_err(|error| Failure::step("writing the table", error))
}
