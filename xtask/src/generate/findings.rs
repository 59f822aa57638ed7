//! The pages of the book that are the catalogue: each is what `drip explain ID` prints, so neither says what the other
//! does not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use drip_catalog::{PAGES, Page, render};

use super::Generated;
use crate::failure::Failure;

const FOLDER: &str = "docs/findings";
const CONTENTS: &str = "docs/SUMMARY.md";
/// From here on the contents are made from the catalogue; what stands before is written by hand.
const PART: &str = "# Findings\n";
const NOTE: &str = "<!-- Made from crates/catalog by `cargo xtask generate`: change it there. -->\n\n";

/// A page for each finding, and one that lists them.
pub(super) fn pages() -> Vec<Generated> {
    let mut files = vec![Generated::new(format!("{FOLDER}/index.md"), list())];
    let page =
        |page: &&Page| Generated::new(format!("{FOLDER}/{}", file(page)), NOTE.to_owned() + &render(page));
    files.extend(PAGES.iter().map(page));
    files
}

/// The contents of the book.
pub(super) fn contents(root: &Path) -> Result<Generated, Failure> {
    let present = fs::read_to_string(root.join(CONTENTS)).map_err(|error| Failure::step(CONTENTS, error))?;
    Ok(Generated::new(CONTENTS, with_findings(&present)))
}

fn with_findings(contents: &str) -> String {
    let by_hand = contents.split(PART).next().unwrap_or_default();
    let mut text = format!("{by_hand}{PART}\n- [All findings](findings/index.md)\n");
    for page in PAGES {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  - [{}: {}](findings/{})", page.id, page.title, file(page));
    }
    text
}

fn file(page: &Page) -> String {
    format!("{}.md", page.id.to_ascii_lowercase())
}

fn list() -> String {
    let mut text = format!(
        "{NOTE}# Findings\n\nWhat Drip may report, and what to do about it. `drip explain DRIP001` prints the same \
         page. Ids are stable for ever.\n\n\
         | finding | what it is | category |\n|---|---|---|\n"
    );
    for page in PAGES {
        let (id, name) = (page.id, page.category.name());
        let _ = writeln!(text, "| [{id}]({}) | {} | {name} |", file(page), page.title);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_by_hand_stays_and_what_is_made_is_made_once() {
        let once = with_findings("# Summary\n\n- [First run](first-run.md)\n\n");
        assert!(once.starts_with("# Summary\n\n- [First run](first-run.md)\n\n# Findings\n"), "{once}");
        assert!(
            once.contains("\n  - [DRIP001: Memory grows with each request](findings/drip001.md)\n"),
            "{once}"
        );
        assert_eq!(with_findings(&once), once);
    }

    #[test]
    fn a_page_of_the_book_is_what_explain_prints() {
        let pages = pages();
        assert_eq!(pages.len(), PAGES.len() + 1);
        let first = pages.iter().find(|page| page.path == "docs/findings/drip001.md").unwrap();
        assert!(first.text.ends_with(&render(PAGES[0])), "{}", first.text);
    }
}
