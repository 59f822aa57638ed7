//! HotSpot's attach protocol, 11 to 25. It knows nothing of what is asked.
//!
//! A JVM that finds `.attach_pidN` in its `/tmp` when SIGQUIT arrives starts a thread that listens at
//! `/tmp/.java_pidN`; N is its number in its own PID namespace. The folder is reached through
//! `/proc/PID/root`, so it may lie in another mount namespace, and is held open, so that it can be cleaned up
//! when the JVM is gone. Paths below an open descriptor are short and always fit a Unix socket (108 bytes).
//! HotSpot also looks into its working directory, but nothing of ours is written into folders of the user.
//!
//! A request is `1`, a command and three arguments, each ended by a zero byte. The answer is a line with a
//! number, zero for success, then text until the end. It answers one at a time, and only its own user and
//! root.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drip_proc::{Identity, innermost_pid, is_alive};
use nix::sys::signal::{Signal as Posix, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::hotspot;
use crate::MeterError;

const WHAT: &str = "the JVM's attach listener";
/// Until a JVM that got the signal listens; all its threads must come to a safepoint for that.
const OPEN_SECONDS_MAX: u64 = 5;
const POLL: Duration = Duration::from_millis(5);
/// A histogram has a line of about a hundred bytes for each class; a large service has some ten thousand
/// classes.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// Every request has a command and three arguments.
const WORDS: usize = 4;

/// The listener of one JVM.
pub(super) struct Listener {
    folder: Folder,
    socket: PathBuf,
    /// Device and inode of the socket file, where we made the JVM open it.
    opened: Option<(u64, u64)>,
}

impl Listener {
    /// Finds the listener of a JVM, or makes the JVM start it.
    ///
    /// # Errors
    /// When it is no HotSpot JVM, belongs to another user, or does not attach.
    pub(super) async fn open(process: &Identity) -> Result<Self, MeterError> {
        let pid = process.pid;
        check_user(pid).and_then(|()| hotspot::check(pid)).map_err(|why| of_process(pid, &why))?;
        let own = innermost_pid(pid).ok_or(MeterError::Gone)?;
        let folder = Folder::open(pid)?;
        let socket = folder.path(&format!(".java_pid{own}"));
        if UnixStream::connect(&socket).await.is_ok() {
            return Ok(Self { folder, socket, opened: None });
        }
        hotspot::check_signal(pid).map_err(|why| of_process(pid, &why))?;
        start(process, &folder.path(&format!(".attach_pid{own}")), &socket).await?;
        let opened = file_number(&socket);
        Ok(Self { folder, socket, opened })
    }

    /// Asks and reads the whole answer. The caller bounds the time.
    ///
    /// # Errors
    /// When the process is gone, hangs up, says too much, or says that it failed.
    pub(super) async fn ask(&self, process: &Identity, words: &[&str]) -> Result<String, MeterError> {
        // A file may be left of a process that is gone, and its number be another's by now.
        if !is_alive(process) {
            return Err(MeterError::Gone);
        }
        if hotspot::is_stopped(process.pid) {
            return Err(of_process(process.pid, "it is stopped: continue it and try again"));
        }
        let mut stream = UnixStream::connect(&self.socket).await.map_err(failed)?;
        stream.write_all(&request(words)).await.map_err(failed)?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await.map_err(failed)?;
        if answer.len() as u64 == ANSWER_BYTES_MAX {
            return Err(failed(format!("it answered more than {ANSWER_BYTES_MAX} bytes")));
        }
        text_of(&String::from_utf8_lossy(&answer))
    }

    /// Takes away the socket's file where we made the JVM open it and it ended without doing so itself
    /// (SIGKILL), or is ours to end. Any other JVM keeps it: to have its file removed confuses tools of
    /// HotSpot 11.0.5 and older.
    pub(super) fn leave(self, process: &Identity, started_by_us: bool) {
        let is_ours_to_remove = started_by_us || !is_alive(process);
        if is_ours_to_remove && self.opened.is_some() && file_number(&self.socket) == self.opened {
            // It may be gone by now, which is what we want.
            let _ = std::fs::remove_file(&self.socket);
        }
        drop(self.folder);
    }
}

/// The `/tmp` of a JVM, held open.
struct Folder(File);

impl Folder {
    fn open(pid: u32) -> Result<Self, MeterError> {
        let refused = |error| of_process(pid, &format!("its /tmp cannot be reached: {error}"));
        File::open(format!("/proc/{pid}/root/tmp")).map(Self).map_err(refused)
    }

    /// Valid while the folder is held.
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.0.as_raw_fd()))
    }
}

