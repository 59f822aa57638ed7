//! Who can testify to the cause of a death: the cgroup's counter of kills, remembered while the process lived, the
//! exit status, and the service's last words.

use std::time::Duration;

use drip_model::{Crash, Exit};
use drip_proc::OomCounter;

use crate::crash::crash;
use crate::ready::exit_of;
use crate::subject::Subject;

/// Lines of a dead service's output that the report keeps.
pub(crate) const LAST_LINES: usize = 20;
/// Lines that are searched for last words: V8 writes a long trace after its own.
const SEARCHED_LINES: usize = 200;
/// How long after its death the exit status of a service may take to reach us.
const EXIT_TIME_MAX: Duration = Duration::from_secs(2);

/// What must be remembered before a death to explain it afterwards.
pub(crate) struct Witness {
    counter: Option<OomCounter>,
    before: u64,
}

impl Witness {
    pub(crate) fn of(subject: &Subject) -> Self {
        let counter = subject.owners.first().and_then(|owner| drip_proc::oom_kills(owner.pid));
        let before = counter.as_ref().and_then(OomCounter::read).unwrap_or(0);
        Self { counter, before }
    }

    /// What is known of a death after so many requests.
    pub(crate) async fn testify(&self, subject: &Subject, requests: u64) -> Crash {
        let exit = match &subject.service {
            Some(service) => {
                tokio::time::timeout(EXIT_TIME_MAX, service.wait_exit()).await.map_or(Exit::Unseen, exit_of)
            }
            None => Exit::Unseen,
        };
        let now = self.counter.as_ref().and_then(OomCounter::read).unwrap_or(self.before);
        let output =
            subject.service.as_ref().map(|service| service.last_output(SEARCHED_LINES)).unwrap_or_default();
        crash(exit, requests, now.saturating_sub(self.before), &output)
    }
}
