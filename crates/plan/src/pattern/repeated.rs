//! The same request over and over.

use drip_model::Pattern;

use super::{Harm, RequestPattern, Scope, Trial};

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: Pattern::REPEATED,
    changes: "nothing: the same request each time",
    finds: "what is kept of every request: logs, listeners, timers, closures",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply: |endpoint| Ok(Trial::usual(endpoint)),
};
