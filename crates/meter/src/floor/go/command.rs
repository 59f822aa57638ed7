//! What a command line tells of how a Go service is started: built from source, or an executable that exists.

use std::path::{Path, PathBuf};

use super::binary;

/// Programs that start another one and do nothing of their own that would mind a variable of the environment.
const STARTERS: [&str; 12] =
    ["sh", "bash", "dash", "ash", "env", "exec", "nice", "setsid", "stdbuf", "taskset", "tini", "dumb-init"];
/// Between the words of a shell.
const BETWEEN_WORDS: &[char] = &[' ', '\t', '\n', ';', '&', '|', '(', ')', '\'', '"', '`'];
/// In a line of a shell these mean that more than one program is started, or that its output goes elsewhere.
const MORE_THAN_ONE: &[char] = &['\n', ';', '&', '|', '`', '(', '>'];

/// The words of a command, also those within an argument that is a line of a shell.
pub(super) fn words(command: &[String]) -> impl Iterator<Item = &str> {
    command.iter().flat_map(|argument| argument.split(BETWEEN_WORDS)).filter(|word| !word.is_empty())
}

/// The `go` tool, as the command calls it: by its name, or by a path.
pub(super) fn go_tool(command: &[String]) -> Option<&str> {
    words(command).find(|word| *word == "go" || word.ends_with("/go"))
}

/// The executable of Go that the command starts, when it starts that one and nothing else.
pub(super) fn executable(command: &[String], search_path: Option<&str>) -> Option<PathBuf> {
    if command.iter().any(|argument| argument.contains(MORE_THAN_ONE)) {
        return None;
    }
    let program = words(command).find(|word| !is_about_starting(word))?;
    let path = if program.contains('/') { PathBuf::from(program) } else { installed(program, search_path?)? };
    binary::is_go(&path).then_some(path)
}

fn is_about_starting(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    STARTERS.contains(&name) || word.starts_with('-') || (word.contains('=') && !word.starts_with('/'))
}

/// A program that is called by its bare name may be a runner that calls the `go` tool, where there is one.
fn installed(program: &str, search_path: &str) -> Option<PathBuf> {
    let find = |name: &str| {
        let places = search_path.split(':').map(|folder| Path::new(folder).join(name));
        places.into_iter().find(|path| path.is_file())
    };
    if find("go").is_some() { None } else { find(program) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn check_tool(words: &[&str], expected: Option<&str>) {
        assert_eq!(go_tool(&command(words)), expected, "{words:?}");
    }

    #[test]
    fn the_go_tool_is_a_word_of_its_own() {
        check_tool(&["go", "run", "."], Some("go"));
        check_tool(&["/usr/local/go/bin/go", "run", "main.go"], Some("/usr/local/go/bin/go"));
        check_tool(&["sh", "-c", "cd api && go build -o /tmp/x .&&/tmp/x"], Some("go"));
        check_tool(&["sh", "-c", "(go run .)"], Some("go"));
        for other in ["django", "let's-go", "./go.sh", "gopls", "cargo", "go1"] {
            check_tool(&[other, "run"], None);
        }
    }

    #[test]
    fn a_command_that_starts_more_than_one_program_is_not_an_executable() {
        let go_nowhere = Some("/nowhere");
        for line in ["make && /bin/true", "/bin/true; /bin/true", "x=$(/bin/true)", "/bin/true"] {
            assert_eq!(executable(&command(&["sh", "-c", line]), go_nowhere), None, "{line}");
        }
        assert_eq!(executable(&[], go_nowhere), None);
    }
}
