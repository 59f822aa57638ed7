//! A client that sends slowly.

use std::time::Duration;

use drip_model::{Conduct, Trickle};

use super::{Harm, RequestPattern, Scope, Trial, same};
use crate::endpoint::Endpoint;

const PACE: Trickle = Trickle { bytes: 32, every: Duration::from_millis(125) };

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("slow-upload"),
    changes: "sends the body at 256 bytes per second",
    finds: "what is held for each client that is not done, and never given back",
    harm: Harm::Hurts,
    needs: Some("to send slowly"),
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    if endpoint.body.is_none() {
        return Err("it has no body".to_owned());
    }
    Ok(Trial::usual(endpoint).played(Conduct::SlowWrite(PACE)))
}
