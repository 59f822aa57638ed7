//! A query never seen before.

use drip_model::{Part, Pattern, Slot, Template};

use super::{Harm, RequestPattern, Scope, Trial};
use crate::endpoint::{Endpoint, Place};

/// What jQuery and others have long called a parameter that only makes a URL new.
const FRESH: &str = "_";
/// A parameter of fewer values cannot make a URL new for long.
const MANY: u64 = 1_000_000;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: Pattern::UNIQUE_QUERY,
    changes: "every parameter of the query that can vary; where none has many values, one more, _, is added",
    finds: "a cache without a limit whose key is the query or the whole URL",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let mut trial = Trial::of(endpoint, &|place| place == Place::Query);
    add_key(endpoint, &mut trial.template);
    Ok(trial)
}

/// Makes the URL new where no parameter of its own does.
pub(super) fn add_key(endpoint: &Endpoint, template: &mut Template) {
    if endpoint.keys().into_iter().any(|(place, _, size)| place == Place::Query && size >= MANY) {
        return;
    }
    let has_query =
        template.target.0.iter().any(|part| matches!(part, Part::Literal(text) if text.contains(&b'?')));
    let separator = if has_query { '&' } else { '?' };
    template.target.0.push(Part::Literal(format!("{separator}{FRESH}=").into_bytes()));
    template.target.0.push(Part::Slot(Slot::Hex));
}
