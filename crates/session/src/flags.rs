//! What a process's command line and environment say about the heap that it may use.

const MIB: u64 = 1 << 20;

/// Whether the user gave V8 a heap limit.
pub(crate) fn v8_heap_is_set(pid: u32) -> bool {
    words(pid, &["NODE_OPTIONS"])
        .iter()
        .any(|word| word.replace('_', "-").starts_with("--max-old-space-size"))
}

/// What a JVM was told about the size of its heap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct JvmFlags {
    /// `-Xmx` or `-XX:MaxHeapSize`, bytes.
    pub(crate) fixed: Option<u64>,
    /// `-XX:MaxRAMPercentage`: its share of the memory, else a quarter.
    pub(crate) max_percent: f64,
    /// `-XX:MinRAMPercentage`: its share of little memory, else a half.
    pub(crate) min_percent: f64,
    /// `-XX:MaxRAM`: the memory that it believes to have, at most; bytes.
    pub(crate) memory: Option<u64>,
}

impl Default for JvmFlags {
    fn default() -> Self {
        Self { fixed: None, max_percent: 25.0, min_percent: 50.0, memory: None }
    }
}

/// The least heap that `MaxRAMPercentage` leads to, and the greatest by `MinRAMPercentage`: HotSpot's 96 MB, scaled
/// to 64 bits. (Measured with 17: a quarter of 256 MiB would be 64, and it takes 126.)
const JVM_SMALL_HEAP: u64 = 96 * MIB * 13 / 10;

impl JvmFlags {
    /// The largest heap where so much memory may be used, bytes.
    pub(crate) fn limit(&self, memory: u64) -> u64 {
        let memory = self.memory.map_or(memory, |most| most.min(memory));
        let of_little = share_of(memory, self.min_percent / 100.0);
        let share = || share_of(memory, self.max_percent / 100.0).max(JVM_SMALL_HEAP);
        self.fixed.unwrap_or_else(|| if of_little < JVM_SMALL_HEAP { of_little } else { share() })
    }
}

/// What the JVM in a process was told; `None` when a flag cannot be read.
pub(crate) fn jvm_flags(pid: u32) -> Option<JvmFlags> {
    let mut words = variables(pid, &["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"]);
    words.extend(jvm_options(drip_proc::command_line(pid).unwrap_or_default()));
    // The only one that overrides the command line.
    words.extend(variables(pid, &["_JAVA_OPTIONS"]));
    read_jvm(&words)
}

/// The largest heap of the JVM in a process: its flags, else its share of the memory.
pub(crate) fn jvm_heap_limit(pid: u32) -> Option<u64> {
    Some(jvm_flags(pid)?.limit(memory_of(pid)?))
}

/// The soft limit that `GOMEMLIMIT` gives a Go program, bytes. One that it gave itself later is not seen.
pub(crate) fn go_memory_limit(pid: u32) -> Option<u64> {
    go_size(drip_proc::environment_value(pid, "GOMEMLIMIT")?.trim())
}

