//! The npm packages: made from this binary, installed into an empty prefix, and used as drip is.

use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::drip::{APP, Scene, words};

fn pack() -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("npm/pack.mjs").display().to_string()
}

/// As npm calls this machine.
const PLATFORM: &str = if cfg!(target_arch = "aarch64") { "linux-arm64" } else { "linux-x64" };

/// Installs those of the packages whose names match, without a network; where `drip` is then.
fn install(scene: &Scene, packages: &str) -> PathBuf {
    let script = format!(
        "node \"$1\" packages {PLATFORM}=\"$2\" && npm install --global --offline --no-audit --no-fund --loglevel=error \
         --prefix \"$PWD/prefix\" --cache \"$PWD/cache\" \"$PWD\"/packages/{packages}"
    );
    let mut command = scene.command("sh");
    command.args(["-c", &script, "sh", &pack(), env!("CARGO_BIN_EXE_drip")]);
    scene.spawn(&mut command).end().exits(0);
    scene.path("prefix/bin/drip")
}

#[test]
fn an_installed_package_is_drip_with_its_exit_codes() {
    let scene = Scene::new();
    let drip = install(&scene, "*.tgz");
    let done = |words: &[&str]| scene.spawn(scene.command(&drip).args(words)).end();
    done(&["--version"]).exits(0).prints(&[&format!("drip {}", env!("CARGO_PKG_VERSION"))]);
    done(&["explain", "DRIP999"]).exits(2).says(&["DRIP999"]);
}

#[test]
fn a_signal_reaches_it_once() {
    let scene =
        Scene::answering("if r.path == '/never':\n    note('asked')\n    time.sleep(600)\nr.answer()");
    let drip = install(&scene, "*.tgz");
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let asked = words("run", &[&["--users", "2", "--path", "/never", "--format", "json"]], &APP);
        let running = scene.spawn(scene.command(&drip).args(asked));
        scene.wait_for("asked");
        running.send(signal);
        // A second one would end it without a result.
        let done = running.end();
        assert_eq!(done.exits(code).document()["status"], "partial", "{done}");
        std::fs::remove_file(scene.path("asked")).unwrap();
    }
}

#[test]
fn a_platform_without_a_binary_is_told() {
    let scene = Scene::new();
    let drip = install(&scene, "drip-leaks-drip-*.tgz");
    let words = [format!("@drip-leaks/{PLATFORM}"), "--omit=optional".to_owned()];
    let done = scene.spawn(scene.command(drip).arg("--version")).end();
    done.exits(2).says(&words.each_ref().map(String::as_str));
}
