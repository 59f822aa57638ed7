//! What the services need to be built and run. What is not installed is left out and said, never installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::{FIXTURES, Place};
use crate::program;
use crate::workspace::Workspace;

/// Where the services are, and where they are built.
pub(in crate::bench) struct Folders {
    /// `benches/floor` of the repository.
    pub(in crate::bench) sources: PathBuf,
    /// Below the build folder.
    pub(in crate::bench) built: PathBuf,
    /// Examples and fixtures, which some services come from.
    pub(in crate::bench) place: Place,
}

impl Folders {
    pub(in crate::bench) fn of(workspace: &Workspace) -> Self {
        let place = Place::of(workspace);
        Self { sources: workspace.root.join("benches/floor"), built: place.fixtures.join("floor"), place }
    }

    /// A word of a command, with the folders that it names in `{}`.
    pub(in crate::bench) fn filled(&self, word: &str) -> String {
        let folders = [
            ("{built}", &self.built),
            ("{examples}", &self.place.examples),
            ("{fixtures}", &self.place.fixtures),
        ];
        folders
            .iter()
            .fold(word.to_owned(), |word, (name, folder)| word.replace(name, &folder.display().to_string()))
    }
}

/// One way of running services.
pub(in crate::bench) struct Toolchain {
    /// The folder of its services below `benches/floor`, and the runtime's name in the tables.
    pub(in crate::bench) folder: &'static str,
    /// Programs that must be on `PATH`.
    programs: &'static [&'static str],
    /// What tells its version, in its first line.
    version: &'static [&'static str],
    /// Whether garbage waits for a collector, so that memory at rest is no floor.
    pub(in crate::bench) collects: bool,
    /// Builds its services, or the fixture that they come from.
    build: fn(&Folders) -> Result<(), String>,
}

pub(in crate::bench) static NODE: Toolchain = Toolchain {
    folder: "node",
    programs: &["node"],
    version: &["node", "--version"],
    collects: true,
    build: nothing,
};
pub(in crate::bench) static EXPRESS: Toolchain =
    Toolchain { programs: &["node", "npm"], build: express, ..NODE };
pub(in crate::bench) static PYTHON: Toolchain = Toolchain {
    folder: "python",
    programs: &["python3"],
    version: &["python3", "--version"],
    collects: true,
    build: nothing,
};
pub(in crate::bench) static FLASK: Toolchain = Toolchain { build: flask, ..PYTHON };
pub(in crate::bench) static GO: Toolchain =
    Toolchain { folder: "go", programs: &["go"], version: &["go", "version"], collects: true, build: go };
pub(in crate::bench) static JAVA: Toolchain = Toolchain {
    folder: "java",
    programs: &["java", "javac"],
    version: &["java", "--version"],
    collects: true,
    build: java,
};
pub(in crate::bench) static RUBY: Toolchain = Toolchain {
    folder: "ruby",
    programs: &["ruby"],
    version: &["ruby", "--version"],
    collects: true,
    build: nothing,
};
pub(in crate::bench) static NATIVE: Toolchain = Toolchain {
    folder: "native",
    programs: &["cc"],
    version: &["ldd", "--version"],
    collects: false,
    build: native,
};

/// Those that have a version of their own.
pub(in crate::bench) static VERSIONED: &[&Toolchain] = &[&NODE, &PYTHON, &GO, &JAVA, &RUBY, &NATIVE];

impl Toolchain {
    /// Makes its services ready; or says what is missing.
    pub(in crate::bench) fn prepare(&self, folders: &Folders) -> Result<(), String> {
        if let Some(missing) = self.programs.iter().find(|name| program::on_path(name).is_none()) {
            return Err(format!("{missing} is not installed"));
        }
        (self.build)(folders)
    }

    /// The first line of what it says of its version.
    pub(in crate::bench) fn version(&self) -> String {
        let [name, arguments @ ..] = self.version else { return String::new() };
        let said = program::output(Command::new(name).args(arguments), name);
        said.map_or_else(
            |_| "not installed".to_owned(),
            |text| text.lines().next().unwrap_or_default().to_owned(),
        )
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one of several builders")]
fn nothing(_: &Folders) -> Result<(), String> {
    Ok(())
}

fn express(folders: &Folders) -> Result<(), String> {
    fixture("node-express", folders)
}

fn flask(folders: &Folders) -> Result<(), String> {
    fixture("python", folders)
}

fn fixture(name: &str, folders: &Folders) -> Result<(), String> {
    let fixture = FIXTURES.iter().find(|fixture| fixture.name == name).ok_or("no such fixture")?;
    (fixture.set_up)(&folders.place).map_err(|failure| failure.to_string())
}

fn go(folders: &Folders) -> Result<(), String> {
    let output = output_folder(folders, &GO)?;
    let mut command = Command::new("go");
    // The services need the standard library only: no C compiler, no network, no version control.
    command.env("CGO_ENABLED", "0").env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
    command.args(["build", "-buildvcs=false", "-o"]).arg(output).arg("./...");
    build(command.current_dir(folders.sources.join(GO.folder)))
}

fn java(folders: &Folders) -> Result<(), String> {
    let output = output_folder(folders, &JAVA)?;
    build(
        Command::new("javac")
            .arg("-d")
            .arg(output)
            .args(sources(&folders.sources.join(JAVA.folder), "java")?),
    )
}

fn native(folders: &Folders) -> Result<(), String> {
    let output = output_folder(folders, &NATIVE)?;
    for source in sources(&folders.sources.join(NATIVE.folder), "c")? {
        let program = output.join(source.file_stem().unwrap_or_default());
        let mut cc = Command::new("cc");
        build(cc.args(["-O2", "-g", "-Wall", "-D_GNU_SOURCE", "-pthread", "-o"]).arg(program).arg(source))?;
    }
    Ok(())
}

fn build(command: &mut Command) -> Result<(), String> {
    let step = format!("building with {}", command.get_program().display());
    program::run(command, &step).map_err(|failure| failure.to_string())
}

fn output_folder(folders: &Folders, toolchain: &Toolchain) -> Result<PathBuf, String> {
    let folder = folders.built.join(toolchain.folder);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// The files of a folder that end so, sorted.
fn sources(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    Ok(files)
}
