//! `drip demo`: the main job with nothing but the binary, and no figure of it compiled in.

use crate::drip::Scene;

#[test]
fn both_verdicts_are_right_and_the_estimate_follows_the_leak() {
    let scene = Scene::new();
    let estimate = |copies: &str| {
        let done = scene.drip(&["demo", "--quiet", "--format", "json", "--copies", copies]);
        let documents = done.exits(0).document();
        assert_eq!(
            (&documents[0]["verdict"], &documents[1]["verdict"]),
            (&"leaking".into(), &"steady".into()),
            "{done}"
        );
        documents[0]["vectors"][0]["perRequest"]["estimate"].as_f64().unwrap()
    };
    let (once, thrice) = (estimate("1"), estimate("3"));
    let ratio = thrice / once;
    assert!(
        (2.7..=3.3).contains(&ratio),
        "three times the leak was measured as {ratio} times: {once}, {thrice}"
    );
}
