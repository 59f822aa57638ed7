//! What a process's command line and environment say about the heap that it may use.

const MIB: u64 = 1 << 20;

/// Whether the user gave V8 a heap limit.
pub(crate) fn v8_heap_is_set(pid: u32) -> bool {
    words(pid, &["NODE_OPTIONS"])
        .iter()
        .any(|word| word.replace('_', "-").starts_with("--max-old-space-size"))
}

/// The largest heap of the JVM in a process: its flags, else its share of the memory.
pub(crate) fn jvm_heap_limit(pid: u32) -> Option<u64> {
    largest_heap(&words(pid, &["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"]), memory_of(pid)?)
}

/// How far a Go program may let garbage pile up beyond the doubling that is usual: what `GOGC` and `GOMEMLIMIT` say.
/// `None` where nobody changed it.
pub(crate) fn go_heap_limit(pid: u32) -> Option<u64> {
    let percent = drip_proc::environment_value(pid, "GOGC")?;
    let limit = drip_proc::environment_value(pid, "GOMEMLIMIT").and_then(|limit| go_size(&limit));
    match percent.trim().parse::<u64>() {
        Ok(percent) if percent <= 100 => None,
        _ => limit.or_else(|| memory_of(pid)),
    }
}

/// The memory that a process may use: its cgroup's, else the machine's.
pub(crate) fn memory_of(pid: u32) -> Option<u64> {
    drip_proc::cgroup_limit(pid).map(|limit| limit.bytes).or_else(drip_proc::memory_total)
}

/// `512MiB`, `2GiB`, `1048576`.
fn go_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => MIB,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// Options from the environment come first: what stands on the command line overrides them.
fn words(pid: u32, variables: &[&str]) -> Vec<String> {
    let given = variables.iter().filter_map(|variable| drip_proc::environment_value(pid, variable));
    let mut words: Vec<String> =
        given.flat_map(|value| value.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    words.extend(drip_proc::command_line(pid).unwrap_or_default());
    words
}

/// The largest heap of a JVM: `-Xmx`, `-XX:MaxHeapSize` or `-XX:MaxRAMPercentage` among its words, else the default
/// quarter of the memory that it sees. `None` when a flag cannot be read.
fn largest_heap(words: &[String], memory: u64) -> Option<u64> {
    let flag = |name: &str| words.iter().rev().find_map(|word| word.strip_prefix(name).map(str::to_owned));
    if let Some(size) = flag("-Xmx").or_else(|| flag("-XX:MaxHeapSize=")) {
        return java_size(&size);
    }
    match flag("-XX:MaxRAMPercentage=") {
        Some(percent) => percent.parse::<f64>().ok().map(|percent| share_of(memory, percent / 100.0)),
        None => Some(memory / 4),
    }
}

/// `512m`, `2G`, `1048576`.
fn java_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => MIB,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a memory size"
)]
fn share_of(memory: u64, share: f64) -> u64 {
    (memory as f64 * share.clamp(0.0, 1.0)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_go_writes_them() {
        assert_eq!(go_size("512MiB"), Some(512 * MIB));
        assert_eq!(go_size("2GiB"), Some(2 << 30));
        assert_eq!(go_size("1000"), Some(1000));
        assert_eq!(go_size("2GB"), None);
    }

    #[test]
    fn a_virtual_machine_says_how_far_it_may_grow() {
        let limit =
            |words: &str| largest_heap(&words.split(' ').map(str::to_owned).collect::<Vec<_>>(), 8 << 30);
        assert_eq!(limit("java -jar app.jar"), Some(2 << 30));
        assert_eq!(limit("java -Xmx512m -jar app.jar"), Some(512 * MIB));
        assert_eq!(limit("java -Xmx1g -Xmx2G App"), Some(2 << 30));
        assert_eq!(limit("java -XX:MaxHeapSize=1048576 App"), Some(MIB));
        assert_eq!(limit("java -XX:MaxRAMPercentage=75.0 App"), Some(6 << 30));
        assert_eq!(limit("java -Xmxmuch App"), None);
    }
}
