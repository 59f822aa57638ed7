//! "Only if it changed".

use drip_model::Text;

use super::{Harm, RequestPattern, Scope, Trial, same};
use crate::endpoint::Endpoint;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("conditional"),
    changes: "asks with If-None-Match and If-Modified-Since",
    finds: "what is kept to answer such questions: validators, copies of bodies",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    if endpoint.method != "GET" {
        return Err("only GET is asked so".to_owned());
    }
    let mut trial = Trial::usual(endpoint);
    let set = [("If-None-Match", "\"drip\""), ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")];
    trial.template.headers.extend(set.map(|(name, value)| (name.to_owned(), Text::literal(value))));
    Ok(trial)
}
