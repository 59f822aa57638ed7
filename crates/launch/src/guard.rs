//! The guard: a process that starts the service and outlives Drip long enough to end it.
//!
//! Drip holds the other end of the guard's standard input. When that closes, for whatever reason, the guard ends
//! everything below it. It is child subreaper, so whatever the service starts stays below it: children of
//! runners, processes in sessions of their own, daemons that forked twice. It is a session of its own, so the
//! Ctrl-C of a terminal reaches only Drip. Synchronous and single-threaded, because the signal that ends the
//! service with its parent is tied to the parent's thread.

use std::collections::BTreeSet;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{self, Pid};

use crate::event::{End, Event};

/// The hidden verb for [`main`]: `drip __guard GRACE_MS FOLDER -- PROGRAM ARGS…`, where the folder may be empty.
pub const GUARD_VERB: &str = "__guard";
/// The hidden verb for [`exec`]: `drip __exec GUARD_PID -- PROGRAM ARGS…`.
pub const EXEC_VERB: &str = "__exec";
/// What separates our arguments from the command.
pub(crate) const SEPARATOR: &str = "--";

/// How long processes may take to be gone after `KILL`, which only a process stuck in the kernel exceeds.
pub(crate) const KILL_WAIT: Duration = Duration::from_secs(5);
/// How often the tree is looked at while it ends; the end of a grandchild sends us no signal.
pub(crate) const TICK: Duration = Duration::from_millis(25);
/// The guard's own name, so that `pkill drip` leaves it to its work.
pub(crate) const GUARD_NAME: &str = "svc-guard";
/// What a shell exits with when it cannot start a command.
const NOT_STARTED: i32 = 127;

/// Starts a command, reports on it by standard output, and ends it when standard input closes. `args` are those
/// after the verb. Returns the exit status: 0 when nothing is left of the service.
pub fn main(args: &[OsString]) -> i32 {
    match guard(args) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(reason) => {
            say(&Event::Refused(reason));
            1
        }
    }
}

/// Becomes the command, and dies with the guard. `args` are those after the verb. Returns an exit status only
/// when that failed.
pub fn exec(args: &[OsString]) -> i32 {
    // Standard output is the guard's ear: it closes by itself when the command takes over, and until then it
    // carries the reason why that failed. It must be kept, as the attempt puts another in its place.
    let Ok(ear) = io::stdout().as_fd().try_clone_to_owned() else { return NOT_STARTED };
    let reason = become_command(args);
    let _ = File::from(ear).write_all(reason.as_bytes());
    NOT_STARTED
}

fn guard(args: &[OsString]) -> Result<bool, String> {
    let wrong = "the guard was called with wrong arguments";
    let [grace, folder, rest @ ..] = args else { return Err(wrong.into()) };
    let (grace, folder) = (number(grace).ok_or(wrong)?, Path::new(folder));
    let command = after_separator(rest).ok_or(wrong)?;
    let signals = detach().map_err(|error| format!("the guard could not set itself up: {error}"))?;
    let main = spawn(command)?;
    say(&Event::Started(main.as_raw().unsigned_abs()));
    let watch = Watch { signals, main };
    watch.until_told_to_stop();
    let ended = watch.end_all(Duration::from_millis(grace));
    remove(folder);
    Ok(ended)
}

/// The folder of the run goes with the service. Drip removes it too, but Drip may have been killed.
fn remove(folder: &Path) {
    if !folder.as_os_str().is_empty() {
        // Usually it is gone already.
        let _ = fs::remove_dir_all(folder);
    }
}

fn number(word: &OsStr) -> Option<u64> {
    word.to_str()?.parse().ok()
}

fn after_separator(args: &[OsString]) -> Option<&[OsString]> {
    let [separator, command @ ..] = args else { return None };
    (separator == SEPARATOR && !command.is_empty()).then_some(command)
}

