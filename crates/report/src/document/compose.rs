//! A report becomes a document: names, units and rounding. It must never decide anything.

use std::time::{Duration, SystemTime};

use drip_model as model;
use jiff::{Timestamp, TimestampRound};

use super::{
    ByRequests, Crash, Document, Doubt, Environment, Evidence, Finding, Floor, Footprint, Gap, Gauge,
    Interval, Latencies, Latency, LatencyDose, Point, Range, SCHEMA, Series, Service, Settings, Signal,
    Tally, Threshold, ToLimit, Undone, Unit, Vector, thin,
};
use crate::quantity::{at_decimals, rounded};

/// Digits that survive where a number is smaller than these digits and one decimal can hold.
const DIGITS: i32 = 4;

/// The document of a report, scored by this version of the scoring rules.
pub fn document(report: &model::Report, scoring: u32, environment: Environment) -> Document {
    Document {
        schema: SCHEMA.to_owned(),
        id: report.id.clone(),
        status: report.status.into(),
        url: report.origin.to_string(),
        verdict: report.worst().map(|outcome| (&outcome.verdict).into()),
        score: report.score.map(|score| score.points),
        grade: report.score.map(|score| score.grade),
        grade_basis: report.score.map(|score| score.basis.into()),
        scoring,
        created_at: timestamp(report.created_at),
        completed_at: timestamp(report.completed_at),
        service: service(&report.service),
        settings: settings(&report.settings),
        replay: None,
        not_tested: Vec::new(),
        environment,
        doubts: report.doubts.iter().map(doubt).collect(),
        vectors: report.outcomes.iter().map(vector).collect(),
        findings: report.findings.iter().map(finding).collect(),
        footprint: footprint(&report.footprint),
        notifications: Vec::new(),
    }
}

/// A clock that stands outside the calendar (years beyond 9999) is as good as none: the epoch.
fn timestamp(at: SystemTime) -> Timestamp {
    let exact = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
    exact.round(TimestampRound::new().smallest(jiff::Unit::Millisecond)).unwrap_or(exact)
}

fn service(service: &model::Service) -> Service {
    Service {
        command: service.command.clone(),
        pid: service.pid,
        runtime: service.runtime.map(Into::into),
        protocol: service.protocol.map(|protocol| protocol.name().to_owned()),
        floor: service.floor.as_ref().map(floor),
        log: service.log.clone(),
        last_output: service.last_output.clone(),
    }
}

fn floor(floor: &model::FloorUsed) -> Floor {
    Floor { name: floor.name.clone(), how: floor.how.clone(), passed_over: floor.passed_over.clone() }
}

fn settings(settings: &model::Settings) -> Settings {
    Settings {
        users: settings.users,
        threads: Some(settings.threads).filter(|threads| *threads > 1),
        rate: settings.rate.and_then(finite),
        budget_seconds: seconds(settings.budget),
        requests_max: settings.requests_max,
        seed: settings.seed,
        dose_seconds: seconds(settings.dose),
        continuous: settings.continuous,
        assume_cache_bytes: settings.assume_cache,
        limit_bytes: settings.limit,
        rate_expected: sensible(settings.rate_expected),
        owned_host: settings.owned_host.clone(),
    }
}

fn vector(outcome: &model::Outcome) -> Vector {
    let evidence = outcome.evidence.as_ref();
    let signal = signal(outcome);
    Vector {
        endpoint: outcome.endpoint.clone(),
        pattern: outcome.pattern.name.to_owned(),
        verdict: (&outcome.verdict).into(),
        signal,
        unit: signal.map(unit),
        growth: evidence.map(|evidence| (&evidence.growth).into()),
        requests: outcome.requests,
        judged_requests: evidence.map(|evidence| evidence.requests),
        per_request: evidence.and_then(|evidence| interval(&evidence.per_request)),
        smallest_detectable: evidence.and_then(|evidence| finite(evidence.smallest_detectable)),
        per_hour: per_hour(&outcome.verdict),
        plateau: plateau(outcome),
        key: key(&outcome.verdict),
        crash: crash(&outcome.verdict),
        to_limit: outcome.to_limit.as_ref().map(to_limit),
        confirmed: outcome.confirmed,
        asked_with: outcome.asked_with.map(|others| others as u64),
        undone: outcome.undone.as_ref().map(undone),
        doubts: doubts(outcome),
        thresholds: evidence.map(|evidence| thresholds(&evidence.thresholds)).unwrap_or_default(),
        tally: tally(&outcome.tally),
        latencies: latencies(&outcome.latencies),
        others: outcome.others.iter().map(other).collect(),
        series: outcome.series.iter().map(series).collect(),
        gauges: outcome.gauges.iter().map(gauge).collect(),
        service_cpu_seconds_per_request: outcome.service_cost.cpu_seconds_per_request.and_then(finite),
        longest_reading_seconds: outcome.service_cost.longest_reading.map(to_tenths_of_milliseconds),
    }
}

