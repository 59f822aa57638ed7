//! Installs a case: in a copy of its folder, since a corpus is only read, and once for as long as it stays the same.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::case::Case;
use super::package;

/// An installation that takes longer has hung.
const INSTALL_SECONDS_MAX: u32 = 420;
/// Beside what is installed, and gone when that is.
const STAMP: &str = ".drip-installed";

/// Where cases are installed.
pub(super) struct Workshop {
    /// What the commands of a case know as `CORPUS`.
    pub(super) corpus: PathBuf,
}

impl Workshop {
    /// The folder in which the case is ready to run.
    pub(super) fn installed(&self, case: &Case) -> Result<PathBuf, String> {
        package::provide(case, &self.corpus)?;
        let folder = self.corpus.join("cases").join(&case.name);
        let broken = |error: io::Error| format!("copying it: {error}");
        let stamp = format!("{:016x}", fingerprint(&case.folder).map_err(broken)?);
        if fs::read_to_string(folder.join(STAMP)).is_ok_and(|found| found == stamp) {
            return Ok(folder);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(broken)?;
        }
        copy(&case.folder, &folder).map_err(broken)?;
        self.install(case, &folder)?;
        fs::write(folder.join(STAMP), stamp).map_err(broken)?;
        Ok(folder)
    }

    fn install(&self, case: &Case, folder: &Path) -> Result<(), String> {
        if case.install.trim().is_empty() {
            return Ok(());
        }
        let log = self.corpus.join(format!("{}.install.log", case.name));
        let broken = |error: io::Error| format!("its installation cannot be started: {error}");
        let out = File::create(&log).map_err(broken)?;
        let err = out.try_clone().map_err(broken)?;
        let mut command = Command::new("timeout");
        command.args(["--kill-after=10", &INSTALL_SECONDS_MAX.to_string(), "bash", "-c", &case.install]);
        command.current_dir(folder).env("CORPUS", &self.corpus).stdin(Stdio::null()).stdout(out).stderr(err);
        if command.status().map_err(broken)?.success() {
            return Ok(());
        }
        let text = fs::read_to_string(&log).unwrap_or_default();
        Err(format!("its installation failed: {}", last_line(&text).unwrap_or("without a word")))
    }
}

/// The last line that says something.
pub(super) fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

/// Another number when any file below has changed.
fn fingerprint(folder: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    walk(folder, Path::new(""), &mut |path, relative, is_folder| {
        relative.hash(&mut hasher);
        if is_folder { Ok(()) } else { fs::read(path).map(|bytes| bytes.hash(&mut hasher)) }
    })?;
    Ok(hasher.finish())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    walk(from, Path::new(""), &mut |path, relative, is_folder| {
        let target = to.join(relative);
        if is_folder {
            return fs::create_dir(target);
        }
        fs::copy(path, &target)?;
        // What cannot be written in a corpus may have to be written here.
        let mut permissions = fs::metadata(&target)?.permissions();
        permissions.set_mode(permissions.mode() | 0o200);
        fs::set_permissions(target, permissions)
    })
}

/// Visits everything below a folder in a fixed order, folders before what is in them.
fn walk(
    root: &Path,
    below: &Path,
    visit: &mut dyn FnMut(&Path, &Path, bool) -> io::Result<()>,
) -> io::Result<()> {
    let mut entries = fs::read_dir(root.join(below))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (relative, is_folder) = (below.join(entry.file_name()), entry.file_type()?.is_dir());
        visit(&entry.path(), &relative, is_folder)?;
        if is_folder {
            walk(root, &relative, visit)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::case;
    use super::*;

    fn put(folder: &Path, install: &str) -> Case {
        let manifest =
            format!("name = 'one'\nlabel = 'clean'\ninstall = {install:?}\nrun = './server'\n[load]\n");
        fs::create_dir_all(folder.join("www")).unwrap();
        fs::write(folder.join("www/index.html"), "hello").unwrap();
        fs::write(folder.join("case.toml"), manifest).unwrap();
        case::read(folder).unwrap()
    }

    fn scratch(name: &str) -> (PathBuf, Workshop) {
        let folder = std::env::temp_dir().join(format!("drip-xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        (folder.join("from"), Workshop { corpus: folder })
    }

    #[test]
    fn a_case_is_installed_once_until_it_changes() {
        let (from, workshop) = scratch("install");
        let count = |folder: &Path| fs::read_to_string(folder.join("count")).unwrap().lines().count();
        let case = put(&from, "cat www/index.html && echo x >> ../../count && cp ../../count .");
        let folder = workshop.installed(&case).unwrap();
        assert_eq!(count(&folder), 1);
        workshop.installed(&case).unwrap();
        assert_eq!(count(&folder), 1, "not again");
        fs::write(from.join("www/index.html"), "changed").unwrap();
        workshop.installed(&case).unwrap();
        assert_eq!(count(&folder), 2, "its sources are others");
        assert!(!from.join("count").exists(), "the corpus stays as it is");
        fs::remove_dir_all(&workshop.corpus).unwrap();
    }

    #[test]
    fn a_failing_installation_tells_its_last_line_and_is_tried_again() {
        let (from, workshop) = scratch("install-fails");
        let case = put(&from, "echo starting; echo no such package >&2; exit 1");
        for _ in 0..2 {
            let why = workshop.installed(&case).unwrap_err();
            assert!(why.ends_with("no such package"), "{why}");
        }
        fs::remove_dir_all(&workshop.corpus).unwrap();
    }
}
