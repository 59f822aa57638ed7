//! Whether a process is a HotSpot JVM that will take SIGQUIT for a request to attach. Only looks, never
//! signals.
//!
//! SIGQUIT ends a process without a handler, and makes a JVM that does not take part in attaching print all
//! its threads into the user's output. So every reason against it is looked for first.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal as Posix;

/// A process of a large JVM has some thousand mappings of a hundred bytes.
const MAPS_BYTES_MAX: u64 = 8 << 20;
/// HotSpot's file of counters has 32 KiB, unless somebody asked for more.
const COUNTERS_BYTES_MAX: u64 = 1 << 20;
/// Options after which a JVM does not attach on SIGQUIT.
const REFUSING: [&str; 3] = ["-XX:+DisableAttachMechanism", "-XX:+ReduceSignalUsage", "-Xrs"];
/// Variables from which JVMs take options.
const OPTIONS: [&str; 3] = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"];

/// Refuses whatever is not HotSpot, with the reason.
pub(super) fn check(pid: u32) -> Result<(), String> {
    let maps = read(&PathBuf::from(format!("/proc/{pid}/maps")), MAPS_BYTES_MAX)
        .ok_or("its memory map may not be read: run Drip as the user of the service")?;
    let maps = String::from_utf8_lossy(&maps);
    if maps.contains("/libj9vm") {
        return Err("it is OpenJ9, which speaks another protocol".to_owned());
    }
    if !maps.contains("/libjvm.so") {
        return Err("it is no HotSpot JVM: no libjvm.so is loaded".to_owned());
    }
    Ok(())
}

/// Refuses to signal a JVM that would not start its listener, with the reason.
pub(super) fn check_signal(pid: u32) -> Result<(), String> {
    if !drip_proc::catches(pid, Posix::SIGQUIT as i32) {
        return Err("it does not handle SIGQUIT (-Xrs), which would end it".to_owned());
    }
    if is_stopped(pid) {
        return Err("it is stopped: continue it and try again".to_owned());
    }
    if let Some(option) = options(pid).iter().find(|word| REFUSING.contains(&word.as_str())) {
        return Err(format!("it was started with {option}: leave that out to have its live heap read"));
    }
    if attaches(pid) == Some(false) {
        return Err("attaching is switched off in it (-XX:+DisableAttachMechanism)".to_owned());
    }
    Ok(())
}

/// Words of the command line and of the variables, where options of a JVM stand.
fn options(pid: u32) -> Vec<String> {
    let mut words = drip_proc::command_line(pid).unwrap_or_default();
    for variable in OPTIONS {
        let value = drip_proc::environment_value(pid, variable).unwrap_or_default();
        words.extend(value.split_whitespace().map(str::to_owned));
    }
    words
}

/// By a debugger or by SIGSTOP. A signal would wait until it goes on, and then find no trigger.
pub(super) fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('T' | 't'))
}

/// What the JVM itself publishes for tools, wherever the option came from; `None` where it publishes nothing.
fn attaches(pid: u32) -> Option<bool> {
    let own = drip_proc::innermost_pid(pid)?.to_string();
    let folders = std::fs::read_dir(format!("/proc/{pid}/root/tmp")).ok()?;
    let counters = folders
        .flatten()
        .filter(|folder| folder.file_name().to_string_lossy().starts_with("hsperfdata_"))
        .find_map(|folder| read(&folder.path().join(&own), COUNTERS_BYTES_MAX))?;
    capabilities(&counters).map(|flags| flags == b'1')
}

/// The first flag of `sun.rt.jvmCapabilities`: whether it can be attached to.
fn capabilities(counters: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"sun.rt.jvmCapabilities\0";
    let at = counters.windows(NAME.len()).position(|window| window == NAME)?;
    // The text is put behind its name, after padding.
    let rest = counters.get(at + NAME.len()..)?;
    rest.iter().copied().find(|byte| *byte != 0).filter(|byte| matches!(byte, b'0' | b'1'))
}

fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_flag_of_the_capabilities_is_whether_it_attaches() {
        let check = |data: &[u8], expected| assert_eq!(capabilities(data), expected);
        check(b"..sun.rt.jvmCapabilities\0\0\x001100000\0", Some(b'1'));
        check(b"..sun.rt.jvmCapabilities\0\x000100000\0", Some(b'0'));
        check(b"..sun.rt.jvmCapabilities\0\0java.x", None);
        check(b"..sun.rt.jvm", None);
    }

    #[test]
    fn a_process_that_is_no_jvm_is_refused() {
        assert!(check(std::process::id()).unwrap_err().contains("libjvm.so"));
        assert!(check(u32::MAX).is_err());
    }
}
