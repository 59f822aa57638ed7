//! Pure crates wait for nothing: no async runtime among what they are built with.

use super::Breach;
use crate::failure::Failure;
use crate::program;
use crate::workspace::Workspace;

/// Crates that are functions of their arguments.
const PURE: [&str; 6] =
    ["drip-model", "drip-plan", "drip-judge", "drip-catalog", "drip-report", "drip-trial"];
const RUNTIME: &str = "tokio";

pub(super) fn check(workspace: &Workspace) -> Result<Vec<Breach>, Failure> {
    let mut breaches = Vec::new();
    for package in workspace.packages.iter().filter(|package| PURE.contains(&package.name.as_str())) {
        let arguments =
            ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", &package.name];
        let tree = program::output(program::cargo(&workspace.root).args(arguments), "cargo tree")?;
        if has(&tree, RUNTIME) {
            let what = format!(
                "{} is pure and must not be built with {RUNTIME} (cargo tree -p {} -i {RUNTIME} says who brings it)",
                package.name, package.name
            );
            breaches.push(Breach::new(&package.manifest, 1, what));
        }
    }
    Ok(breaches)
}

fn has(tree: &str, name: &str) -> bool {
    tree.lines().any(|line| line.split(' ').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_name_counts() {
        let tree = "drip-plan v0.1.0 (/somewhere)\nhttp v1.5.0\ntokio-util v0.7.0\n";
        assert!(has(tree, "http") && !has(tree, "tokio"));
    }
}
