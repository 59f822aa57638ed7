//! Completions and manual pages.

use crate::drip::Scene;

#[test]
fn every_shell_gets_a_script_that_knows_our_options() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let done = Scene::new().drip(&["completions", shell]);
        done.exits(0).prints(&["fail-below", "baseline"]);
    }
    let scene = Scene::new();
    scene.write("drip.bash", scene.drip(&["completions", "bash"]).stdout);
    let check = "source ./drip.bash && COMP_WORDS=(drip run --fail-b) COMP_CWORD=2 && _drip drip --fail-b run && \
                 echo \"${COMPREPLY[@]}\"";
    scene.spawn(scene.command("bash").args(["-c", check])).end().exits(0).prints(&["--fail-below"]);
}

#[test]
fn the_manual_has_every_verb() {
    let done = Scene::new().drip(&["man"]);
    done.exits(0).prints(&[".TH drip 1", ".TH drip-run 1", ".TH drip-diff 1", "fail\\-below"]);
}
