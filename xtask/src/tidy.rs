//! `cargo xtask tidy`: the rules of this repository that no compiler checks.
//!
//! Also a test of this package, so that `cargo test` holds them. Each breach names file, line, rule and what to do.
//! It must never change a file.

mod dependencies;
mod file_names;
mod function_length;
mod links;
mod module_docs;
mod orphans;
mod printing;
mod purity;
mod registries;
mod source;

use std::fmt;

use crate::failure::Failure;
use crate::workspace::Workspace;
use source::{Source, sources};

/// One rule.
struct Rule {
    name: &'static str,
    check: fn(&Workspace, &[Source]) -> Result<Vec<Breach>, Failure>,
}

/// Every rule, the widest first.
static RULES: &[Rule] = &[
    Rule { name: "dependencies", check: |workspace, _| Ok(dependencies::check(&workspace.packages)) },
    Rule { name: "purity", check: |workspace, _| purity::check(workspace) },
    Rule { name: "file-names", check: |workspace, _| file_names::check(&workspace.root) },
    Rule { name: "links", check: |workspace, _| links::check(&workspace.root) },
    Rule { name: "orphans", check: |_, sources| Ok(orphans::check(sources)) },
    Rule { name: "registries", check: |_, sources| Ok(registries::check(sources)) },
    Rule { name: "module-docs", check: |_, sources| Ok(module_docs::check(sources)) },
    Rule { name: "printing", check: |_, sources| Ok(printing::check(sources)) },
    Rule { name: "function-length", check: |_, sources| Ok(function_length::check(sources)) },
];

/// A place where a rule does not hold.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    /// From the root of the repository.
    file: String,
    /// From 1.
    line: usize,
    /// What is wrong, and what to do.
    what: String,
}

impl Breach {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

pub(crate) fn run(workspace: &Workspace, words: &[String]) -> Result<(), Failure> {
    if !words.is_empty() {
        return Err(Failure::Usage("cargo xtask tidy takes no words".to_owned()));
    }
    let breaches = breaches(workspace)?;
    if breaches.is_empty() {
        eprintln!("xtask: tidy: {} rules hold", RULES.len());
        return Ok(());
    }
    Err(Failure::step(format!("tidy: {} breaches", breaches.len()), format!("\n{}", breaches.join("\n"))))
}

/// Every breach of every rule, as a line.
fn breaches(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let sources = sources(&workspace.root)?;
    let mut lines = Vec::new();
    for rule in RULES {
        let found = (rule.check)(workspace, &sources)?;
        lines.extend(found.iter().map(|breach| format!("{breach} [{}]", rule.name)));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let breaches = breaches(&Workspace::here().unwrap()).unwrap();
        assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
    }
}
