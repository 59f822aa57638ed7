//! Which file of the service's source a finding belongs to, as far as that is known.
//!
//! It must never name a file that nobody named: a place in the wrong file costs more than none.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::document::{Document, Finding};

/// A file, and a line where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: Option<u32>,
}

/// What the source of a service ends with.
const EXTENSIONS: [&str; 11] = ["js", "mjs", "cjs", "ts", "mts", "cts", "py", "rb", "go", "php", "java"];
/// Programs that run what `package.json` in their folder says.
const PACKAGE_RUNNERS: [&str; 4] = ["npm", "pnpm", "yarn", "bun"];

/// Where a finding is shown: the lines that were found; else the file that the command runs.
pub(crate) fn places(finding: &Finding, document: &Document) -> Vec<Place> {
    let found = finding.locations.iter();
    let found: Vec<_> =
        found.map(|location| Place { file: location.file.clone(), line: Some(location.line) }).collect();
    if !found.is_empty() {
        return found;
    }
    of_command(&document.service.command).map(|file| Place { file, line: None }).into_iter().collect()
}

/// The only source file that a command names, or the manifest that it reads. Of two, one may be a preloaded module.
fn of_command(command: &[String]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let mut named = arguments.iter().filter(|argument| is_source(argument));
    match (named.next(), named.next()) {
        (Some(file), None) => Some(file.strip_prefix("./").unwrap_or(file).to_owned()),
        (None, _) if PACKAGE_RUNNERS.contains(&program.as_str()) => Some("package.json".to_owned()),
        _ => None,
    }
}

/// What lies above the folder of the run is in no checkout that we know of.
fn is_source(argument: &str) -> bool {
    let is_option = argument.starts_with('-');
    let is_outside = argument.split('/').any(|part| part == "..");
    let extension = argument.rsplit_once('.').map(|(_, extension)| extension);
    !is_option && !is_outside && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// What a path may keep in a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// As a URI reference: relative to the checkout, or `file:///…`.
pub(crate) fn uri(file: &str) -> String {
    let path = utf8_percent_encode(file, PATH);
    if file.starts_with('/') { format!("file://{path}") } else { path.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &str, expected: Option<&str>) {
        let command: Vec<_> = command.split(' ').map(str::to_owned).collect();
        assert_eq!(of_command(&command).as_deref(), expected, "{command:?}");
    }

    #[test]
    fn only_what_the_command_names_is_named() {
        check("node server.js", Some("server.js"));
        check("node --expose-gc ./src/server.mjs --port 3000", Some("src/server.mjs"));
        check("npm start", Some("package.json"));
        check("python3 -u app.py", Some("app.py"));
        check("node --require tracing.js server.js", None);
        check("node ../server.js", None);
        check("gunicorn app:app", None);
        check("./server", None);
        check("java -jar app.jar", None);
    }

    #[test]
    fn a_uri_has_no_letter_that_means_something_else() {
        assert_eq!(uri("src/a b#c?.js"), "src/a%20b%23c%3F.js");
        assert_eq!(uri("/srv/app/server.js"), "file:///srv/app/server.js");
    }
}
