//! What must stand in the environment of a service that we start, so that its floor can be had.

use std::path::Path;

use crate::FLOORS;

/// Tells hooks the folder in which they answer; without it they stay idle.
pub const FOLDER_VARIABLE: &str = "DRIP_FLOOR";

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
    /// A private folder of this run, gone when the run is. Its path is short enough for a Unix socket in it.
    pub folder: &'a Path,
}

/// What was prepared.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// For the service's environment.
    pub variables: Variables,
    /// Which lines of the service's output will be caused by us.
    pub is_ours: Vec<fn(line: &str) -> bool>,
    /// Floors that could not be prepared, with the reason.
    pub refused: Vec<String>,
}

/// Prepares every floor: the runtime of a service is not known before it runs.
pub fn prepare(start: &Start<'_>) -> Prepared {
    let folder = start.folder.display().to_string();
    let mut prepared =
        Prepared { variables: vec![(FOLDER_VARIABLE.to_owned(), folder)], ..Prepared::default() };
    for source in FLOORS {
        match (source.prepare)(start) {
            Ok(variables) if variables.is_empty() => {}
            Ok(variables) => {
                prepared.variables.extend(variables);
                prepared.is_ours.extend(source.is_ours);
            }
            Err(error) => prepared.refused.push(format!("{}: {error}", source.name)),
        }
    }
    prepared
}
