//! Endpoints times patterns, as vectors; what is left out is listed with its reason.

use std::collections::BTreeMap;

use drip_model::{Template, Vector, VectorId};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};

use crate::caution;
use crate::endpoint::{Endpoint, Skipped};
use crate::pattern::{RequestPattern, Scope};
use crate::undo::undo_of;

/// Vectors of one plan; nobody waits for more, and each takes memory.
const VECTORS_MAX: usize = 20_000;

/// What is made of a description.
#[derive(Debug, Default)]
pub struct Plan {
    /// What is tested, by pattern and then by endpoint: the plainest questions come first.
    pub vectors: Vec<Vector>,
    /// What is not, and why.
    pub skipped: Vec<Skipped>,
}

/// Plans every pattern for every endpoint that may be asked.
pub fn plan(endpoints: &[Endpoint], patterns: &[&RequestPattern], unsafe_methods: bool) -> Plan {
    let mut plan = Plan::default();
    let mut asked = Vec::new();
    for endpoint in endpoints {
        match caution::refusal(endpoint).filter(|_| !unsafe_methods) {
            Some(why) => plan.skipped.push(Skipped::new(endpoint.label(), why)),
            None => asked.push(endpoint),
        }
    }
    for pattern in patterns {
        let some = match pattern.scope {
            Scope::Endpoint => asked.as_slice(),
            Scope::Service => asked.get(..1).unwrap_or_default(),
        };
        let (kept, rest) = some.split_at(some.len().min(VECTORS_MAX - plan.vectors.len()));
        for endpoint in kept {
            plan.add(pattern, endpoint, &asked);
        }
        if !rest.is_empty() {
            let what = format!("{} of {} endpoints", pattern.pattern.name, rest.len());
            plan.skipped.push(Skipped::new(what, format!("a plan holds at most {VECTORS_MAX} vectors")));
        }
    }
    plan.leave_out_what_undoes();
    plan
}

impl Plan {
    /// What deletes what another one makes is asked after that one, about things that exist: asked by itself it would be
    /// about things that nobody made.
    fn leave_out_what_undoes(&mut self) {
        let undoing =
            |vector: &Vector| Some((vector.undo.as_ref()?.endpoint.clone(), vector.endpoint.clone()));
        let makers: BTreeMap<String, String> = self.vectors.iter().filter_map(undoing).collect();
        self.vectors.retain(|vector| !makers.contains_key(&vector.endpoint));
        let is_one_of_its_patterns =
            |what: &str| what.rsplit_once(", ").is_some_and(|(endpoint, _)| makers.contains_key(endpoint));
        self.skipped.retain(|skipped| !is_one_of_its_patterns(&skipped.what));
        for (place, vector) in self.vectors.iter_mut().enumerate() {
            vector.id = VectorId(place);
        }
        let why = |maker| format!("asked only to delete again what {maker} makes");
        self.skipped.extend(makers.into_iter().map(|(what, maker)| Skipped::new(what, why(maker))));
    }

    fn add(&mut self, pattern: &RequestPattern, endpoint: &Endpoint, all: &[&Endpoint]) {
        let made = (pattern.apply)(endpoint).and_then(|trial| sendable(&trial.template).map(|()| trial));
        match made {
            Ok(trial) => self.vectors.push(Vector {
                undo: undo_of(endpoint, &trial.template, all).filter(|_| trial.makes_something()),
                id: VectorId(self.vectors.len()),
                endpoint: trial.endpoint,
                pattern: pattern.pattern,
                template: trial.template,
                conduct: trial.conduct,
                weight: 1,
                expect_status: trial.expect_status,
            }),
            Err(why) => {
                self.skipped
                    .push(Skipped::new(format!("{}, {}", endpoint.label(), pattern.pattern.name), why));
            }
        }
    }
}

/// Whether HTTP allows a request at all. A header's value is never repeated.
pub(crate) fn sendable(template: &Template) -> Result<(), String> {
    Method::from_bytes(template.method.as_bytes())
        .map_err(|_| format!("{} is no method that can be sent", template.method))?;
    let sample = template.render(0, 0);
    if PathAndQuery::try_from(sample.target.as_slice()).is_err() || !sample.target.starts_with(b"/") {
        return Err("its path or query holds a character that cannot be sent".to_owned());
    }
    for (name, value) in &sample.headers {
        if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_bytes(value).is_err() {
            return Err(format!("its header {name:?} cannot be sent"));
        }
    }
    Ok(())
}
