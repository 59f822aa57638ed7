//! A body never seen before.

use drip_model::Pattern;

use super::{Harm, RequestPattern, Scope, Trial, varies};
use crate::endpoint::Place;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: Pattern::UNIQUE_BODY,
    changes: "every field of the body that can vary",
    finds: "a cache without a limit whose key is a field of the body, or its hash",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply: |endpoint| {
        let in_body = |place| place == Place::Body;
        let trial = varies(endpoint, in_body).then(|| Trial::of(endpoint, &in_body));
        trial.ok_or_else(|| "it has no body that can vary".to_owned())
    },
};
