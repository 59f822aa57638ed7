//! How a service died, and what proves that memory ran out. A bare signal 9 proves nothing.

use drip_model::{Crash, Exit};

/// How a runtime says that its memory ran out.
struct LastWords {
    /// Where they stand in the line: a service may write such words for other reasons.
    says: fn(line: &str) -> bool,
    meaning: &'static str,
    /// Whether the runtime then ends by abort, and no other end fits.
    aborts: bool,
}

static LAST_WORDS: &[LastWords] = &[
    LastWords {
        says: |line| line.contains("FATAL ERROR:") && line.contains("heap"),
        meaning: "V8 reached its heap limit",
        aborts: true,
    },
    LastWords {
        says: |line| line == "MemoryError" || line.starts_with("MemoryError:"),
        meaning: "Python raised MemoryError",
        aborts: false,
    },
    LastWords {
        says: |line| {
            let thrown = line.strip_prefix("Exception in thread").unwrap_or(line);
            thrown.contains("java.lang.OutOfMemoryError")
                && (thrown.len() < line.len() || line.starts_with("java.lang."))
                || line.starts_with("Terminating due to java.lang.OutOfMemoryError")
        },
        meaning: "the JVM threw OutOfMemoryError",
        aborts: false,
    },
    LastWords {
        says: |line| line.starts_with("fatal error: runtime: out of memory"),
        meaning: "the Go runtime ran out of memory",
        aborts: false,
    },
    LastWords {
        says: |line| line.contains("failed to allocate memory (NoMemoryError)"),
        meaning: "Ruby raised NoMemoryError",
        aborts: false,
    },
    LastWords {
        says: |line| line.starts_with("terminate called after throwing an instance of 'std::bad_alloc'"),
        meaning: "an allocation failed (std::bad_alloc)",
        aborts: true,
    },
];

/// SIGABRT, and what a shell makes of it.
const ABORTS: [Exit; 2] = [Exit::Signal(6), Exit::Code(134)];

/// Puts together what is known of a death.
///
/// `oom_kills` is how often the cgroup's counter rose; `output` the service's last lines.
pub(crate) fn crash(exit: Exit, after_requests: u64, oom_kills: u64, output: &[String]) -> Crash {
    Crash { exit, after_requests, out_of_memory: by_kernel(oom_kills).or_else(|| by_runtime(exit, output)) }
}

fn by_kernel(oom_kills: u64) -> Option<String> {
    (oom_kills > 0)
        .then(|| format!("the kernel killed for memory: the cgroup's oom_kill counter rose by {oom_kills}"))
}

/// A process that was killed had no last words: what it wrote before was about something that it survived.
fn by_runtime(exit: Exit, output: &[String]) -> Option<String> {
    if exit == Exit::Signal(9) {
        return None;
    }
    output.iter().rev().find_map(|line| {
        let line = line.trim();
        let words = LAST_WORDS.iter().find(|words| (words.says)(line))?;
        (!words.aborts || ABORTS.contains(&exit)).then(|| format!("{} (it wrote: {line})", words.meaning))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(exit: Exit, oom_kills: u64, output: &[&str], expected: Option<&str>) {
        let lines: Vec<String> = output.iter().map(|line| (*line).to_owned()).collect();
        let found = crash(exit, 5, oom_kills, &lines).out_of_memory;
        assert_eq!(found.is_some(), expected.is_some(), "{output:?}: {found:?}");
        if let (Some(found), Some(expected)) = (found, expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    const V8: &str = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory";

    #[test]
    fn only_a_witness_makes_it_out_of_memory() {
        check(Exit::Signal(9), 0, &[], None);
        check(Exit::Signal(9), 1, &[], Some("oom_kill counter rose by 1"));
        check(Exit::Signal(6), 0, &[V8, "----- Native stack trace -----"], Some("V8 reached its heap limit"));
        check(Exit::Code(134), 0, &[V8], Some("V8 reached its heap limit"));
        check(Exit::Code(1), 0, &["Traceback (most recent call last):", "MemoryError"], Some("MemoryError"));
        let thrown = "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space";
        check(Exit::Code(1), 0, &[thrown], Some("JVM"));
    }

    #[test]
    fn words_of_the_service_are_no_witness() {
        check(Exit::Signal(9), 0, &["Killed"], None);
        check(Exit::Signal(9), 0, &["MemoryError"], None);
        check(Exit::Code(7), 0, &["MemoryErrorHandler: registered"], None);
        check(Exit::Code(1), 0, &[V8], None);
        check(Exit::Code(1), 0, &["WARN retried after java.lang.OutOfMemoryError"], None);
    }
}
