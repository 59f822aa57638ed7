//! An upload that the client breaks off.

use drip_model::{Conduct, HangUp, Template};

use super::malformed_body::whole_body;
use super::{Harm, RequestPattern, Scope, Trial, same};
use crate::endpoint::Endpoint;

pub(super) const PATTERN: RequestPattern = RequestPattern {
    pattern: same("aborted-upload"),
    changes: "hangs up after half of the body was sent",
    finds: "files, streams and buffers of uploads that never end, as in multer before 2.0 (CVE-2025-47935)",
    harm: Harm::Hurts,
    needs: Some("to hang up while it sends"),
    scope: Scope::Endpoint,
    apply,
};

fn apply(endpoint: &Endpoint) -> Result<Trial, String> {
    let trial = Trial::usual(endpoint);
    let body = whole_body(&trial.template).ok_or("it has no body")?;
    let head = head_bytes(&trial.template);
    Ok(trial.played(Conduct::HangUp(HangUp::Sent(head + body.len() / 2))))
}

/// About what stands before the body: the driver counts from the first byte of the request, and adds a few headers.
fn head_bytes(template: &Template) -> usize {
    /// Host, user agent, length and what surrounds them.
    const OURS: usize = 120;
    let request = template.render(0, 0);
    let lines: usize = request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    request.target.len() + lines + OURS
}
