//! The Debian packages that cases need besides what they install themselves.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::case::Case;
use crate::program;

/// A program that a command names, and the package that brings it.
const PROGRAMS: [(&str, &str, &str); 4] = [
    ("go", "go", "golang-go"),
    ("javac", "javac", "default-jdk-headless"),
    ("java", "java", "default-jdk-headless"),
    ("ruby", "ruby", "ruby"),
];

/// Libraries that Go finds in the system's folder.
const LIBRARIES: [(&str, &str, &str); 1] = [(
    "prometheus/client_golang",
    "/usr/share/gocode/src/github.com/prometheus/client_golang",
    "golang-github-prometheus-client-golang-dev",
)];

/// Servers that installing would start, on every address of the machine: they are unpacked instead, to where the
/// manifests look for them.
const SERVERS: [(&str, &str); 2] = [("nginx", "usr/sbin/nginx"), ("caddy", "usr/bin/caddy")];

/// Where below the corpus the manifests look for unpacked servers.
const UNPACKED: &str = "root";

/// Makes sure of what the case needs. `corpus` is the folder that it knows as `CORPUS`.
pub(super) fn provide(case: &Case, corpus: &Path) -> Result<(), String> {
    let said = |failure: crate::failure::Failure| failure.to_string();
    for (_, program, package) in PROGRAMS.iter().filter(|(word, ..)| names(case, word)) {
        program::require(program, package).map_err(said)?;
    }
    for (_, folder, package) in LIBRARIES.iter().filter(|(of, ..)| *of == case.package) {
        if !Path::new(folder).exists() {
            program::install(package, package).map_err(said)?;
        }
    }
    for (package, file) in SERVERS.iter().filter(|(of, _)| *of == case.package) {
        if !corpus.join(UNPACKED).join(file).exists() {
            unpack(package, &corpus.join(UNPACKED))?;
        }
    }
    Ok(())
}

/// Whether one of its commands has this word.
fn names(case: &Case, word: &str) -> bool {
    [&case.install, &case.run].iter().any(|command| command.split_whitespace().any(|found| found == word))
}

fn unpack(package: &str, root: &Path) -> Result<(), String> {
    fs::create_dir_all(root).map_err(|error| format!("{}: {error}", root.display()))?;
    let steps =
        format!("apt-get -qq download {package} && dpkg --extract {package}_*.deb . && rm {package}_*.deb");
    program::run(Command::new("sh").args(["-c", &steps]).current_dir(root), &format!("unpacking {package}"))
        .map_err(|failure| failure.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_needed_where_a_command_names_it() {
        let case = |install: &str, run: &str| -> Case {
            let text = format!("name = 'a'\nlabel = 'clean'\ninstall = {install:?}\nrun = {run:?}\n[load]");
            toml::from_str(&text).unwrap()
        };
        assert!(names(&case("GOFLAGS=-p=1 go build -o server .", "./server"), "go"));
        assert!(names(&case("", "java -Xmx256m Main"), "java"));
        assert!(!names(&case("npm i mongo", "node javascript/go.js"), "go"));
    }
}
