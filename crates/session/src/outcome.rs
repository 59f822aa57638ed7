//! From what was asked and read of one vector to its outcome.

use drip_judge::{Limit, forecast, forecast_of_time, growing_answers};
use drip_model::{
    Doubt, DoubtKind, Evidence, Interval, Outcome, Series, ServiceCost, Signal, Symptom, ToLimit, Undone,
    Unit, Verdict,
};

use crate::bench::Bench;
use crate::halt::Reason;
use crate::readings::Readings;
use crate::room::{growth_of, limits_of, scaled};
use crate::telemetry::is_this_machine;
use crate::trial::Trial;
use crate::verdict::{Judged, Known, weigh};
use crate::witness::Witness;

/// Methods by which data is stored.
const STORING: [&str; 3] = ["POST", "PUT", "PATCH"];

const SECONDS_PER_HOUR: f64 = 3600.0;

/// So many requests without a 429 say that there is no limit at that rate; the polite profile sends fewer.
const RATE_REQUESTS_MIN: u64 = 1000;

/// Weighs a finished trial.
pub(crate) async fn outcome(
    bench: &Bench<'_>,
    mut trial: Trial<'_>,
    died_of_it: bool,
    witness: &Witness,
) -> Outcome {
    let crash = if died_of_it { Some(witness.testify(bench.subject, trial.requests).await) } else { None };
    let opinions = std::mem::take(&mut trial.opinions);
    let confirmed = opinions.confirmed;
    let judged = weigh(Known {
        opinions,
        tally: &trial.tally,
        expect_status: trial.vector.expect_status,
        crash,
        process_was_replaced: trial.replaced || trial.readings.process_was_replaced(),
        memory_seen: bench.subject.scope.is_some() || bench.gauges.signal().is_some(),
        stranger: bench.subject.stranger.clone(),
        doubts: doubts(bench, &trial.readings),
        may_store: STORING.contains(&trial.vector.template.method.as_str())
            && !trial.undone.as_ref().is_some_and(Undone::is_whole),
    });
    let to_limit = to_limit(bench, &trial, &judged);
    let service_cost = service_cost(&trial);
    let sampled = Series { points: trial.samples.take(), ..Series::new(Signal::Anon) };
    let judged_by = judged.evidence.as_ref().map(|evidence| evidence.signal);
    let symptoms = symptoms(bench, &trial);
    let mut series = trial.readings.signals;
    // Counts are in the gauges; as a series of its own only the one that the verdict rests on.
    series.retain(|series| series.signal.unit() == Unit::Bytes || judged_by == Some(series.signal));
    series.push(sampled);
    series.retain(|series| !series.points.is_empty());
    Outcome {
        vector: trial.vector.id,
        endpoint: trial.vector.endpoint.clone(),
        pattern: trial.vector.pattern,
        verdict: judged.verdict,
        requests: trial.requests,
        tally: trial.tally,
        evidence: judged.evidence,
        others: judged.others,
        to_limit,
        doubts: judged.doubts,
        series,
        gauges: trial.readings.gauges,
        service_cost,
        confirmed,
        symptoms,
        latencies: trial.latencies,
        asked_with: trial.asked_with,
        undone: trial.undone,
    }
}

/// What a black box showed, and what shows whether memory is seen or not.
fn symptoms(bench: &Bench<'_>, trial: &Trial<'_>) -> Vec<Symptom> {
    let (requests, statuses) = (trial.tally.played(), &trial.tally.statuses);
    // On the machine itself nobody stands before the service who would count.
    let is_unlimited = !is_this_machine(&bench.subject.endpoint)
        && requests >= RATE_REQUESTS_MIN
        && !statuses.contains_key(&429);
    let unlimited = is_unlimited.then(|| Symptom::NoRateLimit { requests, per_second: trial.rate() });
    trial.symptoms.iter().copied().chain(growing_answers(&trial.sizes)).chain(unlimited).collect()
}

fn service_cost(trial: &Trial<'_>) -> ServiceCost {
    let (cpu, requests) = trial.cpu;
    let requests = u32::try_from(requests).ok().filter(|requests| *requests > 0 && !cpu.is_zero());
    ServiceCost {
        cpu_seconds_per_request: requests.map(|requests| cpu.as_secs_f64() / f64::from(requests)),
        longest_reading: trial.readings.longest,
    }
}

/// What the course of the run gives reason to doubt.
fn doubts(bench: &Bench<'_>, readings: &Readings) -> Vec<Doubt> {
    let halted = match bench.halt.reason() {
        Some(Reason::Interrupted) => Some(Doubt::new(
            DoubtKind::Interrupted,
            "the run was interrupted; it covers what was done until then",
        )),
        Some(Reason::Budget) => Some(Doubt::new(
            DoubtKind::BudgetSpent,
            "the service became so slow that the time was over; raise --budget",
        )),
        Some(Reason::MemoryGuard) => Some(Doubt::new(
            DoubtKind::MemoryGuard,
            format!(
                "the run was stopped when the service held more than {} MB, to protect this machine; --limit moves that bound",
                bench.guard_bytes / 1_000_000
            ),
        )),
        Some(Reason::Died) | None => None,
    };
    halted.into_iter().chain(bench.gauges.doubts(readings)).collect()
}

/// From the beginning of the judged part: how long a service lives that was just started and warmed up.
fn to_limit(bench: &Bench<'_>, trial: &Trial<'_>, judged: &Judged) -> Option<ToLimit> {
    let evidence = judged.evidence.as_ref()?;
    let fastest =
        growths(bench, trial, evidence, &judged.others).into_iter().filter_map(|(limit, growth)| {
            match judged.verdict {
                Verdict::Leaking | Verdict::Unbounded { .. } => {
                    forecast(&[limit], &growth, bench.settings().rate_expected)
                }
                // What fills the limit is not always what was judged: so many times as fast as that.
                Verdict::GrowingWithTime { per_hour } => {
                    let times = growth.estimate / evidence.per_request.estimate;
                    forecast_of_time(&[limit], &scaled(per_hour, times / SECONDS_PER_HOUR))
                }
                _ => None,
            }
        });
    fastest.min_by(|one, other| one.seconds.total_cmp(&other.seconds))
}

/// The limits, each with what fills it for each request.
fn growths(
    bench: &Bench<'_>,
    trial: &Trial<'_>,
    evidence: &Evidence,
    others: &[Evidence],
) -> Vec<(Limit, Interval)> {
    if evidence.signal.unit() == Unit::Count {
        let limit = descriptors(bench, &trial.readings, evidence.signal);
        return limit.map(|limit| (limit, evidence.per_request)).into_iter().collect();
    }
    let limits = limits_of(bench.settings(), bench.subject, &bench.gauges, &trial.readings, evidence.signal);
    let filled = |filling| growth_of(filling, evidence, others, &trial.readings);
    limits.into_iter().map(|(filling, limit)| (limit, filled(filling))).collect()
}

/// What ends the growth of descriptors, of which sockets are some.
fn descriptors(bench: &Bench<'_>, readings: &Readings, growing: Signal) -> Option<Limit> {
    if !matches!(growing, Signal::Descriptors | Signal::Sockets) {
        return None;
    }
    let used = drip_model::begin(&readings.series(Signal::Descriptors)?.points)?.value;
    let what = "descriptors that a process may open".to_owned();
    Some(Limit { amount: bench.gauges.bounds.descriptors()?, unit: Unit::Count, what, used })
}
