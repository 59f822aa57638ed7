//! How a service died, and what proves that memory ran out. A bare signal 9 proves nothing.

use drip_model::{Crash, Exit};

/// Words that a runtime says when its memory ran out, as they stand in its output.
const LAST_WORDS: [(&str, &str); 7] = [
    ("Reached heap limit", "V8 reached its heap limit"),
    ("JavaScript heap out of memory", "V8 reached its heap limit"),
    ("MemoryError", "Python raised MemoryError"),
    ("java.lang.OutOfMemoryError", "the JVM threw OutOfMemoryError"),
    ("runtime: out of memory", "the Go runtime ran out of memory"),
    ("failed to allocate memory (NoMemoryError)", "Ruby raised NoMemoryError"),
    ("std::bad_alloc", "an allocation failed (std::bad_alloc)"),
];

/// Puts together what is known of a death.
///
/// `oom_kills` is how often the cgroup's counter rose; `output` the service's last lines.
pub(crate) fn crash(exit: Exit, after_requests: u64, oom_kills: u64, output: &[String]) -> Crash {
    Crash { exit, after_requests, out_of_memory: by_kernel(oom_kills).or_else(|| by_runtime(output)) }
}

fn by_kernel(oom_kills: u64) -> Option<String> {
    (oom_kills > 0)
        .then(|| format!("the kernel killed for memory: the cgroup's oom_kill counter rose by {oom_kills}"))
}

fn by_runtime(output: &[String]) -> Option<String> {
    let said = |words: &str| output.iter().any(|line| line.contains(words));
    LAST_WORDS
        .iter()
        .find(|(words, _)| said(words))
        .map(|(words, meaning)| format!("{meaning} (it wrote: {words})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(oom_kills: u64, output: &[&str], expected: Option<&str>) {
        let lines: Vec<String> = output.iter().map(|line| (*line).to_owned()).collect();
        let found = crash(Exit::Signal(9), 5, oom_kills, &lines).out_of_memory;
        assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
        if let (Some(found), Some(expected)) = (found, expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn only_a_witness_makes_it_out_of_memory() {
        check(0, &[], None);
        check(0, &["Killed"], None);
        check(1, &[], Some("oom_kill counter rose by 1"));
        check(0, &["FATAL ERROR: Reached heap limit Allocation failed"], Some("V8 reached its heap limit"));
        check(0, &["Traceback", "MemoryError"], Some("MemoryError"));
    }
}
