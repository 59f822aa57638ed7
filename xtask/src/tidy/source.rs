//! The Rust files of the repository, with a second text in which only code is left.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// One file below a `src/` folder.
#[derive(Debug)]
pub(super) struct Source {
    /// From the root of the repository, with `/`.
    pub(super) path: String,
    /// As it is.
    pub(super) text: String,
    /// The same, line for line, with blanks in place of comments, strings and characters: what is left means what
    /// it says.
    pub(super) code: String,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { path: path.into(), code: code_of(&text), text }
    }

    /// The line of an offset into [`Source::code`], from 1.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        1 + self.code[..offset].matches('\n').count()
    }
}

/// Every source of every package, sorted by path; tests and examples are not among them.
pub(super) fn sources(root: &Path) -> Result<Vec<Source>, Failure> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join("xtask/src")];
    for package in entries(&root.join("crates"))? {
        folders.push(package.join("src"));
    }
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                files.push(entry);
            }
        }
    }
    files.sort();
    files.iter().map(|file| read(root, file)).collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let listed = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    listed.map_err(|error| Failure::step(folder.display().to_string(), error))
}

fn read(root: &Path, file: &Path) -> Result<Source, Failure> {
    let path = file.strip_prefix(root).unwrap_or(file).display().to_string();
    let text = fs::read_to_string(file).map_err(|error| Failure::step(&path, error))?;
    Ok(Source::new(path, text))
}

/// Blanks all that is no code. It knows as much of Rust's lexical rules as is needed to find the end of each
/// comment, string and character.
fn code_of(text: &str) -> String {
    let (mut code, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let skipped = skipped_length(rest, code.chars().next_back());
        let (piece, after) = rest.split_at(skipped.unwrap_or(first.len_utf8()));
        match skipped {
            Some(_) => code.extend(piece.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' })),
            None => code.push_str(piece),
        }
        rest = after;
    }
    code
}

/// How many bytes to blank here; `None` where code goes on.
fn skipped_length(rest: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    match rest.as_bytes() {
        [b'/', b'/', ..] => Some(rest.find('\n').unwrap_or(rest.len())),
        [b'/', b'*', ..] => Some(block_comment(rest)),
        [b'"', ..] => Some(string(rest)),
        [b'r', b'"' | b'#', ..] if !in_word || before == Some('b') => raw_string(rest),
        [b'\'', ..] => character(rest),
        _ => None,
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        let (step, change) = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        depth = depth.saturating_add_signed(change);
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.bytes().enumerate().skip(1).find(|(_, byte)| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

/// `r"…"`, `r#"…"#`; a raw identifier (`r#type`) is none.
fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    let open = 1 + hashes;
    if rest.as_bytes().get(open) != Some(&b'"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    Some(rest[open + 1..].find(&close).map_or(rest.len(), |at| open + 1 + at + close.len()))
}

/// `'x'` or `'\n'`; a lifetime has no closing quote.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        let end = chars.skip(1).find(|(_, c)| *c == '\'')?;
        return Some(end.0 + 1);
    }
    chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let code = code_of(text);
        assert_eq!(code.len(), text.len(), "{text}");
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{text}");
    }

    #[test]
    fn only_code_is_left() {
        check("a // b\nc", "a c");
        check("a /* b /* c */ d */ e", "a e");
        check(r#"f("a \" {", x)"#, "f( , x)");
        check(r##"f(r#"a " {"#, b"b", br"\", x)"##, "f( , b , b , x)");
        check("let r#type = r;", "let r#type = r;");
        check(r"match c { '{' | '\'' | '\u{7b}' => 'ä' }", "match c { | | => }");
        check("fn f<'a>(x: &'a str, y: &'static str)", "fn f<'a>(x: &'a str, y: &'static str)");
    }

    #[test]
    fn lines_stay_where_they_are() {
        let source = Source::new("a.rs", "/* 1\n2 */ \"3\n\"\nfn four() {}");
        assert_eq!(source.line_at(source.code.find("four").unwrap()), 4);
    }
}
