//! Programs of strangers that read our reports: the scripts of `tests/validator`, whose packages
//! `cargo xtask test` installs.

use std::path::Path;
use std::process::Command;

/// Runs a script on files of these names and texts, in this order; whatever it says against them is a failure.
#[track_caller]
pub(crate) fn find_nothing_wrong(script: &str, files: &[(String, String)]) {
    let fixtures = std::env::var("DRIP_FIXTURES").expect("cargo xtask test sets the fixtures up");
    let folder = tempfile::tempdir().expect("a folder for the reports");
    let mut command = Command::new("node");
    command.arg(script).current_dir(Path::new(&fixtures).join("validator"));
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("the folder can be written to");
        command.arg(file);
    }
    let checked = command.output().expect("node can be started");
    let said = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&said));
}
