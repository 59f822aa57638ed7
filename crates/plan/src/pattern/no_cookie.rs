//! A visitor without a cookie.

use drip_model::Key;

use super::{Harm, RequestPattern, Scope, Trial, keyed};
use crate::endpoint::Endpoint;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: keyed("no-cookie", Key::Session),
    changes: "leaves out every cookie, so that each request comes from a new visitor",
    finds: "a session store in memory that nobody empties",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let mut trial = Trial::usual(endpoint);
    let all = trial.template.headers.len();
    trial.template.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("cookie"));
    if trial.template.headers.len() == all {
        return Err("it carries no cookie, so each of its requests is a new visitor's already".to_owned());
    }
    Ok(trial)
}
