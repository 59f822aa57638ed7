//! Runs other programs, and installs those that are missing.
//!
//! What they print goes to our stderr: stdout is for the result of the chore.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Cargo, in this folder, as if no cargo had started us: some build scripts are run again when these variables
/// change.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || name == "CARGO_PRIMARY_PACKAGE"
        });
        if ours {
            command.env_remove(name);
        }
    }
    command.current_dir(folder);
    command
}

/// Runs to the end; anything but success is a failure of this step.
pub(crate) fn run(command: &mut Command, step: &str) -> Result<(), Failure> {
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status();
    match status.map_err(|error| not_started(command, step, &error))? {
        status if status.success() => Ok(()),
        status => Err(Failure::step(step, status)),
    }
}

/// Runs to the end; what it printed on stdout.
pub(crate) fn output(command: &mut Command, step: &str) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| not_started(command, step, &error))?;
    if !output.status.success() {
        return Err(Failure::step(step, String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(crate) fn not_started(command: &Command, step: &str, error: &io::Error) -> Failure {
    Failure::step(step, format!("{} cannot be started: {error}", command.get_program().display()))
}

/// Where a program is found on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Makes sure of a program, from a package of the system where it is missing.
pub(crate) fn require(name: &str, package: &str) -> Result<(), Failure> {
    if on_path(name).is_some() {
        return Ok(());
    }
    install(package, name)?;
    on_path(name)
        .map(|_| ())
        .ok_or_else(|| Failure::step(format!("installing {package}"), format!("it brought no {name}")))
}

/// Installs a package of Debian or Ubuntu, as root; anybody else is told the command.
pub(crate) fn install(package: &str, what: &str) -> Result<(), Failure> {
    if !is_root() || on_path("apt-get").is_none() {
        let command = format!("sudo apt-get update && sudo apt-get install -y {package}");
        return Err(Failure::Missing { what: what.to_owned(), command });
    }
    eprintln!("xtask: installing {package}");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(arguments);
        run(&mut command, &format!("apt-get {}", arguments.join(" ")))
    };
    apt(&["update"])?;
    apt(&["install", "-y", "--no-install-recommends", package])
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
