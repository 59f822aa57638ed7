//! Arbitrary and mutated bytes: whatever they are, the answer is a description or an error.

use drip_plan::{Credentials, choose, credentials, plan, plan_file, read};
use proptest::prelude::*;

use crate::source::source;

const FIXTURES: [&str; 7] = [
    "fastapi.json",
    "fastify.json",
    "swagger.yaml",
    "recorded.har",
    "collection.json",
    "requests.http",
    "curl.txt",
];

fn digest(name: &str, bytes: &[u8]) {
    let Ok(description) = read(&source(name, bytes)) else { return };
    let plan = plan(&description.endpoints, &choose(&["all".into()]).unwrap(), true);
    for vector in plan.vectors {
        vector.template.render(1, u64::MAX);
    }
}

/// A fixture of which some bytes are replaced, cut out or doubled.
fn mutated() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let cut = (any::<prop::sample::Index>(), 0usize..40, prop::collection::vec(any::<u8>(), 0..8));
    (prop::sample::select(&FIXTURES[..]), prop::collection::vec(cut, 1..6)).prop_map(|(name, cuts)| {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut bytes = std::fs::read(path).unwrap();
        for (at, length, insert) in cuts {
            let at = at.index(bytes.len() + 1);
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, insert);
        }
        (name, bytes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..400), name in prop::sample::select(&FIXTURES[..])) {
        digest(name, &bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = plan_file("plan.toml", &text, &Credentials::default());
        let _ = credentials(&text, &|_| None);
    }

    #[test]
    fn mutations((name, bytes) in mutated()) {
        digest(name, &bytes);
    }
}
