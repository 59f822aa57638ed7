//! What an executable file contains, found by a bounded search through its bytes.
//!
//! Names of linked packages and the mark of Go's build information survive `strip` and `-ldflags "-s -w"`.

use std::fs::File;
use std::io::{Read, Take};
use std::path::Path;

/// Stands at the start of the build information in every program of Go 1.13 and later.
const GO_MARK: &[u8] = b"\xff Go buildinf:";
/// As a function of that package is called in the table that the runtime needs for its stack traces.
const PPROF_MARK: &[u8] = b"net/http/pprof.";
const ELF_MARK: &[u8] = b"\x7fELF";
/// Larger than any service; the largest programs of Go have a few hundred megabytes.
const FILE_BYTES_MAX: u64 = 1 << 30;
const CHUNK_BYTES: usize = 1 << 20;

/// Whether a file is a program compiled by Go.
pub(super) fn is_go(path: &Path) -> bool {
    path.is_file() && begins_with(path, ELF_MARK) && contains(path, GO_MARK)
}

/// Whether a program of Go has `net/http/pprof` linked in.
pub(super) fn links_pprof(path: &Path) -> bool {
    contains(path, PPROF_MARK)
}

fn begins_with(path: &Path, mark: &[u8]) -> bool {
    let mut start = vec![0; mark.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == mark
}

fn contains(path: &Path, mark: &[u8]) -> bool {
    File::open(path).is_ok_and(|file| search(file.take(FILE_BYTES_MAX), mark))
}

/// A file that breaks off is one in which the mark was not found.
fn search(mut file: Take<File>, mark: &[u8]) -> bool {
    let mut window = Vec::with_capacity(CHUNK_BYTES + mark.len());
    loop {
        let read = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut window);
        if position(&window, mark).is_some() {
            return true;
        }
        if !read.is_ok_and(|read| read > 0) {
            return false;
        }
        // The mark may lie across the border.
        window.drain(..(window.len() + 1).saturating_sub(mark.len()));
    }
}

/// By the first byte, which is found many times faster than the whole.
fn position(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    let (first, last) = (*mark.first()?, *mark.last()?);
    let starts = bytes.len().checked_sub(mark.len())?;
    (0..=starts).find(|at| {
        bytes[*at] == first && bytes[at + mark.len() - 1] == last && bytes[*at..].starts_with(mark)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: bool) {
        let directory = std::env::temp_dir().join(format!("drip-binary-{}", std::process::id()));
        std::fs::write(&directory, bytes).unwrap();
        let found = contains(&directory, PPROF_MARK);
        std::fs::remove_file(&directory).unwrap();
        assert_eq!(found, expected, "{} bytes", bytes.len());
    }

    #[test]
    fn a_mark_is_found_wherever_it_lies() {
        check(b"", false);
        check(b"net/http/pprof", false);
        for before in [0, 7, CHUNK_BYTES - 3, CHUNK_BYTES, 2 * CHUNK_BYTES - 1] {
            let bytes = [vec![b'n'; before].as_slice(), PPROF_MARK, b"more"].concat();
            check(&bytes, true);
        }
        check(&vec![b'n'; 2 * CHUNK_BYTES + 5], false);
    }

    #[test]
    fn what_is_not_an_executable_is_not_go() {
        assert!(!is_go(Path::new("/")) && !is_go(Path::new("/etc/passwd")) && !is_go(Path::new("/nowhere")));
    }
}
