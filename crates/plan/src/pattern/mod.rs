//! Request patterns: what is done to an endpoint's request so that a leak shows. Each is one file and one line of
//! [`PATTERNS`].

mod aborted_download;
mod aborted_upload;
mod compressed;
mod conditional;
mod half_open;
mod malformed_body;
mod method_not_allowed;
mod new_connection;
mod no_cookie;
mod repeated;
mod slow_reader;
mod slow_upload;
mod unique_all;
mod unique_body;
mod unique_header;
mod unique_path;
mod unique_query;
mod unknown_path;

use drip_model::{Conduct, Expected, Key, Pattern, Template};

use crate::PlanError;
use crate::endpoint::{Endpoint, Place};
use crate::nearest::nearest;

/// One way to ask.
pub struct RequestPattern {
    /// Its name, and what is new each time.
    pub pattern: Pattern,
    /// What it changes in the request.
    pub changes: &'static str,
    /// Which leak it finds.
    pub finds: &'static str,
    /// Whether a service that is not ours may be asked so.
    pub harm: Harm,
    /// What the driver must be able to do, beyond sending a request and reading its answer.
    pub needs: Option<&'static str>,
    /// How many vectors it makes.
    pub scope: Scope,
    /// The request; where it does not apply, why.
    pub(crate) apply: fn(&Endpoint) -> Result<Trial, String>,
}

/// What a pattern may do to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// No more than any client.
    Harmless,
    /// It holds or breaks connections: only on a service that is ours.
    Hurts,
}

/// How many vectors a pattern makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One for each endpoint.
    Endpoint,
    /// One for the service, since no endpoint has a part in it.
    Service,
}

/// A request and how it is played.
pub(crate) struct Trial {
    pub(crate) endpoint: String,
    pub(crate) template: Template,
    pub(crate) conduct: Conduct,
    pub(crate) expect_status: Expected,
}

/// All patterns in the order in which they are tried: the plainest first.
pub static PATTERNS: &[RequestPattern] = &[
    repeated::PATTERN,
    unique_all::PATTERN,
    unique_query::PATTERN,
    unique_path::PATTERN,
    unique_header::PATTERN,
    unique_body::PATTERN,
    no_cookie::PATTERN,
    new_connection::PATTERN,
    unknown_path::PATTERN,
    method_not_allowed::PATTERN,
    malformed_body::PATTERN,
    conditional::PATTERN,
    compressed::PATTERN,
    aborted_upload::PATTERN,
    aborted_download::PATTERN,
    slow_upload::PATTERN,
    slow_reader::PATTERN,
    half_open::PATTERN,
];

impl Trial {
    /// The endpoint's own request, with those parts varied that `vary` names.
    fn of(endpoint: &Endpoint, vary: &dyn Fn(Place) -> bool) -> Self {
        Self {
            endpoint: endpoint.label(),
            template: endpoint.template(&|place, _| vary(place)),
            conduct: Conduct::Polite,
            expect_status: endpoint.expect_status,
        }
    }

    /// The same request over and over.
    fn usual(endpoint: &Endpoint) -> Self {
        Self::of(endpoint, &|_| false)
    }

    /// Whether it is asked so that the endpoint does what it is for.
    pub(crate) fn makes_something(&self) -> bool {
        let is_whole = matches!(self.conduct, Conduct::Polite | Conduct::FreshConnection);
        is_whole && self.expect_status != Expected::Refusal
    }

    /// Played like this.
    fn played(self, conduct: Conduct) -> Self {
        Self { conduct, ..self }
    }
}

/// The patterns that are named, `all`, or by default those that do no harm.
///
/// # Errors
/// When a name is none; the message has the nearest.
pub fn choose(names: &[String]) -> Result<Vec<&'static RequestPattern>, PlanError> {
    if names.is_empty() {
        return Ok(PATTERNS.iter().filter(|pattern| pattern.harm == Harm::Harmless).collect());
    }
    if names.iter().any(|name| name == "all") {
        return Ok(PATTERNS.iter().collect());
    }
    let known = || PATTERNS.iter().map(|pattern| pattern.pattern.name);
    if let Some(name) = names.iter().find(|name| !known().any(|known| known == name.as_str())) {
        let nearest = nearest(name, known()).unwrap_or("all");
        return Err(PlanError::Pattern { name: name.clone(), nearest: nearest.to_owned() });
    }
    Ok(PATTERNS.iter().filter(|pattern| names.iter().any(|name| name == pattern.pattern.name)).collect())
}

/// Whether any part at that place can vary.
fn varies(endpoint: &Endpoint, at: impl Fn(Place) -> bool) -> bool {
    endpoint.keys().into_iter().any(|(place, _, _)| at(place))
}

const fn keyed(name: &'static str, key: Key) -> Pattern {
    Pattern { name, key: Some(key) }
}

const fn same(name: &'static str) -> Pattern {
    Pattern { name, key: None }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_every_text_says_something() {
        let names: BTreeSet<_> = PATTERNS.iter().map(|pattern| pattern.pattern.name).collect();
        assert_eq!(names.len(), PATTERNS.len());
        for pattern in PATTERNS {
            let texts = [pattern.changes, pattern.finds];
            assert!(texts.iter().all(|text| text.len() > 10), "{}", pattern.pattern.name);
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let error = choose(&["unique-qery".into()]).err().unwrap().to_string();
        assert!(error.contains("unique-query"), "{error}");
        assert_eq!(choose(&["all".into()]).unwrap().len(), PATTERNS.len());
        assert!(choose(&[]).unwrap().iter().all(|pattern| pattern.harm == Harm::Harmless));
    }
}
