//! A path never seen before.

use drip_model::Pattern;

use super::{Harm, RequestPattern, Scope, Trial, varies};
use crate::endpoint::Place;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: Pattern::UNIQUE_PATH,
    changes: "every parameter of the path that can vary",
    finds: "a cache without a limit whose key is an id, metrics labelled by the raw path",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply: |endpoint| {
        let in_path = |place| place == Place::Path;
        let trial = varies(endpoint, in_path).then(|| Trial::of(endpoint, &in_path));
        trial.ok_or_else(|| "its path has no parameter that can vary".to_owned())
    },
};