/// Signals that the guard waits for. Those that ask it to end are only another way of closing its input.
fn watched() -> SigSet {
    [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect()
}

fn detach() -> nix::Result<SignalFd> {
    unistd::setsid()?;
    prctl::set_child_subreaper(true)?;
    prctl::set_name(&CString::new(GUARD_NAME).map_err(|_| Errno::EINVAL)?)?;
    watched().thread_block()?;
    SignalFd::with_flags(&watched(), SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}

/// Starts the command and returns when it runs: nothing was said and the ear closed.
fn spawn(command: &[OsString]) -> Result<Pid, String> {
    let mut exec = Command::new(own_executable());
    exec.arg(EXEC_VERB).arg(unistd::getpid().to_string()).arg(SEPARATOR).args(command);
    let spawned = exec.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| error.to_string())?;
    let mut reason = String::new();
    if let Some(ear) = &mut child.stdout {
        ear.read_to_string(&mut reason).map_err(|error| error.to_string())?;
    }
    if !reason.is_empty() {
        let _ = child.wait();
        return Err(reason);
    }
    i32::try_from(child.id()).map(Pid::from_raw).map_err(|error| error.to_string())
}

/// Returns only with the reason why the command could not take over.
fn become_command(args: &[OsString]) -> String {
    let Some((guard, [program, arguments @ ..])) = exec_parts(args) else {
        return "the guard started the command with wrong arguments".into();
    };
    match tie_to(guard).and_then(|()| io::stderr().as_fd().try_clone_to_owned()) {
        Ok(output) => replace(program, arguments, Stdio::from(output)).to_string(),
        Err(error) => error.to_string(),
    }
}

fn exec_parts(args: &[OsString]) -> Option<(u64, &[OsString])> {
    let [guard, rest @ ..] = args else { return None };
    Some((number(guard)?, after_separator(rest)?))
}

fn replace(program: &OsStr, arguments: &[OsString], output: Stdio) -> io::Error {
    Command::new(program).args(arguments).stdout(output).exec()
}

/// Asks to be killed when the guard ends, and gives the command the signal mask of an ordinary process.
fn tie_to(guard: u64) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // It may have ended before we asked.
    if u64::from(std::os::unix::process::parent_id()) != guard {
        return Err(io::Error::other("the guard is gone"));
    }
    Ok(watched().thread_unblock()?)
}

/// Drip may be gone, and then nobody needs to hear it.
fn say(event: &Event) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{event}").and_then(|()| out.flush());
}

struct Watch {
    signals: SignalFd,
    main: Pid,
}

impl Watch {
    /// When the first process ends this goes on: what it started in the background may be the service.
    fn until_told_to_stop(&self) {
        let input = io::stdin();
        loop {
            let closed = wait_readable(&[input.as_fd(), self.signals.as_fd()], PollTimeout::NONE)
                .is_some_and(|ready| ready[0] && is_closed(input.as_fd()));
            let told = self.take_signals();
            self.reap();
            if closed || told {
                return;
            }
        }
    }

    /// Ends everything below; false when something is left.
    fn end_all(&self, grace: Duration) -> bool {
        self.signal_until_gone(Signal::SIGTERM, grace) || self.signal_until_gone(Signal::SIGKILL, KILL_WAIT)
    }

    /// The tree is looked at again and again, since it may grow while it ends. That we have no child left, and so
    /// nothing below us, is known from the kernel and not from looking.
    fn signal_until_gone(&self, signal: Signal, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let mut told = BTreeSet::new();
        loop {
            if self.reap() {
                return true;
            }
            for pid in drip_proc::descendants(std::process::id()) {
                if signal == Signal::SIGTERM && cleans_up_after_its_child(pid) {
                    continue;
                }
                // Asking once is polite, asking again may mean "at once" to some; KILL can only mean one thing.
                if told.insert(pid) || signal == Signal::SIGKILL {
                    send(pid, signal);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now()).min(TICK);
            if left.is_zero() {
                return self.reap();
            }
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
            wait_readable(&[self.signals.as_fd()], timeout);
            self.take_signals();
        }
    }

    /// Waits for all children that have ended; true when none is left.
    fn reap(&self) -> bool {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => self.ended(pid, End::code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => self.ended(pid, End::signal(signal as i32)),
                Ok(WaitStatus::StillAlive) => return false,
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return true,
            }
        }
    }

    fn ended(&self, pid: Pid, end: End) {
        if pid == self.main {
            say(&Event::Exited(end));
        }
    }

    /// Whether one of the signals that came asks the guard to end.
    fn take_signals(&self) -> bool {
        let mut told = false;
        while let Ok(Some(signal)) = self.signals.read_signal() {
            told |= signal.ssi_signo != Signal::SIGCHLD as u32;
        }
        told
    }
}

/// Which of these have something to read; `None` when interrupted or nothing has.
fn wait_readable(descriptors: &[BorrowedFd<'_>], timeout: PollTimeout) -> Option<Vec<bool>> {
    let mut wanted: Vec<_> = descriptors.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    poll(&mut wanted, timeout).ok().filter(|ready| *ready > 0)?;
    Some(wanted.iter().map(|fd| fd.any().unwrap_or(false)).collect())
}

fn is_closed(input: BorrowedFd<'_>) -> bool {
    !matches!(unistd::read(input, &mut [0; 64]), Ok(1..) | Err(Errno::EINTR))
}

/// By its path, which emulators of other processors understand best; once the file was removed or replaced,
/// by the link that the kernel keeps.
pub(crate) fn own_executable() -> PathBuf {
    let by_path = std::env::current_exe().ok().filter(|path| path.exists());
    by_path.unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}

/// `go run` removes what it built once its child has ended, but not when it is asked to end itself.
fn cleans_up_after_its_child(pid: u32) -> bool {
    drip_proc::name(pid).as_deref() == Some("go") && !drip_proc::children(pid).is_empty()
}

/// A process that ended meanwhile, or that is not ours to signal, is left to the next look.
pub(crate) fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}
