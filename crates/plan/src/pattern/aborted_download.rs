//! An answer that the client does not wait for.

use drip_model::{Conduct, HangUp};

use super::{Harm, RequestPattern, Scope, Trial, same};

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("aborted-download"),
    changes: "hangs up when the answer begins",
    finds: "streams, cursors and upstream requests that go on for a client that is gone",
    harm: Harm::Hurts,
    needs: Some("to hang up while it receives"),
    scope: Scope::Endpoint,
    apply: |endpoint| Ok(Trial::usual(endpoint).played(Conduct::HangUp(HangUp::Received(1)))),
};
