//! A body that ends in the middle.

use drip_model::{Body, Expected, Template, Text};

use super::{Harm, RequestPattern, Scope, Trial, same};
use crate::endpoint::Endpoint;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("malformed-body"),
    changes: "sends a whole request whose body is cut in the middle of its text",
    finds: "what a parser leaves behind when it fails: buffers, temporary files, error objects",
    harm: Harm::Harmless,
    needs: None,
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let mut trial = Trial::usual(endpoint);
    let body = whole_body(&trial.template).ok_or("it has no body")?;
    trial.template.body = Body::Text(Text::literal(&body[..body.len() / 2]));
    trial.expect_status = Expected::Refusal;
    Ok(trial)
}

/// The body of a request that is the same each time.
pub(super) fn whole_body(template: &Template) -> Option<Vec<u8>> {
    template.render(0, 0).body.filter(|body| body.len() > 1)
}
