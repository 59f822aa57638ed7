//! A client that reads slowly.

use std::time::Duration;

use drip_model::{Conduct, Trickle};

use super::{Harm, RequestPattern, Scope, Trial, same};

const PACE: Trickle = Trickle { bytes: 512, every: Duration::from_millis(125) };

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("slow-reader"),
    changes: "reads the answer at 4,096 bytes per second",
    finds: "answers that pile up in memory because nobody minds how fast they are taken",
    harm: Harm::Hurts,
    needs: Some("to read slowly"),
    scope: Scope::Endpoint,
    apply: |endpoint| Ok(Trial::usual(endpoint).played(Conduct::SlowRead(PACE))),
};
