//! What must stand in the environment of a service that we start, so that its floor can be had.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use drip_model::Runtime;

use crate::FLOORS;

/// Tells hooks the folder in which they answer; without it they stay idle.
pub const FOLDER_VARIABLE: &str = "DRIP_FLOOR";
/// The part of a run's folder in which hooks answer, for its owner alone.
const SOCKETS: &str = "s";

/// Looks up a variable of the environment that the service would have without us.
pub type Existing<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Variables to be added or replaced, with their values.
pub type Variables = Vec<(String, String)>;

/// A service that is about to be started.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// Program and arguments.
    pub command: &'a [String],
    /// The environment that it would have without us.
    pub existing: Existing<'a>,
    /// Whether the user wants a library preloaded into native services.
    pub preload: bool,
    /// A folder of this run, gone when the run is, in which only we may write. Who knows the name of a file may read it,
    /// since a service that changes its user still has to find what its environment names. Its path is short enough for a
    /// Unix socket two levels below.
    pub folder: &'a Path,
}

/// What was prepared.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// For the service's environment.
    pub variables: Variables,
    /// Which lines of the service's output will be caused by us.
    pub is_ours: Vec<fn(line: &str) -> bool>,
    /// Floors that could not be prepared, with their runtime and the reason.
    pub refused: Vec<(Runtime, String)>,
}

/// Prepares every floor: the runtime of a service is not known before it runs.
pub fn prepare(start: &Start<'_>) -> Prepared {
    let mut prepared = Prepared::default();
    // Without it hooks stay idle, and each floor says that it does not answer.
    if let Ok(folder) = make_sockets(start.folder) {
        prepared.variables.push((FOLDER_VARIABLE.to_owned(), folder.display().to_string()));
    }
    for source in FLOORS {
        match (source.prepare)(start) {
            Ok(variables) if variables.is_empty() => {}
            Ok(variables) => {
                prepared.variables.extend(variables);
                prepared.is_ours.extend(source.is_ours);
            }
            Err(error) => prepared.refused.push((source.runtime, format!("{}: {error}", source.name))),
        }
    }
    prepared
}

/// Where the hooks of a run answer.
pub fn sockets(folder: &Path) -> PathBuf {
    folder.join(SOCKETS)
}

/// Makes that folder.
///
/// # Errors
/// When the folder of the run cannot be written to.
pub fn make_sockets(folder: &Path) -> io::Result<PathBuf> {
    let sockets = std::path::absolute(sockets(folder))?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&sockets)?;
    Ok(sockets)
}

/// Writes a file of a hook so that the service may read it whatever its user is, and nobody else may write it.
pub(crate) fn write_readable(file: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(file, bytes)?;
    std::fs::set_permissions(file, Permissions::from_mode(0o644))
}
