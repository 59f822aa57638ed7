//! A running service, as Drip holds it.

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, PipeWriter, pipe};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines, Take};
use tokio::process::{Child, ChildStdout};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::event::{End, Event};
use crate::guard::{GUARD_NAME, GUARD_VERB, KILL_WAIT, SEPARATOR, own_executable};
use crate::output::Output;
use crate::sweep::{self, Before};

/// How long a service may take to end after it was asked to, unless the user says otherwise.
pub const GRACE: Duration = Duration::from_secs(5);
/// The guard answers within milliseconds; on a machine that is busy to the limit it may take longer.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// What the guard needs beyond the time that it grants.
const STOP_MARGIN: Duration = Duration::from_secs(3);
/// The guard says two lines.
const EVENTS_BYTES_MAX: u64 = 64 * 1024;

/// What to start, and how.
#[derive(Debug, Clone)]
pub struct Command {
    /// A name to be found in `PATH`, or a path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables added to our own environment, or put in their place.
    pub env: Vec<(String, String)>,
    /// Variables of our own environment that are none of its business.
    pub withheld: Vec<String>,
    /// The file that takes what it prints; an old one is overwritten.
    pub log: PathBuf,
    /// How long it may take to end after it was asked to.
    pub grace: Duration,
    /// A folder of this run, removed once nothing is left of the service, also when Drip itself was killed.
    pub folder: Option<PathBuf>,
    /// The executable that knows the hidden verbs.
    pub guard: PathBuf,
    /// Which lines of its output were caused by us: they are kept from the log. While it is set, a line that
    /// has not ended reaches the log up to a second later.
    pub divert: Vec<fn(&str) -> bool>,
}

impl Command {
    /// A command with our environment, the usual grace, and our own executable as guard.
    pub fn new(program: impl Into<String>, args: Vec<String>, log: impl Into<PathBuf>) -> Self {
        let (env, guard) = (Vec::new(), own_executable());
        Self {
            program: program.into(),
            args,
            env,
            withheld: Vec::new(),
            log: log.into(),
            grace: GRACE,
            folder: None,
            guard,
            divert: Vec::new(),
        }
    }
}

/// Why a service could not be started or ended.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no such program.
    #[error("command not found: {program}")]
    NotFound {
        /// As the user wrote it.
        program: String,
    },
    /// There is such a file, but it is not a program.
    #[error(
        "not an executable file: {program} (if it is a script, make it executable or name its interpreter)"
    )]
    NotExecutable {
        /// As the user wrote it.
        program: String,
    },
    /// The kernel would not start it.
    #[error("cannot start {program}: {reason}")]
    Refused {
        /// As the user wrote it.
        program: String,
        /// What the kernel said.
        reason: String,
    },
    /// The file for its output cannot be written.
    #[error("cannot write the service's output to {}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The guard could not be started.
    #[error("cannot start the guard of the service")]
    Guard(#[source] io::Error),
    /// The guard did not say that the service runs.
    #[error("the guard of the service did not answer within {} s", START_TIMEOUT.as_secs())]
    GuardSilent,
    /// Processes of the service outlived `KILL`.
    #[error("processes of the service could not be ended: {pids:?}")]
    Survived {
        /// The processes.
        pids: Vec<u32>,
    },
}

/// A service that runs, or ran. Dropping it ends the service as [`Service::stop`] does, without waiting for
/// that.
pub struct Service {
    /// The guard ends the service when this closes.
    lifeline: PipeWriter,
    guard: Child,
    guard_pid: u32,
    main_pid: u32,
    end: watch::Receiver<Option<End>>,
    output: Arc<Output>,
    grace: Duration,
    before: Before,
}

type Events = Lines<BufReader<Take<ChildStdout>>>;

/// Starts a service; returns when its program runs.
pub async fn start(command: &Command) -> Result<Service, LaunchError> {
    resolve(command)?;
    let before = sweep::prepare().map_err(|error| LaunchError::Guard(error.into()))?;
    let (printed, printing) = pipe().map_err(LaunchError::Guard)?;
    let log_failed = |source| LaunchError::Log { path: command.log.clone(), source };
    let output = Output::drain(printed, &command.log, command.divert.clone()).map_err(log_failed)?;
    let (held, lifeline) = pipe().map_err(LaunchError::Guard)?;
    let mut guard = spawn_guard(command, held, printing).map_err(LaunchError::Guard)?;
    let mut events = events_of(&mut guard)?;
    let first = timeout(START_TIMEOUT, next_event(&mut events)).await;
    let main_pid = match first.ok().flatten() {
        Some(Event::Started(pid)) => pid,
        Some(Event::Refused(reason)) => {
            return Err(LaunchError::Refused { program: command.program.clone(), reason });
        }
        Some(Event::Exited(_)) | None => return Err(LaunchError::GuardSilent),
    };
    let guard_pid = guard.id().ok_or(LaunchError::GuardSilent)?;
    let end = follow(events);
    Ok(Service { lifeline, guard, guard_pid, main_pid, end, output, grace: command.grace, before })
}

