//! The words of `cargo xtask corpus`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::failure::Failure;

pub(super) const USAGE: &str = "cargo xtask corpus DIR [--case NAME]… [--sample N] [--seed S] [--resume] [--out DIR] [--budget 5m] [--drip BINARY] [--json]";
/// At most so long a case, unless the words say otherwise.
const BUDGET: Duration = Duration::from_secs(300);

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) corpus: PathBuf,
    /// Only these; all where there are none.
    pub(super) names: Vec<String>,
    /// Only so many of them.
    pub(super) sample: Option<usize>,
    /// Which of them.
    pub(super) seed: u64,
    /// What a former sitting has judged is taken from there.
    pub(super) resume: bool,
    /// Where documents are kept, unless in the build folder.
    pub(super) out: Option<PathBuf>,
    /// Time that a case may take.
    pub(super) budget: Duration,
    /// The binary to judge with, unless the one of this tree.
    pub(super) drip: Option<PathBuf>,
    pub(super) json: bool,
}

impl Options {
    pub(super) fn of(words: &[String]) -> Result<Self, Failure> {
        Self::read(words).ok_or_else(|| Failure::Usage(USAGE.to_owned()))
    }

    fn read(words: &[String]) -> Option<Self> {
        let mut words = words.iter().map(String::as_str);
        let mut corpus = None;
        let mut found = Self {
            corpus: PathBuf::new(),
            names: Vec::new(),
            sample: None,
            seed: 1,
            resume: false,
            out: None,
            budget: BUDGET,
            drip: None,
            json: false,
        };
        while let Some(word) = words.next() {
            match word {
                "--case" => found.names.push(words.next()?.to_owned()),
                "--sample" => found.sample = Some(words.next()?.parse().ok()?),
                "--seed" => found.seed = words.next()?.parse().ok()?,
                "--out" => found.out = Some(words.next()?.into()),
                "--budget" => found.budget = humantime::parse_duration(words.next()?).ok()?,
                "--drip" => found.drip = Some(words.next()?.into()),
                "--resume" => found.resume = true,
                "--json" => found.json = true,
                folder if !folder.starts_with('-') && corpus.is_none() => corpus = Some(folder.into()),
                _ => return None,
            }
        }
        Some(Self { corpus: corpus?, ..found })
    }

    /// Those of the folders that are asked for, in their order.
    pub(super) fn choose(&self, mut folders: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
        let called = |folder: &Path, name: &str| folder.file_name().is_some_and(|found| found == name);
        if let Some(unknown) =
            self.names.iter().find(|name| !folders.iter().any(|folder| called(folder, name)))
        {
            return Err(Failure::Usage(format!("{} has no case {unknown}", self.corpus.display())));
        }
        folders.retain(|folder| self.names.is_empty() || self.names.iter().any(|name| called(folder, name)));
        if let Some(sample) = self.sample {
            folders.sort_by_cached_key(|folder| self.draw(folder));
            folders.truncate(sample);
            folders.sort();
        }
        Ok(folders)
    }

    /// The same for the same seed and name, whatever other cases there are.
    fn draw(&self, folder: &Path) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, folder.file_name()).hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Option<Options> {
        Options::read(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_mean_what_they_say() {
        let plain = read("corpus").unwrap();
        assert_eq!((plain.budget, plain.resume, plain.sample), (Duration::from_secs(300), false, None));
        let all = read(
            "--case a corpus --case b --sample 3 --seed 7 --resume --out o --budget 60s --drip d --json",
        );
        let expected = Options {
            corpus: "corpus".into(),
            names: vec!["a".into(), "b".into()],
            sample: Some(3),
            seed: 7,
            resume: true,
            out: Some("o".into()),
            budget: Duration::from_secs(60),
            drip: Some("d".into()),
            json: true,
        };
        assert_eq!(all, Some(expected));
        for wrong in ["", "--resume", "a b", "a --case", "a --sample x", "a --budget soon", "a --fast"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn cases_are_chosen_by_name_or_drawn_by_seed() {
        let folders: Vec<PathBuf> = (0..20).map(|n| format!("cases/c{n:02}").into()).collect();
        let choose = |words: &str| read(words).unwrap().choose(folders.clone());
        assert_eq!(choose("x").unwrap(), folders);
        assert_eq!(choose("x --case c03").unwrap(), [PathBuf::from("cases/c03")]);
        assert!(choose("x --case c3").is_err());
        let draw = |seed| choose(&format!("x --sample 5 --seed {seed}")).unwrap();
        assert_eq!(draw(1), draw(1));
        assert!(draw(1).len() == 5 && draw(1).is_sorted() && draw(1) != draw(2));
    }
}
