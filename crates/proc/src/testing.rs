//! Real child processes for the tests, which end when the test does.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::tree::descendants;

/// Long enough for a loaded machine; a test that waits this long fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A child that is killed and waited for when dropped.
pub(crate) struct Child(pub(crate) std::process::Child, Option<BufReader<std::process::ChildStdout>>);

impl Child {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the program is installed");
        let output = child.stdout.take().map(BufReader::new);
        Self(child, output)
    }

    /// A Python program whose standard input stays open as long as the child is held.
    pub(crate) fn python(script: &str) -> Self {
        let mut command = Command::new("python3");
        Self::spawn(command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.1.as_mut().expect("its output is a pipe").read_line(&mut line).expect("a line");
        line
    }

    pub(crate) fn wait_for_line(&mut self, expected: &str) {
        assert_eq!(self.read_line().trim(), expected);
    }

    /// Ends it with everything below it.
    pub(crate) fn kill_tree(mut self) {
        let below = descendants(self.pid());
        self.0.kill().expect("it can be killed");
        for pid in below {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a condition.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
