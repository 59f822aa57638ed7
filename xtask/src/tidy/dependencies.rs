//! Who may name whom: every stage is a function from plain data to plain data, and only the conductor and the
//! binary see more than one.

use super::Breach;
use crate::workspace::Package;

/// The nouns, and what Linux says of processes: what every stage may name.
const BASE: &[&str] = &["drip-model", "drip-proc"];

/// What the conductor wires. Planning comes before it and reporting after it.
const CONDUCTED: &[&str] =
    &["drip-model", "drip-proc", "drip-launch", "drip-drive", "drip-meter", "drip-judge", "drip-catalog"];

const ALL: &[&str] = &[
    "drip-model",
    "drip-proc",
    "drip-plan",
    "drip-launch",
    "drip-drive",
    "drip-meter",
    "drip-judge",
    "drip-catalog",
    "drip-report",
    "drip-notify",
    "drip-session",
];

/// Each package and what it may name, in the order in which data flows.
static MAY_NAME: &[(&str, &[&str])] = &[
    ("drip-model", &[]),
    ("drip-proc", &[]),
    ("drip-plan", BASE),
    ("drip-launch", BASE),
    ("drip-drive", BASE),
    ("drip-meter", BASE),
    ("drip-judge", BASE),
    ("drip-catalog", BASE),
    // What a finding means is published text, which formats with rules of their own (SARIF) repeat.
    ("drip-report", &["drip-model", "drip-catalog"]),
    // A message is a result in brief.
    ("drip-notify", &["drip-report"]),
    ("drip-session", CONDUCTED),
    ("drip", ALL),
    ("drip-trial", &["drip-model", "drip-judge"]),
    (
        "xtask",
        &[
            "drip-model",
            "drip-proc",
            "drip-launch",
            "drip-drive",
            "drip-judge",
            "drip-catalog",
            "drip-report",
            "drip-trial",
        ],
    ),
];

pub(super) fn check(packages: &[Package]) -> Vec<Breach> {
    packages.iter().flat_map(|package| breaches_of(package, packages)).collect()
}

fn breaches_of(package: &Package, packages: &[Package]) -> Vec<Breach> {
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == package.name) else {
        let what = format!(
            "{} is new: say what it may name in MAY_NAME of xtask/src/tidy/dependencies.rs",
            package.name
        );
        return vec![Breach::new(&package.manifest, 1, what)];
    };
    let is_ours = |name: &str| packages.iter().any(|ours| ours.name == name);
    let forbidden = |name: &&String| is_ours(name) && !allowed.contains(&name.as_str());
    let breach = |name: &String| {
        let what = format!(
            "{} must not name {name}: take what you need as an argument, and let drip-session or drip wire it",
            package.name
        );
        Breach::new(&package.manifest, 1, what)
    };
    package.dependencies.iter().filter(forbidden).map(breach).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
        Package { name: name.to_owned(), manifest: format!("{name}/Cargo.toml"), dependencies }
    }

    #[track_caller]
    fn breaches(name: &str, dependencies: &[&str], expected: usize) {
        let mut packages: Vec<_> =
            ALL.iter().filter(|other| **other != name).map(|name| package(name, &[])).collect();
        packages.push(package(name, dependencies));
        assert_eq!(check(&packages).len(), expected, "{name}: {dependencies:?}");
    }

    #[test]
    fn stages_do_not_know_each_other() {
        breaches("drip-model", &["drip-proc"], 1);
        breaches("drip-judge", &["drip-model", "statrs"], 0);
        breaches("drip-judge", &["drip-model", "drip-meter"], 1);
        breaches("drip-session", &["drip-judge", "drip-meter"], 0);
        breaches("drip-session", &["drip-plan", "drip-report"], 2);
        breaches("drip", &["drip-session", "drip-report", "drip-plan"], 0);
        breaches("drip-new", &[], 1);
    }
}
