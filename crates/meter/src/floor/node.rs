//! Live heap of Node.js: V8's inspector is opened, asked to collect, read, and closed again.
//!
//! The user's code is not touched. A Node process opens its inspector on SIGUSR1; when we start the service,
//! an option in `NODE_OPTIONS` makes that a random port of the loopback. An inspector that the user opened is
//! used and left open. A hook that is loaded with the service was weighed and not taken: it would live in the
//! user's own realm, once in every worker thread, and the permission model would stop it as well.
//!
//! In a cluster the process that owns the socket may only pass connections on, so every Node process at or
//! below the owners counts. They are looked up anew at each reading.

mod isolates;
mod process;

use async_trait::async_trait;
use drip_model::{Runtime, Signal};
use drip_proc::{Identity, identity, is_alive};

use self::isolates::Isolates;
use self::process::NodeProcess;
use crate::{Attaching, Floor, FloorSource, MeterError, Reading, Start, Target, Variables};

/// The floor of Node.js.
pub static SOURCE: FloorSource = FloorSource {
    name: "node-inspector",
    runtime: Runtime::Node,
    how: "V8's inspector is opened on a port of the loopback, asked to collect, and closed after the run",
    cost: "nothing while requests run; one or two full collections for a reading, after which hot code is compiled anew",
    prepare,
    is_ours: Some(is_ours),
    attach,
};

const OPTIONS: &str = "NODE_OPTIONS";
/// Another name of `--inspect-port`. Where Node's cluster finds that one, or `--debug-port`, in the
/// environment, it numbers the ports of its workers upwards from it, and after 0 comes 1, which they refuse
/// and die of.
const RANDOM_PORT: &str = "--debug_port=127.0.0.1:0";
/// Node's cluster numbers its workers so when it starts them.
const CLUSTER_WORKER: &str = "NODE_UNIQUE_ID";
/// How the lines begin that Node prints about its inspector.
const LINES_OF_INSPECTOR: [&str; 5] = [
    "Debugger listening on ws://",
    "Debugger attached.",
    "Debugger ending on ws://",
    "Waiting for the debugger to disconnect...",
    "For help, see: https://nodejs.org/",
];

fn prepare(start: &Start<'_>) -> std::io::Result<Variables> {
    let options = (start.existing)(OPTIONS).unwrap_or_default();
    let is_theirs = |word: &str| word.starts_with("--inspect") || word.starts_with("--debug");
    if options.split_whitespace().chain(start.command.iter().map(String::as_str)).any(is_theirs) {
        return Ok(Vec::new());
    }
    Ok(vec![(OPTIONS.to_owned(), format!("{options} {RANDOM_PORT}").trim().to_owned())])
}

fn is_ours(line: &str) -> bool {
    LINES_OF_INSPECTOR.iter().any(|beginning| line.starts_with(beginning))
}

fn attach(target: Target) -> Attaching {
    Box::pin(async move {
        match NodeFloor::open(target).await {
            Ok(floor) => Ok(Box::new(floor) as Box<dyn Floor>),
            Err(error) => Err(error.to_string()),
        }
    })
}

struct NodeFloor {
    target: Target,
    processes: Vec<NodeProcess>,
    heap_limit: Option<u64>,
    /// The last reading's value.
    last: Option<u64>,
}

impl NodeFloor {
    /// Attaches to every Node process; where one refuses that must not, what was opened is closed again.
    async fn open(target: Target) -> Result<Self, MeterError> {
        let mut floor = Self { target, processes: Vec::new(), heap_limit: None, last: None };
        match floor.first_look().await {
            Ok(()) => Ok(floor),
            Err(error) => {
                Box::new(floor).close().await;
                Err(error)
            }
        }
    }