fn undone(undone: &model::Undone) -> Undone {
    Undone { by: undone.by.clone(), made: undone.made, deleted: undone.deleted }
}

fn latencies(windows: &[model::LatencyWindow]) -> Option<Latencies> {
    let dose = |window: &model::LatencyWindow| LatencyDose {
        requests: window.requests,
        counts: window.counts.to_vec(),
    };
    let edges_ms = model::LATENCY_EDGES.iter().map(|edge| edge.as_secs_f64() * 1e3).collect();
    (!windows.is_empty()).then(|| Latencies { edges_ms, doses: windows.iter().map(dose).collect() })
}

/// A reading takes milliseconds.
fn to_tenths_of_milliseconds(time: Duration) -> f64 {
    at_decimals(time.as_secs_f64(), 4)
}

fn gauge(gauge: &model::Gauge) -> Gauge {
    Gauge {
        name: gauge.name.clone(),
        unit: gauge.unit.into(),
        per_request: gauge.per_request().and_then(finite),
        points: gauge.points.iter().copied().map(point).collect(),
    }
}

/// Without evidence, a run that saw no memory still saw symptoms; one that did see memory has no signal to name.
fn signal(outcome: &model::Outcome) -> Option<Signal> {
    let blind = || outcome.doubts.iter().any(|doubt| doubt.kind == model::DoubtKind::MemoryNotSeen);
    match &outcome.evidence {
        Some(evidence) => Some(evidence.signal.into()),
        None => blind().then_some(Signal::Symptoms),
    }
}

fn unit(signal: Signal) -> Unit {
    model::Signal::from(signal).unit().into()
}

fn per_hour(verdict: &model::Verdict) -> Option<Interval> {
    match verdict {
        model::Verdict::GrowingWithTime { per_hour } => interval(per_hour),
        _ => None,
    }
}

fn plateau(outcome: &model::Outcome) -> Option<f64> {
    match (&outcome.verdict, outcome.evidence.as_ref().map(|evidence| &evidence.growth)) {
        (model::Verdict::Settling { plateau }, _) | (_, Some(model::Growth::Bounded { plateau })) => {
            finite(*plateau)
        }
        _ => None,
    }
}

fn key(verdict: &model::Verdict) -> Option<String> {
    match verdict {
        model::Verdict::Unbounded { key } => Some(key.clone()),
        _ => None,
    }
}

fn crash(verdict: &model::Verdict) -> Option<Crash> {
    let model::Verdict::Crashed(crash) = verdict else { return None };
    let (exit_code, signal) = match crash.exit {
        model::Exit::Code(code) => (Some(code), None),
        model::Exit::Signal(signal) => (None, Some(signal)),
        model::Exit::Unseen => (None, None),
    };
    let out_of_memory = crash.out_of_memory.clone();
    Some(Crash { exit_code, signal, after_requests: crash.after_requests, out_of_memory })
}

fn to_limit(to_limit: &model::ToLimit) -> ToLimit {
    ToLimit {
        limit_bytes: (to_limit.unit == model::Unit::Bytes).then_some(to_limit.amount),
        limit_count: (to_limit.unit == model::Unit::Count).then_some(to_limit.amount),
        limit: to_limit.limit.clone(),
        by_requests: to_limit.by_requests.as_ref().map(by_requests),
        seconds: whole(to_limit.seconds),
        seconds_range: Some(range(to_limit.seconds_range)),
    }
}

fn by_requests(by: &model::ByRequests) -> ByRequests {
    ByRequests {
        requests: whole(by.requests),
        requests_range: range(by.range),
        rate_per_second: sensible(by.rate_per_second),
    }
}

fn range((low, high): (f64, Option<f64>)) -> Range {
    Range { low: whole(low), high: high.map(whole) }
}

