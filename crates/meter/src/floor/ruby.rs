//! Live heap of CRuby: a hook that Ruby loads by `RUBYOPT` collects on request and tells what its objects
//! hold.
//!
//! Two full collections, since what only a finalizer held is freed by the second; then the sizes of all
//! objects, Ruby's own included, by `ObjectSpace.count_objects_size`. Over twelve doses of 2,000 requests
//! (Ruby 3.1, a threaded `TCPServer` and WEBrick; growth per request from the third reading on, and the
//! lowest and highest of one dose):
//!
//! | figure | healthy | keeps 460 bytes in 3 objects | keeps 256 bytes of `malloc` |
//! |---|---|---|---|
//! | sizes of all objects | 0.0 (-0.1 to 0.0) | 463 (455 to 489) | 8 (0 to 34) |
//! | in use in malloc | 6 to 15 (-9 to 29) | 396 (368 to 460) | 286 (266 to 331) |
//! | anonymous memory | 10 to 15 (-4 to 45) | 567 to 605 (336 to 1,372) | 311 to 317 (270 to 373) |
//! | anonymous memory, trimmed | 10 to 15 (-10 to 41) | 567 to 605 (356 to 1,295) | 311 to 317 (293 to 350) |
//!
//! So the objects are the floor: nothing else is as steady or as true. What a C extension keeps without
//! telling Ruby is not in it and shows in anonymous memory, which is always read beside; `malloc_trim` would
//! change nothing there. `ObjectSpace.memsize_of_all` is as steady, but leaves out what closures captured: 92
//! of 212 bytes for each.
//!
//! A reading takes 82 to 104 ms of processor time at 52 MB of live heap (320,000 objects), start-up takes 1.6
//! ms more, a request nothing that could be measured.
//!
//! Through fork, `Process.daemon` and exec the hook comes along. Its one thread is kept out of `Thread.list`,
//! since some services wait for all of theirs; `ObjectSpace.each_object(Thread)` and the system still show
//! it.

use std::io::{Error, ErrorKind};

use async_trait::async_trait;
use drip_model::{Runtime, Signal, Unit};

use super::hook::ask_all;
use crate::prepare::write_readable;
use crate::{
    Attaching, FOLDER_VARIABLE, Floor, FloorSource, MeterError, Part, Reading, Start, Target, Variables,
};

/// The floor of Ruby.
pub static SOURCE: FloorSource = FloorSource {
    name: "ruby-hook",
    runtime: Runtime::Ruby,
    how: "a hook loaded by RUBYOPT listens on a private Unix socket, collects and counts what objects hold",
    cost: "one idle thread and about 2 ms of start-up; two full collections for a reading",
    prepare,
    is_ours: None,
    attach,
};

const OPTIONS: &str = "RUBYOPT";
const HOOK: &str = include_str!("ruby/drip_floor.rb");
const HOOK_FILE: &str = "drip_floor.rb";

fn prepare(start: &Start<'_>) -> std::io::Result<Variables> {
    let file = start.folder.join(HOOK_FILE);
    let path = file.to_str().filter(|path| !path.contains(char::is_whitespace));
    let path = path.ok_or_else(|| Error::new(ErrorKind::InvalidInput, unspeakable()))?;
    write_readable(&file, HOOK.as_bytes())?;
    let options = (start.existing)(OPTIONS).unwrap_or_default();
    Ok(vec![(OPTIONS.to_owned(), format!("{options} -r{path}").trim().to_owned())])
}

fn unspeakable() -> String {
    format!("{OPTIONS} cannot name a folder with a space; point TMPDIR to one without")
}

fn attach(target: Target) -> Attaching {
    Box::pin(async move {
        let mut floor = RubyFloor(target);
        match floor.collect().await {
            Ok(_) => Ok(Box::new(floor) as Box<dyn Floor>),
            Err(error) => Err(floor.why_not_loaded().unwrap_or_else(|| error.to_string())),
        }
    })
}

struct RubyFloor(Target);

#[async_trait]
impl Floor for RubyFloor {
    fn signal(&self) -> Signal {
        Signal::LiveHeap
    }

    async fn collect(&mut self) -> Result<Reading, MeterError> {
        let (mut value, mut slots, mut threads, mut processes) = (0, 0, 0, Vec::new());
        for (process, answer) in ask_all(&self.0, Runtime::Ruby).await? {
            value += answer.get("bytes")?;
            slots += answer.get("slots")?;
            threads += answer.get("threads")?;
            processes.push(process);
        }
        let part = |name, value| Part { name, unit: Unit::Count, value };
        Ok(Reading {
            value,
            parts: vec![part("live slots", slots), part("Ruby threads", threads)],
            processes,
        })
    }

    /// The listener ends with the process: to close it earlier would need a way to command it.
    async fn close(self: Box<Self>) {}
}

impl RubyFloor {
    /// A reason that only Ruby has; others are known to whoever asks the hook.
    fn why_not_loaded(&self) -> Option<String> {
        self.0.folder.as_ref()?;
        self.0.processes(Runtime::Ruby).into_iter().find_map(ignores_options)
    }
}

/// Why a process never saw the hook, as far as its command line and environment tell.
fn ignores_options(pid: u32) -> Option<String> {
    let command = drip_proc::command_line(pid).unwrap_or_default();
    if let Some(option) = command.iter().find(|argument| is_disabling(argument)) {
        return Some(format!("Ruby (process {pid}) was started with {option}, so it did not load the hook"));
    }
    // What a process that renamed itself tells of its environment may be overwritten.
    drip_proc::environment_value(pid, FOLDER_VARIABLE)?;
    let options = drip_proc::environment_value(pid, OPTIONS).unwrap_or_default();
    let replaced = !options.contains(HOOK_FILE);
    replaced.then(|| {
        format!("Ruby (process {pid}) was started with another {OPTIONS}, so it did not load the hook")
    })
}

fn is_disabling(argument: &str) -> bool {
    let features = argument.strip_prefix("--disable").and_then(|rest| rest.strip_prefix(['=', '-']));
    features.is_some_and(|list| list.split(',').any(|feature| matches!(feature, "all" | "rubyopt")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn prepared(folder: &Path, existing: Option<&str>) -> std::io::Result<Variables> {
        let existing = |name: &str| existing.filter(|_| name == OPTIONS).map(str::to_owned);
        prepare(&Start { command: &[], existing: &existing, preload: false, folder })
    }

    #[test]
    fn ruby_options_of_the_user_are_kept() {
        let folder = std::env::temp_dir().join(format!("drip-ruby-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let ours = format!("-r{}/{HOOK_FILE}", folder.display());
        assert_eq!(prepared(&folder, None).unwrap(), [(OPTIONS.into(), ours.clone())]);
        let both = format!("-W0 -rbundler/setup {ours}");
        assert_eq!(prepared(&folder, Some("-W0 -rbundler/setup")).unwrap(), [(OPTIONS.into(), both)]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn ruby_a_folder_that_its_options_cannot_name_is_refused() {
        assert!(prepared(Path::new("/tmp/a b"), None).unwrap_err().to_string().contains("TMPDIR"));
    }

    #[test]
    fn ruby_words_that_ignore_its_options_are_known() {
        for word in ["--disable=rubyopt", "--disable-rubyopt", "--disable=gems,rubyopt", "--disable-all"] {
            assert!(is_disabling(word), "{word}");
        }
        for word in ["--disable=gems", "--disable-jit", "--disable", "all", "app.rb"] {
            assert!(!is_disabling(word), "{word}");
        }
    }
}
