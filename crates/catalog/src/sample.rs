//! Outcomes for tests: one honest default, changed by each test where it matters.

use drip_model::{
    ByRequests, Doubt, Evidence, Growth, Interval, Outcome, Pattern, ServiceCost, Signal, Tally, ToLimit,
    Unit, VectorId, Verdict,
};

pub(crate) fn outcome(verdict: Verdict, evidence: Option<Evidence>) -> Outcome {
    Outcome {
        vector: VectorId(0),
        endpoint: "GET /data".to_owned(),
        pattern: Pattern::REPEATED,
        verdict,
        requests: 41_200,
        tally: Tally { completed: 41_200, statuses: [(200, 41_200)].into(), ..Tally::default() },
        evidence,
        others: Vec::new(),
        to_limit: None,
        doubts: Vec::<Doubt>::new(),
        series: Vec::new(),
        gauges: Vec::new(),
        service_cost: ServiceCost::default(),
        confirmed: Some(true),
        symptoms: Vec::new(),
        latencies: Vec::new(),
        asked_with: None,
        undone: None,
    }
}

pub(crate) fn evidence(signal: Signal) -> Evidence {
    Evidence {
        signal,
        growth: Growth::Grows,
        per_request: Interval { low: 421.0, estimate: 439.2, high: 457.0, level: 0.99 },
        smallest_detectable: 35.0,
        requests: 41_200,
        thresholds: Vec::new(),
        doubts: Vec::new(),
    }
}

pub(crate) fn leak(signal: Signal, seconds: f64) -> Outcome {
    let to_limit = ToLimit {
        amount: 271_581_184,
        unit: Unit::Bytes,
        limit: "V8 heap limit in 512 MiB".to_owned(),
        seconds,
        seconds_range: (seconds * 0.9, Some(seconds * 1.1)),
        by_requests: Some(ByRequests {
            requests: seconds * 10.0,
            range: (seconds * 9.0, Some(seconds * 11.0)),
            rate_per_second: 10.0,
        }),
    };
    Outcome { to_limit: Some(to_limit), ..outcome(Verdict::Leaking, Some(evidence(signal))) }
}
