//! What the tests need besides Rust: services of five languages with what they depend on.
//!
//! Everything is made under the build folder, mostly from `examples/`, which stays as it is. Made once, and made again
//! when what it is made from has changed.

mod go;
mod jvm;
mod linters;
mod node;
mod python;
mod ruby;
mod shellcheck;
mod telemetry;
mod validator;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::program;
use crate::workspace::Workspace;

/// One language's part.
pub(crate) struct Fixture {
    /// The folder under [`Place::fixtures`], and the word for `--without`.
    pub(crate) name: &'static str,
    /// What the names of the tests that need it contain; `None` where it cannot be left out.
    pub(crate) tests: Option<&'static str>,
    /// Makes it, unless it is there.
    pub(crate) set_up: fn(&Place) -> Result<(), Failure>,
}

/// Every fixture, in the order in which they are set up.
pub(crate) static FIXTURES: &[Fixture] = &[
    python::FIXTURE,
    node::FIXTURE,
    go::FIXTURE,
    jvm::FIXTURE,
    ruby::FIXTURE,
    shellcheck::FIXTURE,
    linters::FIXTURE,
    telemetry::FIXTURE,
    validator::FIXTURE,
];

/// From where to where.
pub(crate) struct Place {
    /// The examples in the repository.
    pub(crate) examples: PathBuf,
    /// The programs that validate our reports.
    pub(crate) validator: PathBuf,
    /// The programs that read workflows and actions.
    pub(crate) linters: PathBuf,
    /// The service that tells of its own memory.
    pub(crate) telemetry: PathBuf,
    /// The folder that tests find by `DRIP_FIXTURES`.
    pub(crate) fixtures: PathBuf,
}

impl Place {
    pub(crate) fn of(workspace: &Workspace) -> Self {
        Self {
            examples: workspace.root.join("examples"),
            validator: workspace.root.join("crates/report/tests/validator"),
            linters: workspace.root.join("crates/cli/tests/linters"),
            telemetry: workspace.root.join("crates/cli/tests/telemetry"),
            fixtures: workspace.target.join("fixtures"),
        }
    }
}

/// Copies these files and installs the packages that the lock file among them names, unless they are there.
fn npm_project(from: &Path, to: &Path, files: &[&str], what: &str) -> Result<(), Failure> {
    make_folder(to)?;
    for name in files {
        let file = from.join(name);
        at(&file, fs::copy(&file, to.join(name)))?;
    }
    let stamp = Stamp::new(to.join("node_modules/package-lock.stamp"), &from.join("package-lock.json"))?;
    if stamp.is_fresh() {
        return Ok(());
    }
    eprintln!("xtask: {what}");
    program::require("npm", "npm")?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(to);
    program::run(&mut npm, "npm ci")?;
    stamp.set()
}

/// A file beside what was made, with the text that it was made from. It lies inside the folder that it vouches
/// for, so it is gone when that is.
struct Stamp {
    file: PathBuf,
    text: String,
}

impl Stamp {
    fn new(file: PathBuf, source: &Path) -> Result<Self, Failure> {
        Ok(Self { file, text: at(source, fs::read_to_string(source))? })
    }

    fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| text == self.text)
    }

    fn set(&self) -> Result<(), Failure> {
        at(&self.file, fs::write(&self.file, &self.text))
    }
}

/// A failure of the file system, with the file's name.
fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T, Failure> {
    result.map_err(|error| Failure::step(path.display().to_string(), error))
}

fn remove_folder(folder: &Path) -> Result<(), Failure> {
    if folder.exists() { at(folder, fs::remove_dir_all(folder)) } else { Ok(()) }
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    at(folder, fs::create_dir_all(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_fresh_until_its_source_changes() {
        let folder = std::env::temp_dir().join(format!("drip-xtask-stamp-{}", std::process::id()));
        make_folder(&folder).unwrap();
        let (source, stamp) = (folder.join("source"), folder.join("stamp"));
        let fresh = || Stamp::new(stamp.clone(), &source).unwrap().is_fresh();
        fs::write(&source, "flask==1").unwrap();
        assert!(!fresh());
        Stamp::new(stamp.clone(), &source).unwrap().set().unwrap();
        assert!(fresh());
        fs::write(&source, "flask==2").unwrap();
        assert!(!fresh());
        remove_folder(&folder).unwrap();
    }
}
