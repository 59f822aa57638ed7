//! Lines of a bounded width. The only place that writes, paints and wraps.
//!
//! Text of a report comes partly from the service under test (its output, its error messages). No control character
//! passes through here, so that a service cannot write to the reader's terminal.

use std::io;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};

use super::Fact;
use crate::Look;

/// For what stands out.
pub(crate) const STRONG: Style = Style::new().bold();
/// For what only few readers want.
pub(crate) const DIM: Style = Style::new().dimmed();
/// For what must be mended.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what is open.
pub(crate) const OPEN: Style = AnsiColor::Yellow.on_default().bold();
/// For what is well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Columns of a label and the space behind it.
const LABEL_COLUMNS: usize = 14;
/// Columns before a label.
const INDENT: usize = 2;
/// Narrower pages set the text of an entry below its label.
const BESIDE_COLUMNS_MIN: usize = 60;

/// A page of the report.
pub(crate) struct Page<'a> {
    look: &'a Look,
    out: &'a mut dyn io::Write,
}

impl<'a> Page<'a> {
    pub(crate) fn new(look: &'a Look, out: &'a mut dyn io::Write) -> Self {
        Self { look, out }
    }

    pub(crate) fn columns(&self) -> usize {
        self.look.columns()
    }

    pub(crate) const fn unicode(&self) -> bool {
        self.look.unicode
    }

    pub(crate) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// Wrapped text of one style.
    pub(crate) fn paragraph(&mut self, style: Style, indent: usize, text: &str) -> io::Result<()> {
        let margin = " ".repeat(indent);
        for item in text.split('\n') {
            // What belongs to a point of a list stands under its words.
            let later = if item.starts_with("- ") { indent + 2 } else { indent };
            for line in self.wrap(item, &margin, &" ".repeat(later)) {
                let line = self.paint(style, line.trim_end());
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }

    /// Wrapped text of which only the first words are painted.
    pub(crate) fn titled(&mut self, style: Style, title: &str, text: &str) -> io::Result<()> {
        let title = printable(title);
        for (index, line) in self.wrap(&format!("{title}{text}"), "", "").iter().enumerate() {
            // A title that is itself wrapped stays plain: its end is somewhere in the next line.
            let rest = line.strip_prefix(&title).filter(|_| index == 0);
            let title = rest.map(|_| self.paint(style, &title)).unwrap_or_default();
            writeln!(self.out, "{title}{}", rest.unwrap_or(line).trim_end())?;
        }
        Ok(())
    }

    /// `Label   text`, the text in a column of its own where there is room.
    pub(crate) fn entry(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.entry_in(Style::new(), label, text)
    }

    /// The same, with the text in a style.
    pub(crate) fn entry_in(&mut self, style: Style, label: &str, text: &str) -> io::Result<()> {
        let margin = " ".repeat(INDENT);
        if self.columns() < BESIDE_COLUMNS_MIN {
            let label = self.paint(DIM, label);
            writeln!(self.out, "{margin}{label}")?;
            return self.paragraph(style, INDENT * 2, text);
        }
        let column = " ".repeat(INDENT + LABEL_COLUMNS);
        for (index, line) in self.wrap(text, &column, &column).iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let label = self.paint(DIM, &format!("{label:LABEL_COLUMNS$}"));
            let text = self.paint(style, line.trim());
            writeln!(self.out, "{}", format!("{margin}{label}{text}").trim_end())?;
        }
        Ok(())
    }

    /// Entries, details dimmed.
    pub(crate) fn facts(&mut self, facts: &[Fact]) -> io::Result<()> {
        let style = |fact: &Fact| if fact.is_detail { DIM } else { Style::new() };
        facts.iter().try_for_each(|fact| self.entry_in(style(fact), fact.label, &fact.text))
    }

    /// An item of a list, as narrow as the page.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.paragraph(Style::new(), INDENT, text)
    }

