//! `cargo xtask generate`: files of the repository that are made from code.
//!
//! It writes nothing that is not listed in [`generated`], and with `--check` nothing at all.

mod findings;

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::workspace::Workspace;

/// One file that is made from code.
struct Generated {
    /// From the root of the repository.
    path: String,
    text: String,
}

impl Generated {
    fn new(path: impl Into<String>, text: String) -> Self {
        Self { path: path.into(), text }
    }
}

/// Every file, as it ought to be.
fn generated(workspace: &Workspace) -> Result<Vec<Generated>, Failure> {
    let mut files = vec![Generated::new(drip_report::schema::PATH, drip_report::schema::file())];
    files.extend(findings::pages());
    files.push(findings::contents(&workspace.root)?);
    Ok(files)
}

pub(crate) fn run(workspace: &Workspace, words: &[String]) -> Result<(), Failure> {
    let each: fn(&Generated, &Path) -> Result<(), Failure> = match words {
        [] => write,
        [word] if word == "--check" => compare,
        _ => return Err(Failure::Usage("cargo xtask generate takes --check and nothing else".to_owned())),
    };
    generated(workspace)?.iter().try_for_each(|file| each(file, &workspace.root.join(&file.path)))
}

fn write(file: &Generated, to: &Path) -> Result<(), Failure> {
    let folder = to.parent().unwrap_or(to);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(to, &file.text));
    written.map_err(|error| Failure::step(&file.path, error))?;
    eprintln!("xtask: wrote {}", file.path);
    Ok(())
}

fn compare(file: &Generated, with: &Path) -> Result<(), Failure> {
    let published = fs::read_to_string(with).map_err(|error| Failure::step(&file.path, error))?;
    if published == file.text {
        return Ok(());
    }
    Err(Failure::step(
        &file.path,
        "differs from what the code makes; write it anew with: cargo xtask generate",
    ))
}