    /// In a cluster the least limit is taken: which worker grows is not known, and it may come first.
    async fn first_look(&mut self) -> Result<(), MeterError> {
        for mut isolates in self.connect().await? {
            let limit = isolates.heap_limit().await;
            isolates.hang_up().await;
            let limit = limit?;
            self.heap_limit = Some(self.heap_limit.map_or(limit, |least| least.min(limit)));
        }
        Ok(())
    }

    /// Follows the service: processes that ended are dropped, those that were started since are opened.
    async fn follow(&mut self) -> Result<(), MeterError> {
        self.processes.retain(|process| is_alive(&process.identity));
        for found in self.target.processes(Runtime::Node).into_iter().filter_map(identity) {
            if !self.processes.iter().any(|process| process.identity == found) {
                self.processes.push(NodeProcess::new(found));
            }
        }
        let address = self.target.address;
        // Twice: workers of a cluster that has no option of ours all want the default port, and the one that
        // got it has to be moved before the next can.
        for process in self.processes.iter_mut().filter(|process| !process.left_out) {
            let _ = process.open(address).await;
        }
        for process in self.processes.iter_mut().filter(|process| !process.left_out) {
            match process.open(address).await {
                Err(error) if must_answer(&self.target, process.identity) => return Err(error),
                Err(_) => process.left_out = true,
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// One connection to each process that is read.
    async fn connect(&mut self) -> Result<Vec<Isolates>, MeterError> {
        self.follow().await?;
        let mut connected = Vec::new();
        for process in self.processes.iter_mut().filter(|process| !process.left_out) {
            match process.connect().await {
                Ok(inspector) => connected.push(Isolates::new(process.identity, inspector)),
                Err(error) if is_alive(&process.identity) => return Err(error),
                Err(_) => {}
            }
        }
        if connected.is_empty() { Err(MeterError::Gone) } else { Ok(connected) }
    }
}

/// Whether a reading without this process would be wrong: it owns the socket, or serves for the one that
/// does. Another Node process below (a watcher, a build, a compiler's service) is read where it can be and
/// left out for good where it refuses: no request reaches it by the socket, and anonymous memory sees it.
fn must_answer(target: &Target, process: Identity) -> bool {
    is_alive(&process)
        && (target.owners.contains(&process.pid)
            || drip_proc::environment_value(process.pid, CLUSTER_WORKER).is_some())
}

#[async_trait]
impl Floor for NodeFloor {
    fn signal(&self) -> Signal {
        Signal::LiveHeap
    }

    async fn collect(&mut self) -> Result<Reading, MeterError> {
        let reading = isolates::collect(self.connect().await?, self.last).await?;
        self.last = Some(reading.value);
        Ok(reading)
    }

    fn heap_limit(&self) -> Option<u64> {
        self.heap_limit
    }

    async fn close(self: Box<Self>) {
        for process in self.processes {
            process.close().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(existing: Option<&str>) -> Variables {
        let existing = |name: &str| existing.filter(|_| name == OPTIONS).map(str::to_owned);
        prepare(&Start {
            command: &[],
            existing: &existing,
            preload: false,
            folder: std::path::Path::new("/nowhere"),
        })
        .unwrap()
    }

    #[test]
    fn options_of_the_user_are_kept() {
        assert_eq!(prepared(None), [(OPTIONS.into(), RANDOM_PORT.into())]);
        let both = format!("--max-old-space-size=400 {RANDOM_PORT}");
        assert_eq!(prepared(Some("--max-old-space-size=400")), [(OPTIONS.into(), both)]);
    }

    #[test]
    fn an_inspector_of_the_user_is_respected() {
        assert_eq!(prepared(Some("--inspect=127.0.0.1:9999")), []);
    }

    #[test]
    fn only_lines_about_the_inspector_are_claimed() {
        assert!(is_ours("Debugger attached."));
        assert!(is_ours("Debugger listening on ws://127.0.0.1:4321/0d1e"));
        assert!(!is_ours("listening on http://127.0.0.1:3000"));
        assert!(!is_ours("the Debugger attached. says the service"));
    }
}
