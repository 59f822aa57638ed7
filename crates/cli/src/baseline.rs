//! An earlier result to compare with: a file, or what the last run in this folder left.

use std::fs;
use std::path::{Path, PathBuf};

use drip_report::Document;
use drip_report::diff::{self, Difference, Kind};

use crate::ask::Wrong;
use crate::gate::Gate;
use crate::{output, saved};

/// Where the last result of a folder is kept, once `--baseline latest` asked for it.
const FOLDER: &str = ".drip";
const LATEST: &str = "latest.json";

/// What `--baseline` names.
pub(crate) enum Baseline {
    /// A result that somebody keeps.
    File(Document),
    /// The last one here; none at the first time.
    Latest(Option<Document>),
}

impl Baseline {
    /// Reads it before anything starts.
    pub(crate) fn load(named: &str) -> Result<Self, Wrong> {
        if named != "latest" {
            return saved::document(Path::new(named)).map(Self::File);
        }
        let path = latest();
        Ok(Self::Latest(if path.exists() { Some(saved::document(&path)?) } else { None }))
    }

    /// What changed since.
    pub(crate) fn compared(&self, document: &Document) -> Option<Difference> {
        let (Self::File(old) | Self::Latest(Some(old))) = self else { return None };
        Some(diff::compare(old, document))
    }

    /// Keeps a whole result as the next baseline, where the last one is asked for.
    pub(crate) fn keep(&self, document: &Document) -> Result<(), Wrong> {
        let is_whole = document.status == drip_report::document::Status::Completed;
        if !matches!(self, Self::Latest(_)) || !is_whole {
            return Ok(());
        }
        let folder = Path::new(FOLDER);
        let made = fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(".gitignore"), "*\n"));
        made.map_err(|error| Wrong(format!("{FOLDER}: {error}")))?;
        output::Destination::json(&latest()).save(document)
    }
}

fn latest() -> PathBuf {
    Path::new(FOLDER).join(LATEST)
}

/// Tells every change.
pub(crate) fn tell(difference: Option<&Difference>) {
    let Some(difference) = difference else {
        return output::say(
            "drip: there is no earlier result to compare with yet; this one is kept for the next run",
        );
    };
    let spoken = difference.changes.iter().filter(|change| change.kind != Kind::Calm);
    let mut lines: Vec<_> =
        spoken.map(|change| format!("{}: {}", change.kind.name(), diff::line(change))).collect();
    if lines.is_empty() {
        lines.push("nothing new, nothing fixed".to_owned());
    }
    for line in lines {
        output::say(&format!("drip: since the baseline, {}", drip_report::text::printable(&line)));
    }
}

/// With `--fail-on new`, what failed before as it fails now fails no build, and what is new does.
pub(crate) fn narrow(gate: &mut Gate, difference: &Difference) {
    let known = difference.changes.iter().filter(|change| !change.kind.is_new());
    gate.excused.extend(known.map(|change| (change.endpoint.clone(), change.pattern.clone())));
    gate.is_new = difference.has_new();
}
