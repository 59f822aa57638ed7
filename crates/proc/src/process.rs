//! One process: who it is, whether it lives, and how it was called.

use std::ffi::OsStr;
use std::path::Path;

use procfs::process::{ProcState, Process, Stat};

/// What the kernel says (`ESRCH`) when a process ends between opening one of its files and reading it.
const NO_SUCH_PROCESS: i32 = 3;

/// Why something could not be read about a process.
#[derive(Debug, thiserror::Error)]
pub enum ProcError {
    /// It ended, or never was.
    #[error("process {pid} is gone")]
    Gone {
        /// The process.
        pid: u32,
    },
    /// It belongs to somebody else.
    #[error("process {pid} may not be read: it belongs to another user, or reading it is forbidden here")]
    Denied {
        /// The process.
        pid: u32,
    },
    /// The kernel's answer was not understood.
    #[error("process {pid} could not be read: {reason}")]
    Unreadable {
        /// The process.
        pid: u32,
        /// What the reader said.
        reason: String,
    },
}

impl ProcError {
    pub(crate) fn new(pid: u32, cause: &procfs::ProcError) -> Self {
        match cause {
            procfs::ProcError::NotFound(_) => Self::Gone { pid },
            procfs::ProcError::Io(error, _) if error.raw_os_error() == Some(NO_SUCH_PROCESS) => {
                Self::Gone { pid }
            }
            procfs::ProcError::PermissionDenied(_) => Self::Denied { pid },
            other => Self::Unreadable { pid, reason: other.to_string() },
        }
    }
}

/// A process that cannot be confused with a later one of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since boot.
    pub start_ticks: u64,
}

/// Who has this number now; `None` when nobody living has.
pub fn identity(pid: u32) -> Option<Identity> {
    let stat = open(pid).ok()?.stat().ok()?;
    (!is_dead(&stat)).then_some(Identity { pid, start_ticks: stat.starttime })
}

/// Whether this very process still runs. One that ended and was not yet waited for is dead.
pub fn is_alive(process: &Identity) -> bool {
    identity(process.pid).as_ref() == Some(process)
}

/// Program and arguments; `None` when they cannot be read or the process has none (kernel threads, zombies).
pub fn command_line(pid: u32) -> Option<Vec<String>> {
    open(pid).ok()?.cmdline().ok().filter(|words| !words.is_empty())
}

/// What a person would call it: the file name of its executable. Where that may not be read, the name that the
/// process gave itself, which is only the second choice because it is often that of a thread (`MainThread`).
pub fn name(pid: u32) -> Option<String> {
    let process = open(pid).ok()?;
    executable_name(&process).or_else(|| process.stat().ok().map(|stat| stat.comm))
}

/// The value that a variable had when the process started; `None` when unset or not readable.
pub fn environment_value(pid: u32, variable: &str) -> Option<String> {
    let environment = open(pid).ok()?.environ().ok()?;
    environment.get(OsStr::new(variable)).map(|value| value.to_string_lossy().into_owned())
}

/// The number that the process has in its own PID namespace, which is the one that it knows of itself.
pub fn innermost_pid(pid: u32) -> Option<u32> {
    let numbers = open(pid).ok()?.status().ok()?.nspid?;
    u32::try_from(*numbers.last()?).ok()
}

/// Whether the process has a handler of its own for a signal.
pub fn catches(pid: u32, signal: i32) -> bool {
    let caught = open(pid).ok().and_then(|process| process.status().ok()).map_or(0, |status| status.sigcgt);
    (1..=64).contains(&signal) && caught & (1 << (signal - 1)) != 0
}

/// Opens a process for reading.
pub(crate) fn open(pid: u32) -> Result<Process, ProcError> {
    let number = i32::try_from(pid).map_err(|_| ProcError::Gone { pid })?;
    Process::new(number).map_err(|cause| ProcError::new(pid, &cause))
}

/// A zombie is dead, unless only its first thread has ended and others go on.
pub(crate) fn is_dead(stat: &Stat) -> bool {
    match stat.state() {
        Ok(ProcState::Zombie) => stat.num_threads <= 1,
        Ok(ProcState::Dead) => true,
        _ => false,
    }
}

/// The file name of the executable, also when the file was replaced since.
pub(crate) fn executable_name(process: &Process) -> Option<String> {
    let path = process.exe().ok()?;
    let name = Path::new(&path).file_name()?.to_string_lossy().into_owned();
    Some(name.strip_suffix(" (deleted)").map(str::to_owned).unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::testing::{Child, eventually};

    #[test]
    fn a_process_is_described_while_it_lives() {
        let child = Child::spawn(Command::new("sleep").arg("60").env("COLOUR", "blue=green"));
        let pid = child.pid();
        // The parent goes on a moment before the kernel has put the new arguments in place.
        let expected = ["sleep", "60"].map(String::from);
        eventually("sleep has its arguments", || command_line(pid).is_some_and(|words| words == expected));
        assert_eq!(environment_value(pid, "COLOUR").as_deref(), Some("blue=green"));
        assert_eq!(environment_value(pid, "COLOR"), None);
    }

    #[test]
    fn a_process_is_named_after_its_executable() {
        let executable = std::env::current_exe().unwrap();
        let expected = executable.file_name().unwrap().to_str().unwrap();
        assert_eq!(name(std::process::id()).as_deref(), Some(expected));
        assert_eq!(name(u32::MAX), None);
    }

    #[test]
    fn outside_of_a_namespace_a_process_has_one_number() {
        assert_eq!(innermost_pid(std::process::id()), Some(std::process::id()));
        assert_eq!(innermost_pid(u32::MAX), None);
    }

    #[test]
    fn a_zombie_is_dead() {
        let mut child = Child::spawn(Command::new("sleep").arg("60"));
        let seen = identity(child.pid()).unwrap();
        assert!(is_alive(&seen));
        // Killed but not waited for: it stays in /proc as a zombie.
        child.0.kill().unwrap();
        eventually("the killed child counts as dead", || !is_alive(&seen));
        assert!(Path::new(&format!("/proc/{}", seen.pid)).exists());
    }

    #[test]
    fn another_process_of_the_same_number_is_not_the_same() {
        let mine = identity(std::process::id()).unwrap();
        assert!(is_alive(&mine));
        assert!(!is_alive(&Identity { start_ticks: mine.start_ticks + 1, ..mine }));
    }

    #[test]
    fn only_signals_with_a_handler_are_caught() {
        let script = "trap : USR1; echo ready; while :; do sleep 0.1; done";
        let mut child =
            Child::spawn(Command::new("sh").args(["-c", script]).stdout(std::process::Stdio::piped()));
        child.wait_for_line("ready");
        assert!(catches(child.pid(), 10), "USR1 has a handler");
        assert!(!catches(child.pid(), 12), "USR2 has none");
        assert!(!catches(child.pid(), 0));
    }

    #[test]
    fn a_process_that_never_was_is_gone() {
        assert!(matches!(open(u32::MAX), Err(ProcError::Gone { pid: u32::MAX })));
        assert_eq!(identity(u32::MAX), None);
    }
}