impl Service {
    /// The guard's process, which is not part of the service.
    pub fn guard_pid(&self) -> u32 {
        self.guard_pid
    }

    /// The process that was started; a runner such as `npm` is not yet the server.
    pub fn main_pid(&self) -> u32 {
        self.main_pid
    }

    /// All living processes of the service. None once the guard was killed: the first process dies with it,
    /// and what else is left no longer belongs together.
    pub fn pids(&self) -> Vec<u32> {
        drip_proc::descendants(self.guard_pid)
    }

    /// How the started process ended; `None` while it runs. What it left in the background may go on.
    pub fn exited(&self) -> Option<End> {
        *self.end.borrow()
    }

    /// Waits until the started process has ended. May be dropped and called again.
    pub async fn wait_exit(&self) -> End {
        let mut end = self.end.clone();
        // An error means that nobody follows the guard any more, and so that nobody will see the end.
        end.wait_for(Option::is_some).await.ok().and_then(|end| *end).unwrap_or(End::UNSEEN)
    }

    /// The last lines that the service printed until now, on standard output and standard error.
    pub fn last_output(&self, lines: usize) -> Vec<String> {
        self.output.last_lines(lines)
    }

    /// Tells how many lines were diverted until it is asked, and the text of the last one; `None` before the first.
    pub fn last_diverted(&self) -> impl Fn() -> Option<(u64, String)> + Send + Sync + use<> {
        let output = Arc::clone(&self.output);
        move || output.last_diverted()
    }

    /// Ends the service with everything that it started, and returns when nothing of it is left.
    pub async fn stop(self) -> Result<(), LaunchError> {
        let Self { lifeline, mut guard, main_pid, output, grace, before, .. } = self;
        drop(lifeline);
        let status = timeout(grace + KILL_WAIT + STOP_MARGIN, guard.wait()).await;
        let done = matches!(status, Ok(Ok(status)) if status.success());
        let survivors = if done { Vec::new() } else { sweep_after(guard, &before, main_pid).await };
        output.finish();
        if survivors.is_empty() { Ok(()) } else { Err(LaunchError::Survived { pids: survivors }) }
    }
}

/// The guard was killed, got stuck, or could not end everything.
async fn sweep_after(mut guard: Child, before: &Before, main_pid: u32) -> Vec<u32> {
    // Fails only when it has ended already.
    let _ = guard.kill().await;
    sweep::sweep(before, main_pid).await
}

/// Looks for the program where the guard will look, so that a misspelt name is told apart from a service that
/// died at once.
fn resolve(command: &Command) -> Result<(), LaunchError> {
    let program = command.program.clone();
    let named = command.env.iter().rev().find(|(name, _)| name == "PATH");
    let path = named.map(|(_, value)| OsString::from(value)).or_else(|| std::env::var_os("PATH"));
    let here = std::env::current_dir().unwrap_or_default();
    match which::which_in(OsStr::new(&program), path, here) {
        Ok(_) => Ok(()),
        Err(_) if program.contains('/') && Path::new(&program).exists() => {
            Err(LaunchError::NotExecutable { program })
        }
        Err(_) => Err(LaunchError::NotFound { program }),
    }
}

/// The guard hands its standard error to the service, as both its standard output and its standard error.
fn spawn_guard(command: &Command, held: PipeReader, printing: PipeWriter) -> io::Result<Child> {
    let mut guard = tokio::process::Command::new(&command.guard);
    for name in &command.withheld {
        guard.env_remove(name);
    }
    guard
        .arg0(GUARD_NAME)
        .arg(GUARD_VERB)
        .arg(command.grace.as_millis().to_string())
        .arg(command.folder.as_deref().unwrap_or_else(|| Path::new("")))
        .arg(SEPARATOR)
        .arg(&command.program)
        .args(&command.args)
        .envs(command.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::from(held))
        .stdout(Stdio::piped())
        .stderr(Stdio::from(printing))
        .spawn()
}

fn events_of(guard: &mut Child) -> Result<Events, LaunchError> {
    let stdout = guard.stdout.take().ok_or(LaunchError::GuardSilent)?;
    Ok(BufReader::new(stdout.take(EVENTS_BYTES_MAX)).lines())
}

async fn next_event(events: &mut Events) -> Option<Event> {
    Event::parse(&events.next_line().await.ok()??)
}

/// Listens to the guard until it ends. When it ends without having seen the end of the service, nobody saw
/// it.
fn follow(mut events: Events) -> watch::Receiver<Option<End>> {
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        let end = match next_event(&mut events).await {
            Some(Event::Exited(end)) => end,
            _ => End::UNSEEN,
        };
        sender.send_replace(Some(end));
    });
    receiver
}
