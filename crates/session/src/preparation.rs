//! What a service gets before it starts, so that its live memory can be read.

use drip_meter::{Prepared, Start, prepare};
use drip_model::Runtime;

use crate::folder::Folder;
use crate::job::{Job, Launch};

/// The folder of a run and what was prepared in it; by default nothing.
#[derive(Debug, Default)]
pub(crate) struct Preparation {
    pub(crate) folder: Option<Folder>,
    pub(crate) prepared: Prepared,
    /// Why there is nothing.
    failure: Option<String>,
}

impl Preparation {
    /// Prepares every floor.
    pub(crate) fn of(job: &Job, launch: &Launch) -> Self {
        let folder = match Folder::create() {
            Ok(folder) => folder,
            Err(error) => return Self::failed(format!("no folder for hooks could be made: {error}")),
        };
        let existing = |name: &str| std::env::var(name).ok();
        let (command, preload) = (launch.command.as_slice(), job.preload);
        let prepared = prepare(&Start { command, existing: &existing, preload, folder: folder.path() });
        Self { folder: Some(folder), prepared, failure: None }
    }

    /// None, after a service did not start with it and said so.
    pub(crate) fn none_since(last_words: &str) -> Self {
        Self::failed(format!("the service did not start with what its hook needs: {}", last_words.trim()))
    }

    fn failed(why: String) -> Self {
        Self { failure: Some(why), ..Self::default() }
    }

    /// What a service would speak of that dies of it: the folder, and the names of the variables.
    pub(crate) fn marks(&self) -> Vec<String> {
        let folder = self.folder.as_ref().map(|folder| folder.path().display().to_string());
        self.prepared.variables.iter().map(|(name, _)| name.clone()).chain(folder).collect()
    }

    /// What could not be prepared for the runtime that it turned out to be.
    pub(crate) fn refused_for(&self, runtime: Option<Runtime>) -> Vec<String> {
        let concerns = self.prepared.refused.iter().filter(|(of, _)| Some(*of) == runtime);
        self.failure.clone().into_iter().chain(concerns.map(|(_, reason)| reason.clone())).collect()
    }
}
