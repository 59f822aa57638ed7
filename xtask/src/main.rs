//! Chores of this repository: `cargo xtask test`, `cargo xtask generate`, `cargo xtask bench`, `cargo xtask corpus`,
//! `cargo xtask traces`, `cargo xtask tidy`.
//!
//! Runs where a clone of the repository is, needs nothing that the chore does not need, and leaves everything that
//! it makes under the build folder. It is no part of the product.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who runs it")]

mod bench;
mod corpus;
mod failure;
mod fixture;
mod generate;
mod program;
mod test;
mod tidy;
mod traces;
mod workspace;

use std::process::ExitCode;

use failure::Failure;
use workspace::Workspace;

/// One chore.
struct Chore {
    name: &'static str,
    words: &'static str,
    about: &'static str,
    run: fn(&Workspace, &[String]) -> Result<(), Failure>,
}

static CHORES: &[Chore] = &[
    Chore {
        name: "test",
        words: "[--without go|jvm|ruby]",
        about: "set up what the tests need, then run all of them",
        run: test::run,
    },
    Chore {
        name: "generate",
        words: "[--check]",
        about: "write the files that are made from code, or only compare them",
        run: generate::run,
    },
    Chore {
        name: "bench",
        words: "[floor [NAME…] | judge [--json] [--write] | peers | record [NAME…]]",
        about: "try the verdict, the floors, the judge or the load engine, as a dated table; record services",
        run: bench::run,
    },
    Chore {
        name: "corpus",
        words: "DIR [--resume] […]",
        about: "judge the services of a corpus by the real binary, and count what was found and accused",
        run: corpus::run,
    },
    Chore {
        name: "traces",
        words: "DIR [--json]",
        about: "judge recorded traces, and compare with what is known of their services",
        run: traces::run,
    },
    Chore { name: "tidy", words: "", about: "check the rules that no compiler checks", run: tidy::run },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match chore(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn chore(words: &[String]) -> Result<(), Failure> {
    let (name, rest) = words.split_first().ok_or_else(|| Failure::Usage(usage()))?;
    let chore = CHORES.iter().find(|chore| chore.name == name).ok_or_else(|| Failure::Usage(usage()))?;
    (chore.run)(&Workspace::here()?, rest)
}

fn usage() -> String {
    let typed = |chore: &Chore| format!("{} {}", chore.name, chore.words);
    let line = |chore: &Chore| format!("\n  cargo xtask {:<19}  {}", typed(chore), chore.about);
    format!("name a chore:{}", CHORES.iter().map(line).collect::<String>())
}
