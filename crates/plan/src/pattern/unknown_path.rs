//! Paths that the service does not know.

use drip_model::{Expected, Key, Part, Slot, Template, Text};

use super::{Harm, RequestPattern, Scope, Trial, keyed};
use crate::endpoint::Endpoint;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: keyed("unknown-path", Key::Path),
    changes: "asks for another path each time that no service has",
    finds: "metrics, logs and route caches that keep something for each path, also for those not found",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Service,
    apply,
};

/// With the headers of an endpoint, since who is not let in learns nothing of paths.
fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let usual = Trial::usual(endpoint);
    let target = Text(vec![Part::Literal(b"/drip-unknown/".to_vec()), Part::Slot(Slot::Uuid)]);
    let headers = usual.template.headers;
    Ok(Trial {
        endpoint: "GET /drip-unknown/{uuid}".to_owned(),
        template: Template { method: "GET".into(), target, headers, ..Template::default() },
        expect_status: Expected::Refusal,
        ..Trial::usual(endpoint)
    })
}