/// Those of the vector, then those of its evidence that it does not repeat.
fn doubts(outcome: &model::Outcome) -> Vec<Doubt> {
    let mut all: Vec<Doubt> = outcome.doubts.iter().map(doubt).collect();
    for further in outcome.evidence.iter().flat_map(|evidence| &evidence.doubts).map(doubt) {
        if !all.contains(&further) {
            all.push(further);
        }
    }
    all
}

fn doubt(doubt: &model::Doubt) -> Doubt {
    Doubt { kind: doubt.kind.name().to_owned(), message: doubt.message.clone() }
}

/// A threshold that was never set (not finite) was never used.
fn thresholds(thresholds: &[model::Threshold]) -> Vec<Threshold> {
    let threshold = |threshold: &model::Threshold| {
        let value = finite(threshold.value)?;
        let (name, why) = (threshold.name.to_owned(), threshold.why.to_owned());
        Some(Threshold { name, value, unit: threshold.unit.map(Unit::from), why })
    };
    thresholds.iter().filter_map(threshold).collect()
}

fn other(evidence: &model::Evidence) -> Evidence {
    let plateau = match evidence.growth {
        model::Growth::Bounded { plateau } => finite(plateau),
        _ => None,
    };
    Evidence {
        signal: evidence.signal.into(),
        unit: evidence.signal.unit().into(),
        growth: (&evidence.growth).into(),
        plateau,
        judged_requests: evidence.requests,
        per_request: interval(&evidence.per_request),
        smallest_detectable: finite(evidence.smallest_detectable),
        thresholds: thresholds(&evidence.thresholds),
        doubts: evidence.doubts.iter().map(doubt).collect(),
    }
}

fn tally(tally: &model::Tally) -> Tally {
    let errors = tally.errors.iter().map(|(kind, count)| (kind.describe().to_owned(), *count));
    Tally {
        completed: tally.completed,
        statuses: tally.statuses.clone(),
        errors: errors.collect(),
        first_error: tally.first_error.clone(),
        body_bytes: tally.body_bytes,
        bodies_cut: tally.bodies_cut,
        busy_seconds: seconds(tally.busy),
        latency_ms: Latency { p50: millis(tally.latency_p50), p99: millis(tally.latency_p99) },
    }
}

fn series(series: &model::Series) -> Series {
    let gap = |gap: &model::Gap| Gap { at_seconds: seconds(gap.at), reason: gap.reason.clone() };
    Series {
        signal: series.signal.into(),
        readings: series.points.len() as u64,
        missed: series.gaps.len() as u64,
        points: thin::points(&series.points).into_iter().map(point).collect(),
        gaps: thin::gaps(&series.gaps).iter().map(gap).collect(),
    }
}

fn point(point: model::Point) -> Point {
    let stage = point.stage.into();
    Point { at_seconds: seconds(point.at), requests: point.requests, value: point.value, stage }
}

fn finding(finding: &model::Finding) -> Finding {
    Finding {
        id: finding.id.to_owned(),
        severity: finding.severity.into(),
        confidence: finding.confidence.into(),
        category: finding.category.into(),
        title: finding.title.clone(),
        description: finding.description.clone(),
        remediation: finding.remediation.clone(),
        endpoint: finding.endpoint.clone(),
        cwe: finding.cwe.iter().map(|&cwe| cwe.to_owned()).collect(),
        locations: Vec::new(),
        suppressed: None,
    }
}

fn footprint(footprint: &model::Footprint) -> Footprint {
    Footprint {
        requests: footprint.requests,
        cpu_seconds: at_decimals(footprint.cpu_seconds, 2),
        peak_rss_bytes: footprint.peak_rss_bytes,
        wall_seconds: at_decimals(footprint.wall_seconds, 1),
    }
}

/// JSON has no infinity: an interval that is open at one end is none.
fn interval(interval: &model::Interval) -> Option<Interval> {
    let low = finite(interval.low)?;
    let estimate = finite(interval.estimate)?;
    let high = finite(interval.high)?;
    Some(Interval { low, estimate, high, level: interval.level })
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then(|| sensible(value))
}

/// One decimal for what is large, four digits for what is small: 439.2 bytes, but 0.003125 descriptors.
fn sensible(value: f64) -> f64 {
    if value.abs() >= 1000.0 { at_decimals(value, 1) } else { rounded(value, DIGITS) }
}

fn seconds(duration: Duration) -> f64 {
    at_decimals(duration.as_secs_f64(), 2)
}

fn millis(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1000.0, DIGITS)
}

/// Requests and seconds are whole; what does not fit is the largest number there is.
fn whole(value: f64) -> u64 {
    value.round() as u64
}
