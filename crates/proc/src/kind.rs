//! Which language runtime a process is.
//!
//! By the name of the executable, then by the libraries that it has mapped, then by the sections of its ELF
//! file. Never by running it.

use std::collections::BTreeSet;
use std::fs::File;

use object::{Object, ObjectSection, ReadCache};
use procfs::process::{MMapPath, Process};

use crate::process::{executable_name, open};

/// The runtime of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Node.js.
    Node,
    /// CPython, also where it is embedded.
    Python,
    /// A program compiled by Go.
    Go,
    /// A Java virtual machine.
    Jvm,
    /// Ruby.
    Ruby,
    /// .NET.
    DotNet,
    /// PHP.
    Php,
    /// An executable in which no runtime was recognised.
    Native,
    /// It cannot be read, or is a runtime that behaves like none of these.
    Unknown,
}

/// Executables by the beginning of their name. Those that end in a version are matched by their beginning.
const BY_NAME: [(&str, Kind); 6] = [
    ("python", Kind::Python),
    ("ruby", Kind::Ruby),
    ("php", Kind::Php),
    ("java", Kind::Jvm),
    ("dotnet", Kind::DotNet),
    ("pypy", Kind::Unknown),
];

/// Executables whose whole name must match; `node` is also how other programs' names begin.
const BY_WHOLE_NAME: [(&str, Kind); 4] =
    [("node", Kind::Node), ("nodejs", Kind::Node), ("deno", Kind::Unknown), ("bun", Kind::Unknown)];

/// Mapped libraries by the beginning of their name.
const BY_LIBRARY: [(&str, Kind); 6] = [
    ("libnode.so", Kind::Node),
    ("libjvm.so", Kind::Jvm),
    ("libcoreclr.so", Kind::DotNet),
    ("libpython", Kind::Python),
    ("libruby", Kind::Ruby),
    ("libphp", Kind::Php),
];

/// Which runtime this process is.
pub fn kind(pid: u32) -> Kind {
    let Ok(process) = open(pid) else { return Kind::Unknown };
    by_name(&process).or_else(|| by_library(&process)).unwrap_or_else(|| by_sections(pid))
}

fn by_name(process: &Process) -> Option<Kind> {
    of_name(&executable_name(process)?)
}

fn by_library(process: &Process) -> Option<Kind> {
    let names = process.maps().ok()?.0.into_iter().filter_map(|map| match map.pathname {
        MMapPath::Path(path) => Some(path.file_name()?.to_string_lossy().into_owned()),
        _ => None,
    });
    let names: BTreeSet<String> = names.collect();
    names.iter().find_map(|name| starting(&BY_LIBRARY, name))
}

fn by_sections(pid: u32) -> Kind {
    // Through /proc and not by path: the file may have been replaced, or lie in another mount namespace.
    let Ok(file) = File::open(format!("/proc/{pid}/exe")) else { return Kind::Unknown };
    let cache = ReadCache::new(file);
    let Ok(elf) = object::File::parse(&cache) else { return Kind::Unknown };
    let is_go = elf.sections().any(|section| section.name().is_ok_and(is_section_of_go));
    if is_go { Kind::Go } else { Kind::Native }
}

fn of_name(name: &str) -> Option<Kind> {
    let whole = BY_WHOLE_NAME.iter().find(|(whole, _)| *whole == name).map(|(_, kind)| *kind);
    whole.or_else(|| starting(&BY_NAME, name))
}

fn starting(list: &[(&str, Kind)], name: &str) -> Option<Kind> {
    list.iter().find(|(start, _)| name.starts_with(start)).map(|(_, kind)| *kind)
}

/// Sections that the Go linker writes and that stripping leaves.
fn is_section_of_go(name: &str) -> bool {
    matches!(name, ".go.buildinfo" | ".gopclntab" | ".data.rel.ro.gopclntab")
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::testing::Child;

    #[test]
    fn an_executable_is_known_by_its_name() {
        let check = |name: &str, expected: Option<Kind>| assert_eq!(of_name(name), expected, "{name}");
        check("node", Some(Kind::Node));
        check("nodejs", Some(Kind::Node));
        check("node_exporter", None);
        check("python3.12", Some(Kind::Python));
        check("ruby3.1", Some(Kind::Ruby));
        check("php-fpm8.2", Some(Kind::Php));
        check("java", Some(Kind::Jvm));
        check("bun", Some(Kind::Unknown));
        check("bundler", None);
        check("pypy3", Some(Kind::Unknown));
        check("server", None);
    }

    #[test]
    fn an_embedded_runtime_is_known_by_its_library() {
        let check = |name: &str, expected: Option<Kind>| assert_eq!(starting(&BY_LIBRARY, name), expected);
        check("libnode.so.115", Some(Kind::Node));
        check("libpython3.12.so.1.0", Some(Kind::Python));
        check("libruby-3.1.so.3.1", Some(Kind::Ruby));
        check("libjvm.so", Some(Kind::Jvm));
        check("libcoreclr.so", Some(Kind::DotNet));
        check("libc.so.6", None);
    }

    #[test]
    fn go_is_known_by_the_sections_that_its_linker_writes() {
        assert!(is_section_of_go(".go.buildinfo"));
        assert!(is_section_of_go(".gopclntab"));
        assert!(!is_section_of_go(".text"));
        assert!(!is_section_of_go(".gnu.hash"));
    }

    #[test]
    fn running_programs_are_recognised() {
        let mut python = Child::python("import sys\nprint('ready',flush=True)\nsys.stdin.read()");
        python.wait_for_line("ready");
        assert_eq!(kind(python.pid()), Kind::Python);

        let script = "console.log('ready'); process.stdin.resume()";
        let mut node = Child::spawn(
            Command::new("node").args(["-e", script]).stdin(Stdio::piped()).stdout(Stdio::piped()),
        );
        node.wait_for_line("ready");
        assert_eq!(kind(node.pid()), Kind::Node);

        assert_eq!(kind(std::process::id()), Kind::Native);
        assert_eq!(kind(u32::MAX), Kind::Unknown);
    }
}
