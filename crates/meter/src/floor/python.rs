//! The floor of CPython: live bytes after a forced collection, as the process's own allocators count them.
//!
//! A `sitecustomize` of ours, first in `PYTHONPATH`, is loaded by every Python of the service and answers on a socket
//! (see [`super::hook`]). The service's code and its own `sitecustomize` are not touched.
//!
//! The floor is what malloc has in use plus what pymalloc has in use, summed over the processes: objects, and whatever
//! C extensions take from malloc. Both are counts of bytes in use, so neither fragmentation nor the 256 KiB or 1 MiB
//! steps of arenas are in them. It was chosen against anonymous memory right after collection and trimming, over 12
//! equal doses of 2,000 requests, CPython 3.11 (slope in bytes for each request; largest deviation from a line):
//!
//! | service, what it keeps for a request     | in use           | anonymous memory |
//! |------------------------------------------|------------------|------------------|
//! | Flask, nothing                           |   0.2;  5.8 kB   |   1.9;  33.9 kB  |
//! | Flask, the body of 200 bytes in a dict   | 473.1; 14.4 kB   | 477.8;  49.3 kB  |
//! | http.server, nothing                     |   0.7;  3.4 kB   |   0.9;   6.9 kB  |
//! | http.server, garbage in cycles           |   0.3;  5.3 kB   |   1.0;   6.6 kB  |
//! | http.server, a text of about 100 bytes   | 165.5; 72.4 kB   | 169.7; 109.5 kB  |
//! | http.server, 512 bytes of C's malloc     | 512.1;  3.1 kB   | 521.8;  38.4 kB  |
//!
//! What a library takes from the kernel by itself (`mmap`, an allocator of its own) is not in it; the session reads
//! anonymous memory beside it, in which it is. Where malloc cannot be asked (musl, a preloaded jemalloc, no `ctypes`),
//! anonymous memory of the whole service, right after collection and trimming, is the floor itself.
//!
//! While it answers, a process does nothing else: 30 to 80 ms at 45 MB of live heap (570,000 objects), 5 to 7 s at
//! 3.6 GB (48 million objects). An answer is waited for no longer than 30 s.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use async_trait::async_trait;
use drip_model::{Runtime, Signal, Unit};
use drip_proc::{Identity, tree_memory};

use crate::floor::hook::{Answer, ask_all};
use crate::prepare::write_readable;
use crate::{Attaching, Floor, FloorSource, MeterError, Part, Reading, Start, Target, Variables};

/// The floor of CPython.
pub static SOURCE: FloorSource = FloorSource {
    name: "python-hook",
    runtime: Runtime::Python,
    how: "a sitecustomize of Drip's, first in PYTHONPATH, collects and counts when asked on a private Unix socket",
    cost: "a waiting thread and some milliseconds at start-up; one or two full collections for a reading",
    prepare,
    is_ours: None,
    attach,
};

const HOOK: &str = include_str!("python/sitecustomize.py");
const HOOK_FOLDER: &str = "python";
const HOOK_FILE: &str = "sitecustomize.py";
const SEARCH_PATH: &str = "PYTHONPATH";

/// Options of Python whose value is what follows.
const TAKES_THE_REST: [char; 4] = ['c', 'm', 'W', 'X'];
/// Options of Python that make it ignore `PYTHONPATH` or `sitecustomize`.
const ISOLATING: [(char, &str); 3] = [('E', "-E"), ('I', "-I"), ('S', "-S")];

/// What the hook counts, by the names that it uses.
const PARTS: [(&str, &str, Unit); 4] = [
    ("blocks", "blocks", Unit::Count),
    ("containers", "containers", Unit::Count),
    ("malloc", "malloc in use", Unit::Bytes),
    ("pymalloc", "pymalloc in use", Unit::Bytes),
];

fn prepare(start: &Start<'_>) -> std::io::Result<Variables> {
    let folder = std::path::absolute(start.folder.join(HOOK_FOLDER))?;
    std::fs::create_dir_all(&folder)?;
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
    write_readable(&folder.join(HOOK_FILE), HOOK.as_bytes())?;
    let existing = (start.existing)(SEARCH_PATH).unwrap_or_default();
    Ok(vec![(SEARCH_PATH.to_owned(), in_front(&folder, &existing))])
}

/// An empty entry would be the working folder, so none may come into being.
fn in_front(folder: &Path, existing: &str) -> String {
    let folder = folder.display();
    if existing.is_empty() { folder.to_string() } else { format!("{folder}:{existing}") }
}

fn attach(target: Target) -> Attaching {
    Box::pin(async move {
        match PythonFloor::open(target).await {
            Ok(floor) => Ok(Box::new(floor) as Box<dyn Floor>),
            Err(reason) => Err(reason),
        }
    })
}

struct PythonFloor {
    target: Target,
    signal: Signal,
}

