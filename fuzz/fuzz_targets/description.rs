//! Every reader of descriptions, given anything: no text makes one panic, or plan a request that cannot be sent.
//!
//! `cargo +nightly fuzz run description fuzz/corpus/description crates/plan/tests/fixtures` in the root of the repository.
#![no_main]

use std::collections::BTreeMap;

use drip_plan::{Base, Home, Source, choose, plan, read};
use libfuzzer_sys::fuzz_target;

/// Endings of names are what a format may go by.
const NAMES: [&str; 6] = ["api.json", "api.yaml", "recorded.har", "collection.json", "requests.http", "curl.txt"];

fuzz_target!(|data: &[u8]| {
    for name in NAMES {
        let source =
            Source { name, bytes: data, base: Base::File, home: Home::Loopback(None), fetched: BTreeMap::new() };
        let Ok(description) = read(&source) else { continue };
        let planned = plan(&description.endpoints, &choose(&["all".to_owned()]).unwrap(), true);
        for vector in planned.vectors.iter().take(50) {
            let rendered = vector.template.render(7, 3);
            assert!(rendered.target.starts_with(b"/"), "{name}: {vector:?}");
        }
    }
});
