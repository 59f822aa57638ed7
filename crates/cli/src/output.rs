//! Where a result goes: data to stdout, the rest to stderr, the document to a file.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use drip_report::{Document, Look, Reporter};

use crate::args::Show;
use crate::ask::Wrong;

/// How stdout looks: what it can show, and what the user wants of it.
pub(crate) fn look(no_color: bool) -> Look {
    let terminal = io::stdout().is_terminal();
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let no_color = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = terminal_size::terminal_size().filter(|_| terminal).map(|(width, _)| usize::from(width.0));
    Look { width: width.unwrap_or(80), color: terminal && !dumb && !no_color, unicode: !dumb }
}

/// Prints a document. A reader that hangs up is no error.
pub(crate) fn print(document: &Document, show: &Show) -> Result<(), Wrong> {
    let reporter = drip_report::by_name(&show.format).unwrap_or(&drip_report::text::Text);
    let mut out = io::stdout().lock();
    match reporter.write(document, &look(show.no_color), &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Wrong(format!("stdout: {error}"))),
        _ => Ok(()),
    }
}

/// Prints text as it is.
pub(crate) fn print_text(text: &str) {
    // A reader that hangs up is no error.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Says something to the person, never to the next program.
pub(crate) fn say(words: &str) {
    let _ = writeln!(io::stderr().lock(), "{words}");
}

/// A file that the document will be saved to, tried before the run begins.
#[derive(Debug)]
pub(crate) struct Destination(PathBuf);

impl Destination {
    /// Opens it for writing once, without changing it.
    pub(crate) fn try_out(path: &Path) -> Result<Self, Wrong> {
        let existed = path.exists();
        OpenOptions::new().append(true).create(true).open(path).map_err(|error| too_early(path, &error))?;
        if !existed {
            std::fs::remove_file(path).map_err(|error| too_early(path, &error))?;
        }
        Ok(Self(path.to_owned()))
    }

    /// Writes the document, whole or not at all where the file is an ordinary one.
    pub(crate) fn save(&self, document: &Document) -> Result<(), Wrong> {
        let ordinary = std::fs::metadata(&self.0).map_or(true, |metadata| metadata.is_file());
        let result = if ordinary { self.replace(document) } else { write_to(&self.0, document) };
        result.map_err(|error| {
            Wrong(format!("--output {}: {error}; the result was not saved", self.0.display()))
        })
    }

    fn replace(&self, document: &Document) -> io::Result<()> {
        let mut beside = self.0.clone().into_os_string();
        beside.push(".partial");
        write_to(Path::new(&beside), document)?;
        std::fs::rename(beside, &self.0)
    }
}

fn write_to(path: &Path, document: &Document) -> io::Result<()> {
    let mut file = File::create(path)?;
    drip_report::json::Json.write(document, &Look::default(), &mut file)?;
    file.flush()
}

fn too_early(path: &Path, error: &io::Error) -> Wrong {
    Wrong(format!("--output {}: {error}; nothing was started", path.display()))
}
