//! Headers never seen before.

use drip_model::{Escape, Part, Pattern, Slot, Template, Text, Value};

use super::{Harm, RequestPattern, Scope, Trial};
use crate::endpoint::{Endpoint, Place};
use crate::schema::ipv4;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: Pattern::UNIQUE_HEADER,
    changes: "every header that can vary; User-Agent, X-Forwarded-For and X-Request-Id where nobody sets them",
    finds: "rate limiters, tracing and caches that keep something for each address, agent, request id or tenant",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let mut trial = Trial::of(endpoint, &|place| place == Place::Header);
    add_keys(&mut trial.template);
    Ok(trial)
}

/// What any request may carry, and what services commonly keep something for.
pub(super) fn add_keys(template: &mut Template) {
    let agent = Text(vec![Part::Literal(b"drip ".to_vec()), Part::Slot(Slot::Hex)]);
    let address = Text(vec![Part::Value(Value::new(ipv4(), Escape::Plain))]);
    let request = Text(vec![Part::Slot(Slot::Uuid)]);
    for (name, text) in [("User-Agent", agent), ("X-Forwarded-For", address), ("X-Request-Id", request)] {
        if !template.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            template.headers.push((name.to_owned(), text));
        }
    }
}
