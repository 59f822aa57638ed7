//! A connection of its own for each request.

use drip_model::Conduct;

use super::{Harm, RequestPattern, Scope, Trial, same};

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("new-connection"),
    changes: "each request has a connection of its own",
    finds: "what is kept of every connection: sockets, listeners, buffers",
    harm: Harm::Harmless,
    needs: Some("a new connection for each request"),
    scope: Scope::Endpoint,
    apply: |endpoint| Ok(Trial::usual(endpoint).played(Conduct::FreshConnection)),
};