/// How far a Go program may let garbage pile up beyond the doubling that is usual: what `GOGC` and `GOMEMLIMIT` say.
/// `None` where nobody changed it.
pub(crate) fn go_heap_limit(pid: u32) -> Option<u64> {
    let percent = drip_proc::environment_value(pid, "GOGC")?;
    match percent.trim().parse::<u64>() {
        Ok(percent) if percent <= 100 => None,
        _ => go_memory_limit(pid).or_else(|| memory_of(pid)),
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
fn words(pid: u32, names: &[&str]) -> Vec<String> {
    let mut words = variables(pid, names);
    words.extend(drip_proc::command_line(pid).unwrap_or_default());
    words
}

/// The words in these variables of a process.
fn variables(pid: u32, names: &[&str]) -> Vec<String> {
    let values = names.iter().filter_map(|name| drip_proc::environment_value(pid, name));
    values.flat_map(|value| value.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Options of the `java` launcher whose value is the next word.
const JAVA_TAKES_WORD: [&str; 13] = [
    "-cp",
    "-classpath",
    "--class-path",
    "-p",
    "--module-path",
    "--upgrade-module-path",
    "--add-modules",
    "--limit-modules",
    "--add-exports",
    "--add-opens",
    "--add-reads",
    "--patch-module",
    "--enable-native-access",
];

/// The words of a command line that are for the JVM; those after the class or jar are for the program.
fn jvm_options(command: Vec<String>) -> Vec<String> {
    let mut options = Vec::new();
    let mut words = command.into_iter().skip(1);
    while let Some(word) = words.next() {
        let begins_program = matches!(word.as_str(), "-jar" | "-m" | "--module");
        if begins_program || !word.starts_with(['-', '@']) {
            break;
        }
        if JAVA_TAKES_WORD.contains(&word.as_str()) {
            words.next();
        }
        options.push(word);
    }
    options
}

/// Of several flags for the same thing, the last one counts.
fn read_jvm(words: &[String]) -> Option<JvmFlags> {
    let last = |names: &[&str]| {
        let values =
            words.iter().rev().filter_map(|word| names.iter().find_map(|name| word.strip_prefix(name)));
        values.map(str::to_owned).next()
    };
    let size = |names: &[&str]| last(names).map_or(Some(None), |size| java_size(&size).map(Some));
    let percent = |name: &str, default: f64| last(&[name]).map_or(Some(default), |text| text.parse().ok());
    let usual = JvmFlags::default();
    Some(JvmFlags {
        fixed: size(&["-Xmx", "-XX:MaxHeapSize="])?,
        max_percent: percent("-XX:MaxRAMPercentage=", usual.max_percent)?,
        min_percent: percent("-XX:MinRAMPercentage=", usual.min_percent)?,
        memory: size(&["-XX:MaxRAM="])?,
    })
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

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_virtual_machine_says_how_far_it_may_grow() {
        let limit = |text: &str| read_jvm(&jvm_options(words(text))).map(|flags| flags.limit(8 << 30));
        assert_eq!(limit("java -jar app.jar"), Some(2 << 30));
        assert_eq!(limit("java -Xmx512m -jar app.jar"), Some(512 * MIB));
        assert_eq!(limit("java -Xmx1g -Xmx2G App"), Some(2 << 30));
        assert_eq!(limit("java -Xmx1g -XX:MaxHeapSize=1048576 App"), Some(MIB));
        assert_eq!(limit("java -XX:MaxRAMPercentage=75.0 App"), Some(6 << 30));
        assert_eq!(limit("java -XX:MaxRAM=1g App"), Some(256 * MIB));
        assert_eq!(limit("java -Xmxmuch App"), None);
    }

    #[test]
    fn what_stands_behind_the_program_is_not_for_the_virtual_machine() {
        let check =
            |text: &str, expected: &str| assert_eq!(jvm_options(words(text)).join(" "), expected, "{text}");
        check("java -cp a:b -Xmx1g App -Xmx9g", "-cp -Xmx1g");
        check("java -Xmx1g -jar app.jar -Xmx9g", "-Xmx1g");
        check("/opt/jdk/bin/java --add-opens java.base/x=ALL -ea -m app/Main", "--add-opens -ea");
    }

    #[test]
    fn the_default_of_a_virtual_machine_is_that_of_hotspot() {
        // What `java -XX:MaxRAM=… -XX:+PrintFlagsFinal` of 17 says, which it rounds to its regions.
        let check = |memory: u64, heap: u64| {
            let found = JvmFlags::default().limit(memory * MIB);
            assert!(found.abs_diff(heap * MIB) < 2 * MIB, "{memory} MiB: {found}");
        };
        check(64, 32);
        check(128, 64);
        check(200, 100);
        check(256, 126);
        check(512, 128);
        check(1024, 256);
        check(8192, 2048);
    }
}
