//! One Node process and its inspector: found where the user opened it, else opened by SIGUSR1 and closed
//! again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use drip_proc::{Identity, is_alive};
use nix::sys::signal::{Signal as Posix, kill};
use nix::unistd::Pid;

use super::super::inspector::{Inspector, target_url};
use super::OPTIONS;
use crate::MeterError;

/// A service listens on a few ports; one of hundreds is not asked on each.
const PORTS_ASKED_MAX: usize = 8;
/// Until a process that was just started has its handlers; on a busy machine Node needs most of a second.
const HANDLER_SECONDS_MAX: u64 = 2;
/// Until a process that got the signal listens. It interrupts JavaScript, but waits for a long native call.
const OPEN_SECONDS_MAX: u64 = 5;
/// Until a short expression is evaluated. A service whose event loop is blocked hears it later, also after we
/// left.
const TELL_SECONDS_MAX: u64 = 5;
/// Where an inspector listens that no option tells otherwise: only one process at a time can.
const DEFAULT_PORT: u16 = 9229;
const POLL: Duration = Duration::from_millis(20);
const SIGNAL: Posix = Posix::SIGUSR1;
const WHAT: &str = "the V8 inspector";

/// A process whose isolates are read.
pub(super) struct NodeProcess {
    pub(super) identity: Identity,
    /// It refused once, and is not asked again.
    pub(super) left_out: bool,
    port: Option<Port>,
    /// The user or the program opened the port, and it stays open.
    is_users: bool,
    /// Where it listened when it was found. The first process of a cluster passes the signal on to its
    /// workers, so an inspector may be open before the signal is sent to its own process.
    before: Vec<SocketAddr>,
    /// It got the signal and need not get it again: a program may handle it itself.
    signalled: bool,
}

/// Where an inspector listens.
struct Port {
    address: SocketAddr,
    url: String,
}

impl NodeProcess {
    pub(super) fn new(identity: Identity) -> Self {
        let before = listening(identity.pid);
        Self { identity, left_out: false, port: None, is_users: false, before, signalled: false }
    }

    /// Makes sure that its inspector listens. `service` is where the service answers, which is never asked.
    pub(super) async fn open(&mut self, service: SocketAddr) -> Result<(), MeterError> {
        if self.port.is_some() {
            return Ok(());
        }
        let pid = self.identity.pid;
        if !self.signalled && is_spoken_of(pid) {
            self.port = first_inspector(elsewhere(pid, service)).await;
            self.is_users = self.port.is_some();
        }
        if self.port.is_none() {
            self.port = self.signal_once().await?;
            self.make_room().await;
        }
        if self.port.is_none() {
            // One that was there before the signal was opened by the program, and is not ours to close.
            self.port = first_inspector(elsewhere(pid, service)).await;
            self.is_users = self.port.as_ref().is_some_and(|port| self.before.contains(&port.address));
        }
        if self.port.is_some() { Ok(()) } else { Err(refused(pid, NOT_OPENED)) }
    }

    /// A new conversation. Where the inspector was closed meanwhile, it is an error.
    pub(super) async fn connect(&self) -> Result<Inspector, MeterError> {
        let port = self.port.as_ref().ok_or(MeterError::Gone)?;
        Inspector::connect(port.address, &port.url).await
    }

    /// Closes the port that our signal opened, also one that was opened too late to be used, or by the signal
    /// that the first process of a cluster passed on. It closes a moment after our connection has ended.
    pub(super) async fn close(mut self) {
        const CLOSE: &str = "(inspector => { require('timers').setTimeout(() => inspector.close(), 100) \
            .unref(); })(require('inspector'))";
        if self.is_users || !is_alive(&self.identity) {
            return;
        }
        if self.port.is_none() {
            self.port = first_inspector(self.new_listeners()).await;
        }
        // A service that is gone has closed its port by itself.
        if self.tell(CLOSE).await {
            self.wait_until_closed().await;
        }
    }

    async fn wait_until_closed(&self) {
        let deadline = Instant::now() + Duration::from_secs(TELL_SECONDS_MAX);
        let ours = |address: &SocketAddr| self.port.as_ref().is_some_and(|port| port.address == *address);
        while Instant::now() < deadline && listening(self.identity.pid).iter().any(ours) {
            tokio::time::sleep(POLL).await;
        }
    }

    fn new_listeners(&self) -> Vec<SocketAddr> {
        listening(self.identity.pid).into_iter().filter(|address| !self.before.contains(address)).collect()
    }

    /// The port that appears after the signal, at once where it was sent before.
    async fn signal_once(&mut self) -> Result<Option<Port>, MeterError> {
        if self.signalled {
            return Ok(first_inspector(self.new_listeners()).await);
        }
        let Identity { pid, .. } = self.identity;
        wait_for_handler(pid).await?;
        let number = i32::try_from(pid).map_err(|_| MeterError::Gone)?;
        if !is_alive(&self.identity) {
            return Err(MeterError::Gone);
        }
        kill(Pid::from_raw(number), SIGNAL).map_err(|errno| refused(pid, &format!("SIGUSR1: {errno}")))?;
        let port = self.opened().await;
        // Where another process has the default port, the signal has to come again when that one was moved.
        self.signalled = port.is_some() || drip_proc::listener_owner(DEFAULT_PORT).is_none();
        Ok(port)
    }

