//! Where the repository and its build folder are, and what its packages name.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::Failure;
use crate::program;

/// The clone that this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its root.
    pub(crate) root: PathBuf,
    /// Where cargo builds, `CARGO_TARGET_DIR` and configuration honoured.
    pub(crate) target: PathBuf,
    /// Its members.
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Relative to the root.
    pub(crate) manifest: String,
    /// What it needs to be built and to run; neither what its tests need nor what its build script needs.
    pub(crate) dependencies: Vec<String>,
}

impl Workspace {
    pub(crate) fn here() -> Result<Self, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned();
        let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
        let text = program::output(program::cargo(&root).args(arguments), "cargo metadata")?;
        let metadata: Value =
            serde_json::from_str(&text).map_err(|error| Failure::step("cargo metadata", error))?;
        let target = PathBuf::from(metadata["target_directory"].as_str().unwrap_or("target"));
        let packages = listed(&metadata["packages"]).map(|value| package(value, &root)).collect();
        Ok(Self { root, target, packages })
    }
}

fn package(value: &Value, root: &Path) -> Package {
    let manifest = Path::new(text(&value["manifest_path"]));
    let normal = |dependency: &&Value| dependency["kind"].is_null();
    let dependencies = listed(&value["dependencies"]).filter(normal);
    Package {
        name: text(&value["name"]).to_owned(),
        manifest: manifest.strip_prefix(root).unwrap_or(manifest).display().to_string(),
        dependencies: dependencies.map(|dependency| text(&dependency["name"]).to_owned()).collect(),
    }
}

fn listed(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
