//! Ends what is left when the guard itself was killed.
//!
//! Drip is child subreaper too, so everything that was below the guard becomes a child of Drip.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::time::Instant;

use drip_proc::Identity;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getsid};

use crate::guard::{GUARD_VERB, KILL_WAIT, TICK, send};

/// Children that were there before the service was started.
pub(crate) struct Before(Vec<Identity>);

/// Makes this process the one that inherits what a killed guard leaves.
pub(crate) fn prepare() -> nix::Result<Before> {
    prctl::set_child_subreaper(true)?;
    let children = drip_proc::children(std::process::id());
    Ok(Before(children.into_iter().filter_map(drip_proc::identity).collect()))
}

/// Kills what a guard left, and reaps it together with `main`. Gives back what could not be killed.
pub(crate) async fn sweep(before: &Before, main: u32) -> Vec<u32> {
    let deadline = Instant::now() + KILL_WAIT;
    let mut inherited = BTreeSet::from([main]);
    loop {
        let strays: Vec<u32> =
            drip_proc::children(std::process::id()).into_iter().filter(|pid| before.is_stray(*pid)).collect();
        inherited.extend(&strays);
        strays
            .iter()
            .flat_map(|pid| drip_proc::with_descendants(*pid))
            .for_each(|pid| send(pid, Signal::SIGKILL));
        inherited.iter().for_each(|pid| reap(*pid));
        if strays.is_empty() || Instant::now() >= deadline {
            return strays;
        }
        tokio::time::sleep(TICK).await;
    }
}

impl Before {
    /// A child that Drip started is in Drip's own session, was there before, or is another guard. What a guard
    /// left is none of these: the guard made a session of its own, and there is no way back from one.
    fn is_stray(&self, pid: u32) -> bool {
        let known = drip_proc::identity(pid).is_none_or(|identity| self.0.contains(&identity));
        !known && session(pid) != getsid(None).ok() && !is_guard(pid)
    }
}

fn session(pid: u32) -> Option<Pid> {
    getsid(Some(Pid::from_raw(i32::try_from(pid).ok()?))).ok()
}

fn is_guard(pid: u32) -> bool {
    drip_proc::command_line(pid)
        .is_some_and(|words| words.get(1).is_some_and(|verb| OsStr::new(verb) == GUARD_VERB))
}

fn reap(pid: u32) {
    if let Ok(pid) = i32::try_from(pid) {
        // Not ours, or not ended yet: both are in order.
        let _ = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
    }
}