/// The file that makes SIGQUIT a request to attach; it lives as long as this.
struct Trigger<'a>(&'a Path);

impl<'a> Trigger<'a> {
    fn put(path: &'a Path) -> Result<Self, MeterError> {
        let create = || OpenOptions::new().write(true).create_new(true).open(path);
        let created = match create() {
            // Left behind by a tool that was killed. HotSpot would mind if it were another user's.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                std::fs::remove_file(path).and_then(|()| create())
            }
            other => other,
        };
        match created {
            Ok(_) => Ok(Self(path)),
            Err(error) => Err(failed(format!("no file can be put into its /tmp: {error}"))),
        }
    }
}

impl Drop for Trigger<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0);
    }
}

/// Signals the JVM and waits until it listens.
async fn start(process: &Identity, trigger: &Path, socket: &Path) -> Result<(), MeterError> {
    let _trigger = Trigger::put(trigger)?;
    let Ok(pid) = i32::try_from(process.pid) else { return Err(MeterError::Gone) };
    if !is_alive(process) {
        return Err(MeterError::Gone);
    }
    kill(Pid::from_raw(pid), Posix::SIGQUIT).map_err(|errno| MeterError::protocol("SIGQUIT", errno))?;
    let deadline = Instant::now() + Duration::from_secs(OPEN_SECONDS_MAX);
    while Instant::now() < deadline && is_alive(process) {
        if UnixStream::connect(socket).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    if !is_alive(process) {
        return Err(MeterError::Gone);
    }
    Err(MeterError::Timeout { what: WHAT, seconds: OPEN_SECONDS_MAX })
}

/// HotSpot answers root and its own user and group.
fn check_user(pid: u32) -> Result<(), String> {
    let user = |path: String| std::fs::metadata(path).map(|file| (file.uid(), file.gid())).ok();
    let own = user("/proc/self".to_owned());
    let is_root = own.is_some_and(|(uid, _)| uid == 0);
    if is_root || own == user(format!("/proc/{pid}")) {
        return Ok(());
    }
    Err("it belongs to another user or group: run Drip as the user of the service".to_owned())
}

fn file_number(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

fn request(words: &[&str]) -> Vec<u8> {
    let padded = words.iter().copied().chain(std::iter::repeat("")).take(WORDS);
    std::iter::once("1").chain(padded).flat_map(|word| word.bytes().chain([0])).collect()
}

fn text_of(answer: &str) -> Result<String, MeterError> {
    match answer.split_once('\n') {
        Some(("0", text)) => Ok(text.to_owned()),
        Some((_, text)) => {
            Err(failed(format!("it refused: {}", text.lines().next().unwrap_or("no reason given"))))
        }
        None => Err(failed("it hung up without an answer")),
    }
}

fn of_process(pid: u32, why: &str) -> MeterError {
    MeterError::protocol("the JVM", format!("process {pid}: {why}"))
}

fn failed(why: impl std::fmt::Display) -> MeterError {
    MeterError::protocol(WHAT, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_a_version_a_command_and_three_arguments() {
        assert_eq!(request(&["jcmd", "GC.run"]), b"1\0jcmd\0GC.run\0\0\0");
        assert_eq!(request(&["printflag", "A"]), b"1\0printflag\0A\0\0\0");
    }

    #[test]
    fn an_answer_that_is_no_success_is_an_error() {
        assert_eq!(text_of("0\nTotal 1 2\n").unwrap(), "Total 1 2\n");
        for answer in ["", "0", "1\nUnknown diagnostic command\n", "101\n"] {
            assert!(text_of(answer).is_err(), "{answer:?}");
        }
        let why = text_of("1\nUnknown diagnostic command\n").unwrap_err().to_string();
        assert!(why.contains("Unknown diagnostic command"), "{why}");
    }

    #[test]
    fn a_trigger_replaces_a_stale_one_and_goes_with_its_owner() {
        let path = std::env::temp_dir().join(format!(".attach_pid_of_a_test_{}", std::process::id()));
        std::fs::write(&path, "").unwrap();
        let trigger = Trigger::put(&path).unwrap();
        assert!(path.exists());
        drop(trigger);
        assert!(!path.exists());
        assert!(Trigger::put(Path::new("/nowhere/at/all")).is_err());
    }
}
