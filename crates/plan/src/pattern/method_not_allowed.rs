//! A method that the service does not allow.

use drip_model::{Body, Expected};

use super::{Harm, RequestPattern, Scope, Trial, same};
use crate::endpoint::Endpoint;

/// Safe by its definition (RFC 4918, 9.1), known to every HTTP parser, and served by hardly anybody.
const METHOD: &str = "PROPFIND";

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("method-not-allowed"),
    changes: "asks with PROPFIND, which is safe and which hardly any service allows",
    finds: "what is kept of every refusal, as in aiohttp before 3.10.11 (CVE-2024-52303)",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Service,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let mut trial = Trial::usual(endpoint);
    trial.endpoint = format!("{METHOD} {}", endpoint.path);
    trial.template.method = METHOD.to_owned();
    trial.template.body = Body::None;
    trial.expect_status = Expected::Refusal;
    Ok(trial)
}