    /// A line that has its width already.
    pub(crate) fn drawn(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}{line}", " ".repeat(INDENT))
    }

    fn wrap(&self, text: &str, first: &str, later: &str) -> Vec<String> {
        let options = Options::new(self.columns())
            .initial_indent(first)
            .subsequent_indent(later)
            // A path or a URL that is cut cannot be copied.
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        textwrap::wrap(&printable(text), options).into_iter().map(|line| uncommanding(&line)).collect()
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if !self.look.color || style.is_plain() || text.trim().is_empty() {
            return text.to_owned();
        }
        format!("{style}{text}{style:#}")
    }
}

/// Text that steers neither a terminal nor the runner of a build.
///
/// Line breaks are kept, tabs are spaces, colour codes are left out, and what else would be obeyed is a question mark:
/// control characters, and what GitHub's runner takes for a command (`::` at the head of a line, `##[` anywhere).
pub fn printable(text: &str) -> String {
    let text = without_control(text).replace("##[", "#?[");
    if !text.contains("::") {
        return text;
    }
    text.split('\n').map(uncommanding).collect::<Vec<_>>().join("\n")
}

/// A line without the beginning of a command.
fn uncommanding(line: &str) -> String {
    let begin = line.len() - line.trim_start().len();
    match line[begin..].strip_prefix("::") {
        Some(rest) => format!("{}?:{rest}", &line[..begin]),
        None => line.to_owned(),
    }
}

fn without_control(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some(after) = after_colour_code(rest) {
            rest = after;
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        out.push(match letter {
            '\n' => '\n',
            '\t' => ' ',
            _ if letter.is_control() || turns_text_around(letter) || is_no_character(letter) => '?',
            _ => letter,
        });
    }
    out
}

/// What follows the colour code (SGR of ECMA-48) that a text begins with; `None` when it begins with none.
fn after_colour_code(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    parameters.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ';').strip_prefix('m')
}

/// Unicode's bidirectional controls, which can show a line other than it is.
const fn turns_text_around(letter: char) -> bool {
    matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What Unicode keeps for ever, and XML forbids.
const fn is_no_character(letter: char) -> bool {
    matches!(letter as u32 & 0xFFFF, 0xFFFE | 0xFFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(color: bool, width: usize, write: impl Fn(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        let look = Look { width, color, unicode: true };
        write(&mut Page::new(&look, &mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let hostile = "a\u{1b}[2Jb\tc\u{202e}d\r\u{9b}e \u{1b}[1;31mred\u{1b}[0m";
        let shown = written(true, 80, |page| page.paragraph(Style::new(), 0, hostile));
        assert_eq!(shown, "a?[2Jb c?d??e red\n");
    }

    #[test]
    fn text_from_outside_cannot_steer_a_build() {
        let wrapped = format!("{} ::error::x", "y".repeat(60));
        for hostile in ["::add-mask::x", "##[add-mask]x", "a\n::stop-commands::x", &wrapped] {
            let shown = written(false, 60, |page| page.entry("Doubt", hostile));
            assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{shown:?}");
            assert!(!shown.contains("##["), "{shown:?}");
        }
    }

    #[test]
    fn an_entry_stands_beside_its_label_or_below_it() {
        let entry = |page: &mut Page<'_>| {
            page.entry("Signal", "one two three four five six seven eight nine ten eleven")
        };
        assert_eq!(
            written(false, 60, entry),
            "  Signal        one two three four five six seven eight nine\n                ten eleven\n"
        );
        assert_eq!(
            written(false, 40, entry),
            "  Signal\n    one two three four five six seven\n    eight nine ten eleven\n"
        );
    }

    #[test]
    fn an_empty_text_still_has_its_label() {
        assert_eq!(written(false, 80, |page| page.entry("Doubt", "")), "  Doubt\n");
    }

    #[test]
    fn a_long_word_is_left_whole() {
        let path = format!("/{}", "x".repeat(60));
        assert_eq!(
            written(false, 40, |page| page.paragraph(Style::new(), 0, &format!("see {path}"))),
            format!("see\n{path}\n")
        );
    }

    #[test]
    fn only_the_title_is_painted() {
        let title = |page: &mut Page<'_>| page.titled(BAD, "LEAKING", ": it grows");
        assert_eq!(written(false, 80, title), "LEAKING: it grows\n");
        let painted = written(true, 80, title);
        assert!(painted.starts_with('\u{1b}') && painted.ends_with("m: it grows\n"), "{painted:?}");
    }
}