    /// Moves an inspector that took the default port to a random one: the next process of a cluster needs it,
    /// and so may the user. Where that fails, it stays.
    async fn make_room(&mut self) {
        const MOVE: &str = "(inspector => { require('timers').setTimeout(() => { \
            inspector.close(); inspector.open(0, '127.0.0.1'); }, 100); })(require('inspector'))";
        let Some(port) = self.port.as_ref().filter(|port| port.address.port() == DEFAULT_PORT) else {
            return;
        };
        let taken = port.address;
        if !self.tell(MOVE).await {
            return;
        }
        self.before.push(taken);
        if let Some(port) = self.opened().await {
            self.port = Some(port);
        }
    }

    /// Has an expression evaluated; whether it was heard.
    async fn tell(&self, expression: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(TELL_SECONDS_MAX);
        let Ok(mut inspector) = self.connect().await else { return false };
        let heard = inspector.evaluate(expression, deadline).await.is_ok();
        inspector.hang_up().await;
        heard
    }

    /// The port that appears soon.
    async fn opened(&self) -> Option<Port> {
        let deadline = Instant::now() + Duration::from_secs(OPEN_SECONDS_MAX);
        while Instant::now() < deadline && is_alive(&self.identity) {
            if let Some(port) = first_inspector(self.new_listeners()).await {
                return Some(port);
            }
            tokio::time::sleep(POLL).await;
        }
        None
    }
}

const NOT_OPENED: &str = "it was not opened on SIGUSR1: the program handles that signal itself, a native \
    call blocks it, or the port is taken; start it with --inspect=127.0.0.1:0 to have its heap read";

fn refused(pid: u32, why: &str) -> MeterError {
    MeterError::protocol(WHAT, format!("process {pid}: {why}"))
}

/// A process without a handler would die of the signal. It must be there twice in a row: a child that was
/// forked and does not yet run its own program has its parent's for a moment.
async fn wait_for_handler(pid: u32) -> Result<(), MeterError> {
    let deadline = Instant::now() + Duration::from_secs(HANDLER_SECONDS_MAX);
    let mut seen = false;
    while Instant::now() < deadline {
        let catches = drip_proc::catches(pid, SIGNAL as i32);
        if catches && seen {
            return Ok(());
        }
        seen = catches;
        tokio::time::sleep(POLL).await;
    }
    Err(refused(pid, why_deaf(&drip_proc::command_line(pid).unwrap_or_default(), &options(pid))))
}

/// Why a Node process does not listen for the signal.
fn why_deaf(arguments: &[String], options: &str) -> &'static str {
    let has = |word: &str| {
        arguments.iter().any(|argument| argument == word) || options.split_whitespace().any(|it| it == word)
    };
    if has("--permission") || has("--experimental-permission") {
        return "its permission model forbids the inspector; from Node.js 24 on --allow-inspector permits it";
    }
    if has("--disable-sigusr1") {
        return "--disable-sigusr1 keeps it closed; start it with --inspect=127.0.0.1:0 to have its heap read";
    }
    "it does not listen for SIGUSR1, which would end it"
}

fn options(pid: u32) -> String {
    drip_proc::environment_value(pid, OPTIONS).unwrap_or_default()
}

/// Whether the command line or the environment speaks of an inspector of the user.
fn is_spoken_of(pid: u32) -> bool {
    let arguments = drip_proc::command_line(pid).unwrap_or_default();
    arguments.iter().any(|argument| argument.starts_with("--inspect")) || options(pid).contains("--inspect")
}

fn listening(pid: u32) -> Vec<SocketAddr> {
    drip_proc::listeners(&[pid]).into_iter().map(|listener| listener.reachable()).collect()
}

/// Where it listens apart from the service itself, into which no request of ours belongs.
fn elsewhere(pid: u32, service: SocketAddr) -> Vec<SocketAddr> {
    listening(pid).into_iter().filter(|address| address.port() != service.port()).collect()
}

async fn first_inspector(addresses: Vec<SocketAddr>) -> Option<Port> {
    for address in addresses.into_iter().take(PORTS_ASKED_MAX) {
        if let Ok(url) = target_url(address).await {
            return Some(Port { address, url });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_does_not_listen_is_explained() {
        let why = |words: &[&str], options: &str| {
            why_deaf(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), options)
        };
        assert!(why(&["node", "--permission", "a.js"], "").contains("permission model"));
        assert!(why(&["node", "a.js"], "--disable-sigusr1 --inspect-port=0").contains("--disable-sigusr1"));
        assert!(why(&["node", "a.js"], "").contains("would end it"));
    }
}
