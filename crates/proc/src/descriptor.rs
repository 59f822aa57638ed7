//! What the descriptors of a process refer to.

use std::fs;
use std::io;
use std::path::Path;

use crate::process::ProcError;

/// Descriptors read of one process. Linux lets no process have more unless its administrator raised `fs.nr_open`;
/// those beyond are not counted, so that growth seems to end here.
const DESCRIPTORS_MAX: usize = 1 << 20;

/// What one descriptor refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Descriptor {
    /// A path: a file, a directory, a device, a named pipe.
    File,
    /// A file that was deleted since, or memory that looks like one (`memfd`): it is freed when it is closed.
    Deleted,
    /// One end of a pipe.
    Pipe,
    /// A socket, by its number.
    Socket(u64),
    /// Something of the kernel without a path: an event, a timer, an epoll set, a process, a namespace.
    Anonymous,
}

/// All descriptors of a process. Those that it closes meanwhile are left out.
pub(crate) fn descriptors(pid: u32) -> Result<Vec<Descriptor>, ProcError> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).map_err(|cause| because(pid, &cause))?;
    let targets = entries.take(DESCRIPTORS_MAX).filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Ok(targets.map(|target| of_target(&target)).collect())
}

/// The numbers of the sockets that a process holds; none when that may not be known.
pub(crate) fn socket_inodes(pid: u32) -> impl Iterator<Item = u64> {
    descriptors(pid).unwrap_or_default().into_iter().filter_map(|descriptor| match descriptor {
        Descriptor::Socket(inode) => Some(inode),
        _ => None,
    })
}

fn because(pid: u32, cause: &io::Error) -> ProcError {
    match cause.kind() {
        io::ErrorKind::NotFound => ProcError::Gone { pid },
        io::ErrorKind::PermissionDenied => ProcError::Denied { pid },
        _ => ProcError::Unreadable { pid, reason: cause.to_string() },
    }
}

fn of_target(target: &Path) -> Descriptor {
    let target = target.as_os_str().as_encoded_bytes();
    if target.starts_with(b"/") {
        let is_deleted = target.ends_with(b" (deleted)");
        return if is_deleted { Descriptor::Deleted } else { Descriptor::File };
    }
    if target.starts_with(b"pipe:[") {
        return Descriptor::Pipe;
    }
    socket(target).map_or(Descriptor::Anonymous, Descriptor::Socket)
}

/// `socket:[12345]`.
fn socket(target: &[u8]) -> Option<u64> {
    std::str::from_utf8(target).ok()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_classed_by_what_it_refers_to() {
        let check = |target: &str, expected| assert_eq!(of_target(Path::new(target)), expected, "{target}");
        check("/dev/null", Descriptor::File);
        check("/srv/a:b (new)", Descriptor::File);
        check("/tmp/upload-1 (deleted)", Descriptor::Deleted);
        check("/memfd:cache (deleted)", Descriptor::Deleted);
        check("pipe:[42]", Descriptor::Pipe);
        check("socket:[12345]", Descriptor::Socket(12345));
        check("anon_inode:[eventpoll]", Descriptor::Anonymous);
        check("pidfd:[7]", Descriptor::Anonymous);
    }

    #[test]
    fn nobody_has_no_descriptors() {
        assert!(matches!(descriptors(u32::MAX), Err(ProcError::Gone { .. })));
        assert_eq!(socket_inodes(u32::MAX).count(), 0);
    }
}
