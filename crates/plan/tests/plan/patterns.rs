//! What each pattern asks of the same endpoints.

use std::fmt::Write as _;

use drip_plan::{Plan, choose, plan};

use crate::source::{described, fixture};

fn planned(names: &[&str], unsafe_methods: bool) -> Plan {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    plan(&fixture("fastapi.json").endpoints, &choose(&names).unwrap(), unsafe_methods)
}

fn listed(plan: &Plan) -> String {
    let mut out = String::new();
    for vector in &plan.vectors {
        let request = vector.template.render(1, 1);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&"x".repeat(4096), "(4096 x)");
        let head = format!("{} {}", vector.template.method, text(&request.target));
        let _ = writeln!(
            out,
            "{} [{}, {:?}, {:?}] = {head}",
            vector.endpoint, vector.pattern.name, vector.conduct, vector.expect_status
        );
        for (name, value) in &request.headers {
            let _ = writeln!(out, "    {name}: {}", text(value));
        }
        if let Some(body) = &request.body {
            let _ = writeln!(out, "    body {:?}", text(body));
        }
    }
    for skipped in &plan.skipped {
        let _ = writeln!(out, "skipped {}: {}", skipped.what, skipped.why);
    }
    out
}

#[test]
fn every_pattern_of_every_endpoint() {
    insta::assert_snapshot!(listed(&planned(&["all"], true)));
}

#[test]
fn each_is_documented() {
    let page = include_str!("../../../../docs/requests.md");
    let names = drip_plan::PATTERNS.iter().map(|pattern| pattern.pattern.name);
    for name in names.chain(drip_plan::FORMATS.iter().map(|format| format.name)) {
        assert!(page.contains(&format!("| `{name}` |")), "{name} has no row in docs/requests.md");
    }
}

#[test]
fn what_changes_something_waits_for_permission() {
    let plan = planned(&[], false);
    assert!(plan.vectors.iter().all(|vector| vector.template.method != "POST"));
    let told: Vec<_> =
        plan.skipped.iter().filter(|skipped| skipped.why.contains("--unsafe-methods")).collect();
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn a_vector_is_known_by_its_position_in_the_plan() {
    let plan = planned(&["all"], false);
    assert!(plan.vectors.iter().enumerate().all(|(at, vector)| vector.id.0 == at));
}

#[test]
fn a_header_that_cannot_be_sent_is_skipped_without_its_value() {
    let text = "openapi: 3.0.0\npaths:\n  /a:\n    get:\n      parameters:\n        - { name: x-a, in: header, required: true, example: \"s3cret\\nX: 1\" }";
    let plan = plan(&described(text).unwrap().endpoints, &choose(&["repeated".into()]).unwrap(), false);
    assert_eq!(plan.skipped[0].why, "its header \"x-a\" cannot be sent");
}
