//! An answer that is compressed.

use drip_model::Text;

use super::{Harm, RequestPattern, Scope, Trial, same};
use crate::endpoint::Endpoint;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("compressed"),
    changes: "asks for an answer in gzip, deflate or br, as every browser does and curl does not",
    finds: "compressors that are not closed; their memory is outside the runtime's heap",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let mut trial = Trial::usual(endpoint);
    trial.template.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("accept-encoding"));
    trial.template.headers.push(("Accept-Encoding".into(), Text::literal("gzip, deflate, br")));
    Ok(trial)
}
