//! Every file is part of its crate: one that no `mod` names is never compiled, and nobody is told.

use super::Breach;
use super::source::Source;

/// Roots of a crate, which nothing names.
const ROOTS: [&str; 2] = ["lib", "main"];

pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    sources.iter().filter_map(|source| breach_of(source, sources)).collect()
}

fn breach_of(source: &Source, sources: &[Source]) -> Option<Breach> {
    let (folder, module) = place(&source.path)?;
    let parents = parents(folder);
    let declared = format!("mod {module};");
    let named = sources.iter().any(|other| parents.contains(&other.path) && other.code.contains(&declared));
    let what = format!("no `{declared}` in {}: name the file there, or remove it", parents.join(" or "));
    (!named).then(|| Breach::new(&source.path, 1, what))
}

/// The folder in which a module is declared, and its name; `None` for the root of a crate.
fn place(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = path.strip_suffix(".rs")?.rsplit_once('/')?;
    match file {
        "mod" => folder.rsplit_once('/'),
        root if ROOTS.contains(&root) && folder.ends_with("/src") => None,
        module => Some((folder, module)),
    }
}

/// Where modules of a folder are declared.
fn parents(folder: &str) -> Vec<String> {
    if folder.ends_with("/src") {
        return ROOTS.iter().map(|root| format!("{folder}/{root}.rs")).collect();
    }
    vec![format!("{folder}/mod.rs"), format!("{folder}.rs")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_module_names_is_found() {
        let sources = [
            Source::new("crates/a/src/lib.rs", "mod source;\npub mod pace;\n// mod lost;"),
            Source::new("crates/a/src/pace.rs", ""),
            Source::new("crates/a/src/lost.rs", ""),
            Source::new("crates/a/src/source/mod.rs", "pub mod anon;"),
            Source::new("crates/a/src/source/anon.rs", ""),
            Source::new("crates/a/src/source/cgroup.rs", ""),
        ];
        let files: Vec<_> = check(&sources).into_iter().map(|breach| breach.file).collect();
        assert_eq!(files, ["crates/a/src/lost.rs", "crates/a/src/source/cgroup.rs"]);
    }
}
