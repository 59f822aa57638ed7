//! A file can be read alone: it begins with what it is for and what it must never do.

use super::Breach;
use super::source::Source;

pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    let silent = sources.iter().filter(|source| !source.text.starts_with("//! "));
    let what = "the file does not begin with //!: say first what it is for and what it must never do";
    silent.map(|source| Breach::new(&source.path, 1, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_begins_with_what_it_is_for() {
        let sources = [Source::new("a.rs", "//! Pace.\nuse b;"), Source::new("b.rs", "use c;\n//! Late.")];
        assert_eq!(check(&sources).iter().map(|breach| &*breach.file).collect::<Vec<_>>(), ["b.rs"]);
    }
}
