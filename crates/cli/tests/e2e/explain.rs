//! `drip explain` and what else needs no service.

use crate::drip::Scene;

#[test]
fn a_finding_has_a_page_and_the_list_has_them_all() {
    let scene = Scene::new();
    let page = scene.drip(&["explain", "DRIP001"]);
    page.exits(0).prints(&["DRIP001", "CWE-401", "CWE-772", "Node", "Kubernetes"]);
    assert_eq!(page.stdout, scene.drip(&["explain", "drip001"]).stdout);
    scene.drip(&["explain"]).exits(0).prints(&["DRIP001  ", "DRIP011  ", "DRIP030  "]);
}

#[test]
fn an_unknown_finding_is_answered_with_a_known_one() {
    let scene = Scene::new();
    scene.drip(&["explain", "DRIP01"]).exits(2).says(&["DRIP01: no such finding", "DRIP001"]);
    scene.drip(&["explain", "nonsense"]).exits(2).says(&["nonsense: no such finding", "DRIP"]);
}

#[test]
fn the_version_is_told() {
    let version = format!("drip {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(Scene::new().drip(&["--version"]).stdout, version);
}

#[test]
fn what_is_no_command_line_is_wrong_use() {
    let scene = Scene::new();
    scene.drip(&["run"]).exits(2).says(&["CMD"]);
    scene.drip(&["rum"]).exits(2).says(&["run"]);
    scene.drip(&["scan"]).exits(2).says(&["URL"]);
    scene.drip(&[]).exits(2);
}
