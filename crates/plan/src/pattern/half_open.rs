//! A client that has nothing more to say, and still listens.

use drip_model::Conduct;

use super::{Harm, RequestPattern, Scope, Trial, same};

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("half-open"),
    changes: "ends its half of the connection after the request, and reads the answer on the other half",
    finds: "connections that are given up when the client's half ends, with all that hangs on them",
    harm: Harm::Hurts,
    needs: Some("to end its half of a connection"),
    scope: Scope::Service,
    apply: |endpoint| Ok(Trial::usual(endpoint).played(Conduct::HalfOpen)),
};
