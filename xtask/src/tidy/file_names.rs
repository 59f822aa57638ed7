//! A file is called what it is about. A name that fits anything collects everything.

use std::fs;
use std::path::Path;

use super::Breach;
use crate::failure::Failure;

const EMPTY_NAMES: [&str; 5] = ["util", "helper", "common", "manager", "misc"];
/// Not ours, or not kept.
pub(super) const SKIPPED: [&str; 3] = [".git", "node_modules", "__pycache__"];
/// Build folders are marked so that nobody backs them up.
pub(super) const BUILD_FOLDER_MARK: &str = "CACHEDIR.TAG";

pub(super) fn check(root: &Path) -> Result<Vec<Breach>, Failure> {
    let mut breaches = Vec::new();
    visit(root, root, &mut breaches).map_err(|error| Failure::step(root.display().to_string(), error))?;
    Ok(breaches)
}

fn visit(root: &Path, folder: &Path, breaches: &mut Vec<Breach>) -> std::io::Result<()> {
    if folder.join(BUILD_FOLDER_MARK).exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if let Some(empty) = EMPTY_NAMES.iter().find(|empty| name.starts_with(**empty)) {
            let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            breaches.push(Breach::new(
                &file,
                1,
                format!("a file called {empty} is about nothing: name what is in it"),
            ));
        }
        if entry.file_type()?.is_dir() {
            visit(root, &path, breaches)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_anything_is_found_outside_build_folders() {
        let root = std::env::temp_dir().join(format!("drip-xtask-names-{}", std::process::id()));
        let write = |name: &str| {
            let file = root.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        };
        for name in
            ["src/utils.rs", "src/pace.rs", "out/CACHEDIR.TAG", "out/helper.rs", "node_modules/common.js"]
        {
            write(name);
        }
        let files: Vec<_> = check(&root).unwrap().into_iter().map(|breach| breach.file).collect();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(files, ["src/utils.rs"]);
    }
}
