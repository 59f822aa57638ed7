//! A page as text for a terminal, which is also valid Markdown. It lays out and wraps; every word of
//! substance comes from the page.

use std::fmt::Write as _;

use drip_model::Platform;

use crate::page::{Page, SeverityRule};
use crate::weakness::{OWASP, cwe_title};

/// Columns of a line, unless one word alone is longer.
const COLUMNS: usize = 80;

/// The page as `drip explain` prints it, ending in a line break.
pub fn render(page: &Page) -> String {
    let mut out = String::new();
    let class = format!("Category: {}. Severity: {}.", page.category.name(), severity(page.severity));
    section(&mut out, &format!("# {}: {}", page.id, page.title), &class);
    section(&mut out, "## What", page.what);
    section(&mut out, "## Why it is bad", page.why);
    section(&mut out, "## How Drip sees it", page.how_seen);
    section(&mut out, "## How to fix", page.fix.general);
    section(&mut out, "### Node.js", page.fix.node);
    section(&mut out, "### Python", page.fix.python);
    section(&mut out, "### Go", page.fix.go);
    section(&mut out, "### Java", page.fix.java);
    for platform in Platform::ALL {
        section(&mut out, &format!("## On {platform}"), page.platform.on(platform));
    }
    section(&mut out, "## Weaknesses", &weaknesses(page));
    out
}

fn severity(rule: SeverityRule) -> String {
    match rule {
        SeverityRule::ByTimeToLimit => {
            "by the time until memory reaches its limit, at 10 requests per second \
             unless --rate-expected says otherwise: under 1 hour critical, under 1 day high, under 30 days \
             medium, else low; one step lower when credentials are needed"
                .to_owned()
        }
        SeverityRule::Fixed(severity) => severity.name().to_owned(),
        SeverityRule::Range { low, high, rule } => format!("{} to {}: {rule}", low.name(), high.name()),
    }
}

fn weaknesses(page: &Page) -> String {
    let mut lines = String::new();
    for cwe in page.cwe {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "- {cwe} {}", cwe_title(cwe).unwrap_or_default());
    }
    lines + "- OWASP " + OWASP
}

fn section(out: &mut String, heading: &str, text: &str) {
    // Writing to a String cannot fail.
    let gap = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{gap}{heading}");
    for (index, item) in text.lines().enumerate() {
        let listed = item.starts_with("- ");
        // Prose after a list needs the blank line, or Markdown takes it for a part of the last item.
        if index == 0 || !listed {
            out.push('\n');
        }
        wrap(out, item, if listed { "  " } else { "" });
    }
}

/// One item, broken at spaces; lines after the first begin with `indent`.
fn wrap(out: &mut String, item: &str, indent: &str) {
    let mut column = 0;
    for word in item.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > COLUMNS {
            let _ = write!(out, "\n{indent}");
            column = indent.len();
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{PAGES, page};

    #[test]
    fn every_page_fits_the_terminal() {
        for page in PAGES {
            let text = render(page);
            let wide = text.lines().find(|line| line.chars().count() > COLUMNS && line.contains(' '));
            assert_eq!(wide, None, "{}", page.id);
            assert!(!text.contains("\n\n\n") && !text.contains(" \n"), "{}", page.id);
        }
    }

    #[test]
    fn wrapping_loses_no_word() {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for page in PAGES {
            let text = squeezed(&render(page));
            for part in [page.what, page.fix.node, page.platform.kubernetes] {
                assert!(text.contains(&squeezed(part)), "{}: {part:?}", page.id);
            }
        }
    }

    #[test]
    fn a_page_has_its_sections_in_order() {
        let text = render(page("DRIP001").unwrap());
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
        let expected = [
            "# DRIP001: Memory grows with each request",
            "## What",
            "## Why it is bad",
            "## How Drip sees it",
            "## How to fix",
            "### Node.js",
            "### Python",
            "### Go",
            "### Java",
            "## On DigitalOcean Droplet",
            "## On DigitalOcean App Platform",
            "## On DigitalOcean Functions",
            "## On Kubernetes",
            "## Weaknesses",
        ];
        assert_eq!(headings, expected);
        assert!(text.contains("- CWE-401 Missing Release of Memory after Effective Lifetime\n"));
        assert!(text.ends_with("- OWASP API4:2023 Unrestricted Resource Consumption\n"));
    }

    #[test]
    fn a_list_hangs_and_prose_after_it_stands_apart() {
        let mut out = String::new();
        let item = format!("- {}", "word ".repeat(20).trim());
        section(&mut out, "# Head", &format!("Before:\n{item}\nAfter."));
        let expected = format!(
            "# Head\n\nBefore:\n- {}\n  {}\n\nAfter.\n",
            ["word"; 15].join(" "),
            ["word"; 5].join(" ")
        );
        assert_eq!(out, expected);
    }
}