impl PythonFloor {
    /// Reads once: whether malloc can be asked decides what the floor is.
    async fn open(target: Target) -> Result<Self, String> {
        if let Some(reason) = target.owners.iter().find_map(|pid| why_not_loaded(*pid, &target)) {
            return Err(reason);
        }
        let answers = ask_all(&target, Runtime::Python).await.map_err(|error| error.to_string())?;
        let counts_bytes = answers.iter().all(|(_, answer)| live_bytes(answer).is_ok());
        Ok(Self { target, signal: if counts_bytes { Signal::LiveHeap } else { Signal::AnonAfterGc } })
    }

    fn value(&self, answers: &[(Identity, Answer)]) -> Result<u64, MeterError> {
        match self.signal {
            Signal::LiveHeap => answers.iter().map(|(_, answer)| live_bytes(answer)).sum(),
            _ => Ok(tree_memory(&self.target.scope.pids()).anon),
        }
    }
}

#[async_trait]
impl Floor for PythonFloor {
    fn signal(&self) -> Signal {
        self.signal
    }

    async fn collect(&mut self) -> Result<Reading, MeterError> {
        let answers = ask_all(&self.target, Runtime::Python).await?;
        Ok(Reading {
            value: self.value(&answers)?,
            parts: PARTS.iter().filter_map(|part| sum(&answers, *part)).collect(),
            processes: answers.into_iter().map(|(process, _)| process).collect(),
        })
    }

    /// The hook waits without doing anything until the service ends, and its files go with the folder of the run.
    async fn close(self: Box<Self>) {}
}

/// Bytes in use of one process.
fn live_bytes(answer: &Answer) -> Result<u64, MeterError> {
    Ok(answer.get("malloc")? + answer.get("pymalloc")?)
}

/// A figure over all processes; `None` where one did not tell it.
fn sum(answers: &[(Identity, Answer)], (told, name, unit): (&str, &'static str, Unit)) -> Option<Part> {
    let value = answers.iter().map(|(_, answer)| answer.find(told)).sum::<Option<u64>>()?;
    Some(Part { name, unit, value })
}

/// Why a Python that owns the service's socket cannot have loaded the hook; `None` when it may have.
fn why_not_loaded(pid: u32, target: &Target) -> Option<String> {
    let folder = std::path::absolute(target.folder.as_deref()?.join(HOOK_FOLDER)).ok()?;
    if crate::runtime_of(pid) != Runtime::Python {
        return None;
    }
    if let Some(option) = isolating_option(&drip_proc::command_line(pid)?) {
        return Some(format!(
            "process {pid} was started with Python's option {option}, which keeps the hook out; start it without"
        ));
    }
    let search_path = drip_proc::environment_value(pid, SEARCH_PATH)?;
    let stands_in_it = std::env::split_paths(&search_path).any(|entry| entry == folder);
    (!stands_in_it).then(|| {
        format!("process {pid} got another {SEARCH_PATH}, which keeps the hook out; add to it instead of setting it")
    })
}

/// The option of a Python command line that makes it ignore `PYTHONPATH` (`-E`, `-I`) or `sitecustomize` (`-S`).
fn isolating_option(command_line: &[String]) -> Option<&'static str> {
    let mut words = command_line.iter().skip(1);
    while let Some(letters) = words.next().and_then(|word| word.strip_prefix('-')) {
        let plain = letters.find(TAKES_THE_REST).map_or(letters, |at| &letters[..at]);
        if letters.starts_with('-') || letters.is_empty() {
            return None;
        }
        if let Some((_, option)) = ISOLATING.into_iter().find(|(letter, _)| plain.contains(*letter)) {
            return Some(option);
        }
        match &letters[plain.len()..] {
            // The value is the next word.
            "W" | "X" => drop(words.next()),
            rest if rest.starts_with(['c', 'm']) => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command_line: &str, expected: Option<&str>) {
        let words: Vec<String> = command_line.split(' ').map(str::to_owned).collect();
        assert_eq!(isolating_option(&words), expected, "{command_line}");
    }

    #[test]
    fn an_option_that_keeps_the_hook_out_is_named() {
        check("python3 -I app.py", Some("-I"));
        check("python3 -sE /usr/bin/gunicorn app:app", Some("-E"));
        check("python3 -X dev -S -m app", Some("-S"));
        check("python3 -uSc pass", Some("-S"));
    }

    #[test]
    fn options_of_the_program_are_its_own() {
        for line in [
            "python3",
            "python3 app.py -I",
            "python3 -m app -E",
            "python3 -c I -S",
            "python3 -mS -I",
            "python3 -W Ignore -u app.py",
            "python3 -WIgnore -XI -u app.py -S",
            "python3 - -I",
            "python3 --version -I",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn an_empty_search_path_does_not_become_the_working_folder() {
        assert_eq!(in_front(Path::new("/run/python"), ""), "/run/python");
        assert_eq!(in_front(Path::new("/run/python"), "lib:"), "/run/python:lib:");
    }
}
