//! `cargo xtask corpus DIR`: services whose truth is known, each installed, started and judged by the real binary.
//!
//! A corpus is a folder with `cases/NAME/case.toml`, whose format is in `case.rs`. It is only read: cases are copied
//! and installed under the build folder, and stay installed from one sitting to the next. Each result document is
//! written as it ends; `--resume` takes those of former sittings with the same budget. The last line is the count.

mod ask;
mod case;
mod count;
mod install;
mod line;
mod live;
mod options;
mod package;

use std::fs;
use std::path::{Path, PathBuf};

use self::count::Count;
use self::install::Workshop;
use self::line::Outcome;
use self::live::Judge;
use self::options::Options;
use crate::failure::Failure;
use crate::program;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, words: &[String]) -> Result<(), Failure> {
    let options = Options::of(words)?;
    let Some(folders) = case::folders(&options.corpus) else {
        println!("no corpus at {}: nothing was judged", options.corpus.display());
        return Ok(());
    };
    let chosen = options.choose(folders)?;
    let judge = judge(workspace, &options)?;
    let mut count = Count::default();
    for (number, folder) in chosen.iter().enumerate() {
        let outcome = outcome(&judge, folder, options.resume, &format!("{} of {}", number + 1, chosen.len()));
        match &outcome {
            Outcome::Judged(case, document) => {
                document.verdict.into_iter().for_each(|verdict| count.judged(case.label, verdict));
            }
            Outcome::Skipped { .. } => count.skipped(),
        }
        println!("{}", if options.json { outcome.json().to_string() } else { outcome.text() });
    }
    println!("{count}");
    Ok(())
}

fn judge(workspace: &Workspace, options: &Options) -> Result<Judge, Failure> {
    let corpus = workspace.target.join("corpus");
    let out = options.out.clone().unwrap_or_else(|| corpus.join("documents"));
    for folder in [&corpus, &out] {
        fs::create_dir_all(folder).map_err(|error| Failure::step(folder.display().to_string(), error))?;
    }
    // Drip runs in the folder of the case.
    let out = fs::canonicalize(&out).map_err(|error| Failure::step(out.display().to_string(), error))?;
    let drip = match &options.drip {
        Some(binary) => {
            fs::canonicalize(binary).map_err(|error| Failure::step(binary.display().to_string(), error))?
        }
        None => binary(workspace)?,
    };
    Ok(Judge { drip, out, budget: options.budget, workshop: Workshop { corpus } })
}

fn binary(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let mut cargo = program::cargo(&workspace.root);
    program::run(cargo.args(["build", "--release", "--package", "drip"]), "cargo build")?;
    Ok(workspace.target.join("release/drip"))
}

fn outcome(judge: &Judge, folder: &Path, resume: bool, number: &str) -> Outcome {
    let case = match case::read(folder) {
        Ok(case) => case,
        Err(why) => {
            let name = folder.file_name().unwrap_or_default().display().to_string();
            return Outcome::Skipped { name, label: None, why };
        }
    };
    if let Some(document) = resume.then(|| judge.kept(&case.name)).flatten() {
        return Outcome::Judged(Box::new(case), Box::new(document));
    }
    eprintln!("xtask: {number}: {}", case.name);
    match judge.judge(&case) {
        Ok(document) => Outcome::Judged(Box::new(case), Box::new(document)),
        Err(why) => Outcome::Skipped { name: case.name, label: Some(case.label), why },
    }
}
