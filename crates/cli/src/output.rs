//! Where a result goes: data to stdout, the rest to stderr, the document to a file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use drip_report::{Document, Look, Reporter};

use crate::args::{Rendering, Show};
use crate::ask::Wrong;

/// How stdout looks: what it can show, and what the user wants of it.
pub(crate) fn look(no_color: bool) -> Look {
    let terminal = io::stdout().is_terminal();
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let no_color = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = terminal_size::terminal_size().filter(|_| terminal).map(|(width, _)| usize::from(width.0));
    Look { width: width.unwrap_or(80), color: terminal && !dumb && !no_color, unicode: !dumb }
}

/// Prints a document.
pub(crate) fn print(document: &Document, show: &Show) -> Result<(), Wrong> {
    let reporter = drip_report::by_name(&show.format).unwrap_or(&drip_report::text::Text);
    let mut out = io::stdout().lock();
    unless_hung_up(reporter.write(document, &look(show.no_color), &mut out).and_then(|()| out.flush()))
}

/// What became of writing to stdout. A reader that hangs up is no error.
pub(crate) fn unless_hung_up(written: io::Result<()>) -> Result<(), Wrong> {
    match written {
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

/// A file that a document will be saved to, in one format.
pub(crate) struct Destination {
    path: PathBuf,
    reporter: &'static dyn Reporter,
    /// The option that named it, for messages.
    option: &'static str,
}

impl Destination {
    /// Everything that is to be saved: the document itself, then reports.
    pub(crate) fn all(output: Option<&Path>, reports: &[Rendering]) -> Vec<Self> {
        let document = output.map(|path| Self {
            path: path.to_owned(),
            reporter: &drip_report::json::Json,
            option: "--output",
        });
        let report = |report: &Rendering| {
            let reporter = drip_report::by_name(&report.format)?;
            Some(Self { path: report.file.clone(), reporter, option: "--report" })
        };
        document.into_iter().chain(reports.iter().filter_map(report)).collect()
    }

    /// The document itself.
    pub(crate) fn json(path: &Path) -> Self {
        Self { path: path.to_owned(), reporter: &drip_report::json::Json, option: "--output" }
    }

    /// Opens it for writing once, without changing it.
    pub(crate) fn try_out(&self) -> Result<(), Wrong> {
        let existed = self.path.exists();
        let opened = OpenOptions::new().append(true).create(true).open(&self.path).map(drop);
        let removed = |()| if existed { Ok(()) } else { std::fs::remove_file(&self.path) };
        opened.and_then(removed).map_err(|error| self.wrong(&error, "nothing was started"))
    }

    /// Writes the document, whole or not at all where the file is an ordinary one.
    pub(crate) fn save(&self, document: &Document) -> Result<(), Wrong> {
        let ordinary = std::fs::metadata(&self.path).map_or(true, |metadata| metadata.is_file());
        let result = if ordinary { self.replace(document) } else { self.write_to(&self.path, document) };
        result.map_err(|error| self.wrong(&error, "the result was not saved"))
    }

    fn replace(&self, document: &Document) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".partial");
        self.write_to(Path::new(&beside), document)?;
        std::fs::rename(beside, &self.path)
    }

    fn write_to(&self, path: &Path, document: &Document) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        self.reporter.write(document, &Look::default(), &mut file)?;
        file.flush()
    }

    fn wrong(&self, error: &io::Error, consequence: &str) -> Wrong {
        Wrong(format!("{} {}: {error}; {consequence}", self.option, self.path.display()))
    }
}

/// Saves a document everywhere. One that cannot be saved does not keep the others from it.
pub(crate) fn save(document: &Document, destinations: &[Destination]) -> Result<(), Wrong> {
    let failed = destinations.iter().filter_map(|destination| destination.save(document).err());
    let failed: Vec<_> = failed.map(|Wrong(why)| why).collect();
    if failed.is_empty() { Ok(()) } else { Err(Wrong(failed.join("\ndrip: "))) }
}
