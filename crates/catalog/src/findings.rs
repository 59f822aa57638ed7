//! All that was seen of a service, as its findings.

use std::cmp::Reverse;
use std::collections::HashSet;

use drip_model::{Finding, Outcome, Weakness};

use crate::seen::Context;
use crate::{from_outcome, from_symptom, from_weakness};

/// The findings that these outcomes amount to, worst first. Of two with the same id and endpoint only the
/// worse is kept: it is one thing to be mended, however many patterns showed it.
pub fn findings(outcomes: &[Outcome], weaknesses: &[Weakness], context: &Context) -> Vec<Finding> {
    let mut found: Vec<Finding> = outcomes
        .iter()
        .flat_map(|outcome| from_symptom::seen_in(outcome).chain(from_outcome::seen_in(outcome, context)))
        .chain(weaknesses.iter().map(from_weakness::seen_in))
        .map(|seen| seen.into_finding(context))
        .collect();
    found.sort_by_key(|finding| (Reverse(finding.severity), Reverse(finding.confidence), finding.id));
    let mut kept = HashSet::new();
    found.retain(|finding| kept.insert((finding.id, finding.endpoint.clone())));
    found
}
