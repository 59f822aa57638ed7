//! A link of a page leads to a file that is there, and to a heading that is in it. What is in the book's folder is a page
//! of the book, is in its contents, and leads to nothing outside, which a reader of the built book does not have.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::Breach;
use super::file_names::{BUILD_FOLDER_MARK, SKIPPED};
use crate::failure::Failure;

const BOOK: &str = "docs";
const CONTENTS: &str = "docs/SUMMARY.md";

/// Pages by their paths from the root.
type Pages = BTreeMap<PathBuf, String>;

pub(super) fn check(root: &Path) -> Result<Vec<Breach>, Failure> {
    let mut pages = Pages::new();
    read(root, root, &mut pages).map_err(|error| Failure::step(root.display().to_string(), error))?;
    let mut breaches: Vec<_> =
        pages.iter().flat_map(|(page, text)| broken(root, &pages, page, text)).collect();
    breaches.extend(unlisted(&pages));
    Ok(breaches)
}

fn read(root: &Path, folder: &Path, pages: &mut Pages) -> std::io::Result<()> {
    if folder.join(BUILD_FOLDER_MARK).exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !SKIPPED.iter().any(|skipped| path.ends_with(skipped)) {
            read(root, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.insert(path.strip_prefix(root).unwrap_or(&path).to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Links of a page that lead nowhere.
fn broken(root: &Path, pages: &Pages, page: &Path, text: &str) -> Vec<Breach> {
    let links = prose(text).flat_map(|(line, text)| links(text).map(move |link| (line, link)));
    let breach =
        |(line, link)| Some(Breach::new(&page.display().to_string(), line, fault(root, pages, page, link)?));
    links.filter_map(breach).collect()
}

/// What is wrong with a link of a page.
fn fault(root: &Path, pages: &Pages, page: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let to = if file.is_empty() { page.to_owned() } else { beside(page, file) };
    if !root.join(&to).exists() {
        return Some(format!("the link {link} leads to nothing: {} is not there", to.display()));
    }
    if page.starts_with(BOOK) && !to.starts_with(BOOK) {
        return Some(format!("the link {link} leads out of the book, where a reader of it finds nothing"));
    }
    let known = pages.get(&to).is_none_or(|text| headings(text).any(|known| known == heading));
    (!heading.is_empty() && !known).then(|| format!("{} has no heading {heading}", to.display()))
}

/// A path that is told from a page's folder, from the root.
fn beside(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => _ = path.pop(),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

/// Lines that are no code, with their numbers from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        (!is_fence && !in_code).then_some((index + 1, line))
    })
}

/// The targets of a line's links.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

/// The fragments that lead to a page's headings, as both GitHub and mdBook make them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let lines = prose(text).map(|(_, line)| line).filter(|line| line.starts_with('#'));
    lines.map(|line| {
        line.trim_start_matches('#').trim().to_lowercase().chars().filter_map(in_fragment).collect()
    })
}

fn in_fragment(letter: char) -> Option<char> {
    match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    }
}

/// Pages of the book that its contents do not name.
fn unlisted(pages: &Pages) -> Vec<Breach> {
    let contents = pages.get(Path::new(CONTENTS)).map_or("", String::as_str);
    let listed: Vec<_> =
        contents.lines().flat_map(links).map(|link| beside(Path::new(CONTENTS), link)).collect();
    let is_lost = |page: &&PathBuf| {
        page.starts_with(BOOK) && page.as_path() != Path::new(CONTENTS) && !listed.contains(page)
    };
    let breach = |page: &PathBuf| {
        Breach::new(&page.display().to_string(), 1, format!("{CONTENTS} does not name this page"))
    };
    pages.keys().filter(is_lost).map(breach).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in these pages, as lines.
    fn found(pages: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in pages {
            let file = root.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        check(root.path()).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_no_breach() {
        let page = "# A\n[b](b.md) [here](#a) [there](b.md#probes---probes) [x](https://example.com/x#y) [s](s.json)\n\
                    ```sh\n[code](nothing)\n```\n";
        let pages = [
            ("README.md", "[book](docs/a.md#a)"),
            ("docs/SUMMARY.md", "- [A](a.md)\n- [B](b.md)"),
            ("docs/a.md", page),
            ("docs/b.md", "## Probes: `--probes`"),
            ("docs/s.json", "{}"),
        ];
        assert_eq!(found(&pages), [""; 0]);
    }

    #[test]
    fn each_fault_is_named_where_it_stands() {
        let page = "# A\n\n[gone](gone.md) [heading](#nowhere) [out](../README.md)";
        let pages = [
            ("README.md", ""),
            ("docs/SUMMARY.md", "- [A](a.md)"),
            ("docs/a.md", page),
            ("docs/lost.md", ""),
        ];
        let expected = [
            "docs/a.md:3: the link gone.md leads to nothing: docs/gone.md is not there",
            "docs/a.md:3: docs/a.md has no heading nowhere",
            "docs/a.md:3: the link ../README.md leads out of the book, where a reader of it finds nothing",
            "docs/lost.md:1: docs/SUMMARY.md does not name this page",
        ];
        assert_eq!(found(&pages), expected);
    }
}
