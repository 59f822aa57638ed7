//! Only the binary speaks and exits; a library returns what is to be said.

use super::Breach;
use super::source::Source;

const SPEAKERS: [&str; 2] = ["crates/cli/src/", "xtask/src/"];
const SPOKEN: [&str; 6] = ["println!", "print!", "eprintln!", "eprint!", "dbg!", "process::exit"];

pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    let silent =
        sources.iter().filter(|source| !SPEAKERS.iter().any(|speaker| source.path.starts_with(speaker)));
    silent.flat_map(|source| SPOKEN.iter().flat_map(|word| breaches_of(source, word))).collect()
}

fn breaches_of(source: &Source, word: &str) -> Vec<Breach> {
    let begins_word = |at: usize| !source.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let places = source.code.match_indices(word).map(|(at, _)| at).filter(|at| begins_word(*at));
    let what = format!("{word} in a library: return it, and let crates/cli say it");
    places.map(|at| Breach::new(&source.path, source.line_at(at), what.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_silent() {
        let text = "//! No println!.\nfn f() {\n    // print!\n    eprintln!(\"dbg!\");\n    std::process::exit(1)\n}\n";
        let lines = |path: &str| check(&[Source::new(path, text)]).iter().map(|b| b.line).collect::<Vec<_>>();
        assert_eq!(lines("crates/judge/src/lib.rs"), [4, 5]);
        assert!(lines("crates/cli/src/main.rs").is_empty());
    }
}
