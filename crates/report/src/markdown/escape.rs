//! Text from outside, so that Markdown shows it as it is.

use crate::text::printable;

/// What has a meaning inside a line: emphasis, code, links, images, HTML, tables, strikethrough, maths.
const SPECIAL: &[char] = &['\\', '`', '*', '_', '[', ']', '<', '>', '|', '~', '&', '$', '!', '#'];
/// An invisible letter that keeps a name from being mentioned.
const WORD_JOINER: char = '\u{2060}';

/// Running text on one line.
pub(crate) fn prose(text: &str) -> String {
    let text = printable(text).replace('\n', " ");
    let mut out = String::with_capacity(text.len() + 8);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // A colon before a blank is punctuation; before anything else it may be a link or the begin of an emoji.
        let is_colon = letter == ':' && letters.peek().is_some_and(|next| !next.is_whitespace());
        if is_colon || SPECIAL.contains(&letter) {
            out.push('\\');
        }
        out.push(letter);
        // `@name` would send that person a message.
        if letter == '@' {
            out.push(WORD_JOINER);
        }
    }
    unlinked(&no_block(out))
}

/// Markdown of GitHub links what begins with `www.`.
fn unlinked(text: &str) -> String {
    text.replace("www.", &format!("www{WORD_JOINER}."))
}

/// What would begin a list, a heading or a rule at the head of a line.
fn no_block(text: String) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'-' | b'+' | b'=') if digits == 0 => format!("\\{text}"),
        Some(b'.' | b')') if digits > 0 => format!("{}\\{}", &text[..digits], &text[digits..]),
        _ => text,
    }
}

/// A code span, also in a table.
pub(crate) fn code(text: &str) -> String {
    let text = printable(text).replace('\n', " ").replace('|', "\\|");
    let text = text.trim();
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// Text inside of HTML.
pub(super) fn html(text: &str) -> String {
    let text =
        printable(text).replace('\n', " ").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // The words of a summary are read as Markdown by some and as they are by others: a code span is neither.
    format!("<code>{}</code>", text.replace('`', "&#96;").replace('@', "&#64;"))
}
