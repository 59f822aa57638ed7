//! What was seen, before the texts of its page are added.

use drip_model::{Confidence, Finding, Platform, Runtime, Severity};

use crate::page::{Page, page};

/// What is known of the service beside its outcomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Context {
    /// Its runtime, where it was recognised.
    pub runtime: Option<Runtime>,
    /// Where it is deployed, where that is known.
    pub platform: Option<Platform>,
    /// Whether requests carried credentials that the service asks for.
    pub credentials_needed: bool,
    /// Requests per second that time is reckoned at.
    pub rate_expected: f64,
}

/// What an outcome, a symptom or a weakness amounts to.
pub(crate) struct Seen {
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) endpoint: Option<String>,
    pub(crate) description: String,
}

impl Seen {
    pub(crate) fn into_finding(self, context: &Context) -> Finding {
        let page = page(self.id).expect("ids here are written out, and a test looks each of them up");
        Finding {
            id: page.id,
            severity: self.severity,
            confidence: self.confidence,
            category: page.category,
            title: page.title.to_owned(),
            description: self.description,
            remediation: remediation(page, context),
            endpoint: self.endpoint,
            cwe: page.cwe,
        }
    }
}

fn remediation(page: &Page, context: &Context) -> String {
    let fix = page.fix.for_runtime(context.runtime);
    match context.platform {
        Some(platform) => format!("{fix}\n\nOn {platform}: {}", page.platform.on(platform)),
        None => fix.to_owned(),
    }
}
