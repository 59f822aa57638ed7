//! The folder of one run, in which hooks of the service lie and answer.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const PREFIX: &str = "drip-";
/// Random characters that the folder's name ends in.
const RANDOM: usize = 8;
/// The address of a Unix socket has 108 bytes, its end included (`unix(7)`); a hook's file below the folder needs 22.
const PATH_BYTES_MAX: usize = 108 - 22;
/// Only its owner may list it or write in it. What lies in it can be opened by its name, since a service that is started
/// as another user dies of a file that its environment names and that it cannot open.
const MODE: u32 = 0o711;

/// Dropping it removes it; so does the guard of the service, should we die.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

impl Folder {
    /// Makes one where a path is short enough for a Unix socket in it.
    pub(crate) fn create() -> io::Result<Self> {
        let mut failure =
            io::Error::other("every folder for temporary files has too long a path for a socket in it");
        for base in bases().iter().filter(|base| is_short(base)) {
            match tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempdir_in(base) {
                Ok(folder) => {
                    std::fs::set_permissions(folder.path(), Permissions::from_mode(MODE))?;
                    return Ok(Self(folder));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Where temporary files go by the user's wish, then where everybody may put them.
fn bases() -> [PathBuf; 2] {
    [std::env::temp_dir(), PathBuf::from("/tmp")]
}

fn is_short(base: &Path) -> bool {
    let bytes = |text: &OsStr| text.as_bytes().len();
    base.is_absolute() && bytes(base.as_os_str()) + 1 + PREFIX.len() + RANDOM <= PATH_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_owner_may_list_it_and_it_goes_with_its_holder() {
        let folder = Folder::create().unwrap();
        let path = folder.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, MODE);
        std::fs::write(path.join("1.sock"), "").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_base_that_is_too_long_for_a_socket_is_passed_over() {
        let base = |length: usize| PathBuf::from(format!("/{}", "a".repeat(length)));
        assert!(is_short(Path::new("/tmp")));
        assert!(is_short(&base(70)));
        assert!(!is_short(&base(80)));
        assert!(!is_short(Path::new("relative")));
    }
}
