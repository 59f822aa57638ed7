//! Every part that can vary is new each time: the screening form, which finds that some key is kept, and not which.

use drip_model::Key;

use super::{Harm, RequestPattern, Scope, Trial, keyed, unique_header, unique_query};
use crate::endpoint::Endpoint;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: keyed("unique-all", Key::Several),
    changes: "path, query, headers and body at once, wherever they can be new each time",
    finds: "a cache without a limit, whichever part of the request is its key",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let mut trial = Trial::of(endpoint, &|_| true);
    unique_query::add_key(endpoint, &mut trial.template);
    unique_header::add_keys(&mut trial.template);
    Ok(trial)
}
