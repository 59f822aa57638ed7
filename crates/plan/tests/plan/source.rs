//! Descriptions for tests, and their requests as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use drip_plan::{Base, Description, Endpoint, Home, PlanError, Source, read};

/// A fixture as if it had been given for a service at port 3000 of this machine.
pub(crate) fn fixture(name: &str) -> Description {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).expect("the fixture is there");
    read(&source(name, &bytes)).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn source<'a>(name: &'a str, bytes: &'a [u8]) -> Source<'a> {
    Source { name, bytes, base: Base::File, home: Home::Loopback(Some(3000)), fetched: BTreeMap::new() }
}

/// A description in a text.
pub(crate) fn described(text: &str) -> Result<Description, PlanError> {
    read(&source("description.yaml", text.as_bytes()))
}

/// All that a description says, line by line.
pub(crate) fn listed(description: &Description) -> String {
    let mut out = format!("format: {}\n", description.format);
    for endpoint in &description.endpoints {
        list(endpoint, &mut out);
    }
    for skipped in &description.skipped {
        let _ = writeln!(out, "skipped {}: {}", skipped.what, skipped.why);
    }
    out
}

fn list(endpoint: &Endpoint, out: &mut String) {
    let request = endpoint.template(&|_, _| false).render(1, 0);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&"x".repeat(4096), "(4096 x)");
    let _ = writeln!(out, "{} = {} {}", endpoint.label(), endpoint.method, text(&request.target));
    for (name, value) in &request.headers {
        let _ = writeln!(out, "    {name}: {}", text(value));
    }
    if let Some(body) = &request.body {
        let _ = writeln!(out, "    body {:?}", text(body));
    }
    for (place, name, size) in endpoint.keys() {
        let _ = writeln!(out, "    varies: {} {name} ({size})", place.name());
    }
    for scheme in &endpoint.wants {
        let _ = writeln!(out, "    wants: {scheme}");
    }
}
