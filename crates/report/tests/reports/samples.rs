//! One report for each thing that a run can find, with readings made by a formula.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use drip_model::{
    ByRequests, Category, Confidence, Crash, Doubt, DoubtKind, ErrorKind, Evidence, Exit, Finding, FloorUsed,
    Footprint, Gap, Gauge, GradeBasis, Growth, Interval, LatencyCounts, LatencyWindow, Origin, Outcome,
    Pattern, Point, Report, Runtime, Scheme, Score, Series, Service, ServiceCost, Settings, Severity, Signal,
    Stage, Status, Tally, Threshold, ToLimit, Unit, VectorId, Verdict,
};
use drip_report::{Document, Environment, document};

const DOSES: u64 = 16;
const WARM_UP_DOSES: u64 = 4;
const PER_DOSE: u64 = 2_575;
const DOSE_SECONDS: f64 = 1.5;
const SCORING: u32 = 1;

/// All of them, by name.
pub(crate) fn all() -> Vec<(&'static str, Document)> {
    let compose = |(name, report)| (name, document(&report, SCORING, environment()));
    let reports = [
        ("leaking-node", leaking_node()),
        ("unbounded", unbounded()),
        ("growing-with-time", growing_with_time()),
        ("steady", steady()),
        ("settling", settling()),
        ("unclear-cache", unclear_cache()),
        ("unclear-black-box", unclear_black_box()),
        ("crashed", crashed()),
        ("partial", partial()),
        ("several", several()),
        ("descriptors", descriptors()),
        ("nothing", nothing()),
    ];
    reports.into_iter().map(compose).collect()
}

pub(crate) fn by_name(name: &str) -> Document {
    all().into_iter().find(|sample| sample.0 == name).expect("a sample of this name").1
}

fn environment() -> Environment {
    Environment { drip_version: "0.1.0".into(), os: "linux".into(), arch: "x86_64".into(), cpus: 2 }
}

/// A number between -1 and 1 that looks like noise and is the same each time.
fn noise(n: u64) -> f64 {
    let mixed = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as f64 / f64::from(1 << 23) - 1.0
}

/// Readings at rest after each dose, by a formula of the requests so far.
pub(crate) fn dosed(signal: Signal, scatter: f64, value: impl Fn(f64) -> f64) -> Series {
    let reading = |dose: u64| Point {
        at: Duration::from_secs_f64(dose as f64 * DOSE_SECONDS * 1.2 + 0.8),
        requests: dose * PER_DOSE,
        value: (value((dose * PER_DOSE) as f64) + scatter * noise(dose)) as u64,
        stage: match dose {
            0 => Stage::Baseline,
            1..=WARM_UP_DOSES => Stage::WarmUp,
            _ => Stage::Dose,
        },
    };
    let mut points: Vec<Point> = (0..=DOSES).map(reading).collect();
    let last = points[DOSES as usize];
    let idle = last.at + Duration::from_secs_f64(DOSE_SECONDS * 1.2);
    points.push(Point { at: idle, stage: Stage::Idle, ..last });
    Series { signal, points, gaps: Vec::new() }
}

/// Readings of a sampler, more than a document keeps.
pub(crate) fn sampled(value: impl Fn(f64) -> f64) -> Series {
    let reading = |n: u64| {
        let requests = n * DOSES * PER_DOSE / 1_500;
        let sawtooth = (n % 40) as f64 * 120e3;
        Point {
            at: Duration::from_millis(n * 20),
            requests,
            value: (value(requests as f64) + sawtooth + 300e3 * noise(n)) as u64,
            stage: Stage::Load,
        }
    };
    let gap = Gap { at: Duration::from_millis(7_310), reason: "the process was being replaced".into() };
    Series { signal: Signal::Anon, points: (0..1_500).map(reading).collect(), gaps: vec![gap] }
}

fn interval(low: f64, estimate: f64, high: f64) -> Interval {
    Interval { low, estimate, high, level: 0.99 }
}

fn evidence(signal: Signal, growth: Growth, per_request: Interval, smallest: f64) -> Evidence {
    let thresholds = vec![
        Threshold {
            name: "allowance",
            value: 0.5e6,
            unit: Some(Unit::Bytes),
            why: "growth that a healthy service of this runtime may show during a run",
        },
        Threshold {
            name: "cache",
            value: 16e6,
            unit: Some(Unit::Bytes),
            why: "what a cache may hold; growth below it could be one that is still filling",
        },
    ];
    Evidence {
        signal,
        growth,
        per_request,
        smallest_detectable: smallest,
        requests: (DOSES - WARM_UP_DOSES) * PER_DOSE,
        thresholds,
        doubts: Vec::new(),
    }
}

/// Most in one class, and more and more in a slower one.
fn latencies(dose: u64) -> LatencyWindow {
    let mut counts = LatencyCounts::default();
    (counts[5], counts[9]) = (PER_DOSE - 10 * dose, 10 * dose);
    LatencyWindow { requests: dose * PER_DOSE, counts }
}

fn tally(requests: u64) -> Tally {
    Tally {
        completed: requests,
        statuses: BTreeMap::from([(200, requests)]),
        body_bytes: requests * 130,
        busy: Duration::from_micros(requests * 590),
        latency_p50: Duration::from_micros(1_243),
        latency_p99: Duration::from_micros(4_018),
        ..Tally::default()
    }
}

fn outcome(verdict: Verdict, evidence: Option<Evidence>, series: Vec<Series>) -> Outcome {
    Outcome {
        vector: VectorId(0),
        endpoint: "GET /data".into(),
        pattern: Pattern::REPEATED,
        verdict,
        requests: DOSES * PER_DOSE,
        tally: tally(DOSES * PER_DOSE),
        evidence,
        others: Vec::new(),
        to_limit: None,
        doubts: Vec::new(),
        series,
        gauges: Vec::new(),
        service_cost: ServiceCost {
            cpu_seconds_per_request: Some(0.000_412),
            longest_reading: Some(Duration::from_millis(45)),
        },
        confirmed: None,
        symptoms: Vec::new(),
        latencies: (1..=DOSES).map(latencies).collect(),
        asked_with: None,
        undone: None,
    }
}

fn report(outcomes: Vec<Outcome>, score: Option<(u8, char, GradeBasis)>) -> Report {
    Report {
        id: "01k6f2zq9v3c".into(),
        status: Status::Completed,
        origin: Origin { scheme: Scheme::Http, host: "127.0.0.1".into(), port: 8080 },
        service: Service {
            command: vec!["node".into(), "server.js".into()],
            pid: Some(4242),
            runtime: Some(Runtime::Node),
            protocol: None,
            floor: Some(FloorUsed {
                name: "node-inspector".into(),
                how: "V8's inspector is opened for a reading".into(),
                passed_over: Vec::new(),
            }),
            log: Some("/tmp/drip/01k6f2zq9v3c/service.log".into()),
            last_output: Vec::new(),
        },
        settings: Settings {
            users: 10,
            threads: 1,
            rate: None,
            budget: Duration::from_secs(60),
            requests_max: None,
            seed: 42,
            dose: Duration::from_secs_f64(DOSE_SECONDS),
            continuous: false,
            assume_cache: None,
            limit: None,
            rate_expected: 10.0,
            owned_host: None,
        },
        created_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123),
        completed_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_031_123),
        outcomes,
        findings: Vec::new(),
        score: score.map(|(points, grade, basis)| Score { points, grade, basis }),
        doubts: Vec::new(),
        footprint: Footprint {
            requests: DOSES * PER_DOSE,
            cpu_seconds: 1.9,
            peak_rss_bytes: 14_000_000,
            wall_seconds: 31.04,
        },
    }
}

fn leak(id: &'static str, severity: Severity, title: &str) -> Finding {
    Finding {
        id,
        severity,
        confidence: Confidence::Certain,
        category: Category::Memory,
        title: title.into(),
        description: "GET /data kept 439 bytes of every request (99% interval: 421 to 457) over 41,200 identical \
                      requests, measured on the live heap after a forced collection. The growth did not stop."
            .into(),
        remediation: "Look for a module-level array, Map or Set that the handler adds to and nothing removes from, \
                      or a listener that is added per request. Bound it (an LRU cache with a maximum), or remove \
                      the entry when the response finishes. A heap snapshot before and after 10,000 requests, \
                      compared in Chrome DevTools, names the holder."
            .into(),
        endpoint: Some("GET /data".into()),
        cwe: &["CWE-401", "CWE-772"],
    }
}

fn heap_limit() -> ToLimit {
    ToLimit {
        amount: 271_581_184,
        unit: Unit::Bytes,
        limit: "V8 heap limit in a container of 512 MiB".into(),
        seconds: 61_837.4,
        seconds_range: (59_426.1, Some(64_509.0)),
        by_requests: Some(ByRequests {
            requests: 618_374.0,
            range: (594_261.0, Some(645_090.0)),
            rate_per_second: 10.0,
        }),
    }
}

/// The same where the lower end of the interval never reaches it.
fn never_surely() -> ToLimit {
    let by_requests = ByRequests { requests: 618_374.0, range: (230_000.0, None), rate_per_second: 10.0 };
    ToLimit { seconds_range: (23_000.0, None), by_requests: Some(by_requests), ..heap_limit() }
}

fn warm(requests: f64) -> f64 {
    9.6e6 + 2.2e6 * (1.0 - (-requests / 4_000.0).exp())
}

fn gauge(name: &str, unit: Unit, value: impl Fn(f64) -> f64) -> Gauge {
    Gauge { name: name.into(), unit, points: dosed(Signal::LiveHeap, 0.0, value).points }
}

fn leaking_outcome() -> Outcome {
    let rate = interval(421.04, 439.21, 457.38);
    let series = vec![
        dosed(Signal::LiveHeap, 60e3, |requests| warm(requests) + 439.2 * requests),
        sampled(|requests| 52e6 + 560.0 * requests),
    ];
    Outcome {
        others: vec![evidence(Signal::Anon, Growth::Undecided, interval(402.0, 561.3, 720.6), 213.0)],
        to_limit: Some(heap_limit()),
        gauges: vec![
            gauge("heap used", Unit::Bytes, |requests| warm(requests) + 431.0 * requests),
            gauge("array buffers", Unit::Bytes, |_| 18_640.0),
            gauge("descriptors", Unit::Count, |requests| 24.0 + requests),
        ],
        ..outcome(Verdict::Leaking, Some(evidence(Signal::LiveHeap, Growth::Grows, rate, 35.0)), series)
    }
}

fn leaking_node() -> Report {
    let findings = vec![leak("DRIP001", Severity::High, "Memory grows with each request")];
    Report { findings, ..report(vec![leaking_outcome()], Some((65, 'D', GradeBasis::Memory))) }
}

fn unbounded() -> Report {
    let rate = interval(1_002.0, 1_040.0, 1_078.0);
    let found = evidence(Signal::HeapAfterGc, Growth::Grows, rate, 88.0);
    let series = vec![dosed(Signal::HeapAfterGc, 90e3, |requests| warm(requests) + 1_040.0 * requests)];
    let outcome = Outcome {
        endpoint: "GET /search".into(),
        pattern: Pattern::UNIQUE_QUERY,
        to_limit: Some(never_surely()),
        ..outcome(Verdict::Unbounded { key: "query".into() }, Some(found), series)
    };
    let title = "Memory grows with keys that the client chooses";
    let finding = Finding { cwe: &["CWE-770"], ..leak("DRIP003", Severity::High, title) };
    Report { findings: vec![finding], ..report(vec![outcome], Some((65, 'D', GradeBasis::Memory))) }
}

fn growing_with_time() -> Report {
    let found = evidence(Signal::Anon, Growth::Flat, interval(-12.0, 3.1, 18.2), 61.0);
    let mut readings = dosed(Signal::Anon, 40e3, |requests| 48e6 + 57.0 * requests);
    let last = readings.points[readings.points.len() - 1];
    let idle = |n: u64| Point {
        at: last.at + Duration::from_secs(n * 2),
        value: last.value + n * 270_000,
        stage: Stage::Idle,
        ..last
    };
    readings.points.extend((1..=10).map(idle));
    let verdict = Verdict::GrowingWithTime { per_hour: interval(462e6, 486e6, 510e6) };
    let title = "Memory grows with time alone";
    let finding = Finding { cwe: &["CWE-401"], ..leak("DRIP004", Severity::Medium, title) };
    let to_limit = ToLimit {
        amount: 536_870_912,
        unit: Unit::Bytes,
        limit: "the memory of its container, assumed since no limit was found".into(),
        seconds: 3_610.0,
        seconds_range: (3_440.0, Some(3_798.0)),
        by_requests: None,
    };
    let outcome = outcome(verdict, Some(found), vec![readings]);
    let outcome = Outcome { to_limit: Some(to_limit), ..outcome };
    Report { findings: vec![finding], ..report(vec![outcome], Some((69, 'D', GradeBasis::Memory))) }
}

fn steady_outcome() -> Outcome {
    let found = evidence(Signal::LiveHeap, Growth::Flat, interval(-9.41, 1.37, 12.15), 35.0);
    let series = vec![dosed(Signal::LiveHeap, 30e3, warm), sampled(|_| 52e6)];
    outcome(Verdict::Steady, Some(found), series)
}

fn steady() -> Report {
    report(vec![steady_outcome()], Some((100, 'A', GradeBasis::Memory)))
}

fn settling() -> Report {
    let found =
        evidence(Signal::LiveHeap, Growth::Bounded { plateau: 6.4e6 }, interval(80.0, 155.0, 230.0), 35.0);
    let filled = |requests: f64| warm(requests) + 9e6 * (1.0 - (-requests / 9_000.0).exp());
    let outcome = outcome(
        Verdict::Settling { plateau: 6.4e6 },
        Some(found),
        vec![dosed(Signal::LiveHeap, 40e3, filled)],
    );
    report(vec![outcome], Some((100, 'A', GradeBasis::Memory)))
}

fn unclear_cache() -> Report {
    let mut found = evidence(Signal::LiveHeap, Growth::Undecided, interval(96.0, 102.0, 108.0), 35.0);
    found.doubts.push(Doubt::new(
        DoubtKind::CacheMayBeFilling,
        "it grew by 3.15 MB in 30,900 requests, and a cache of up to 16.0 MB that is still filling would look the \
         same; about 183,000 requests would decide (raise --budget), or --assume-cache with what yours may hold",
    ));
    let series = vec![dosed(Signal::LiveHeap, 40e3, |requests| warm(requests) + 102.0 * requests)];
    report(vec![outcome(Verdict::Unclear, Some(found), series)], Some((100, 'A', GradeBasis::Memory)))
}

fn unclear_black_box() -> Report {
    let mut tally = tally(480);
    tally.statuses = BTreeMap::from([(200, 480), (503, 12)]);
    tally.errors = BTreeMap::from([(ErrorKind::Reset, 6), (ErrorKind::Timeout, 2)]);
    tally.first_error = Some("connection reset by peer after 0 bytes".into());
    tally.busy = Duration::from_secs(98);
    tally.latency_p50 = Duration::from_millis(31);
    tally.latency_p99 = Duration::from_millis(412);
    let outcome = Outcome {
        requests: 492,
        tally,
        doubts: vec![Doubt::new(
            DoubtKind::MemoryNotSeen,
            "no memory source was given and the target exposes none, so its memory is unknown; --memory with a \
             pid, a container or a metrics URL would decide",
        )],
        ..outcome(Verdict::Unclear, None, Vec::new())
    };
    let symptom = Finding {
        id: "DRIP021",
        severity: Severity::Medium,
        confidence: Confidence::Tentative,
        category: Category::Availability,
        title: "Errors rise under constant load (possible leak)".into(),
        description: "502, 503, 504 and resets rose from 0 to 11% of answers while the load stayed the same."
            .into(),
        remediation: "Watch the memory and the restarts of the service while it is asked at this rate."
            .into(),
        endpoint: None,
        cwe: &["CWE-400"],
    };
    Report {
        origin: Origin { scheme: Scheme::Https, host: "api.example.com".into(), port: 443 },
        service: Service::default(),
        settings: Settings {
            rate: Some(5.0),
            owned_host: Some("api.example.com".into()),
            threads: 2,
            ..steady().settings
        },
        findings: vec![symptom],
        footprint: Footprint { requests: 500, wall_seconds: 102.0, ..steady().footprint },
        ..report(vec![outcome], Some((89, 'B', GradeBasis::Symptoms)))
    }
}

fn crashed() -> Report {
    let crash = Crash {
        exit: Exit::Code(134),
        after_requests: 18_432,
        out_of_memory: Some("its last output says \"JavaScript heap out of memory\"".into()),
    };
    let mut readings = dosed(Signal::LiveHeap, 60e3, |requests| warm(requests) + 12_900.0 * requests);
    readings.points.truncate(8);
    let outcome = Outcome {
        requests: 18_432,
        tally: Tally { errors: BTreeMap::from([(ErrorKind::Refused, 10)]), ..tally(18_432) },
        ..outcome(Verdict::Crashed(crash), None, vec![readings])
    };
    let lines = [
        "<--- Last few GCs --->",
        "[4242:0x6f3c000]    11873 ms: Mark-Compact (reduce) 256.1 (262.9) -> 255.4 (262.9) MB, 180.33 / 0.00 ms",
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "\u{1b}[31m----- Native stack trace -----\u{1b}[0m",
    ];
    let service = Service { last_output: lines.map(Into::into).to_vec(), ..steady().service };
    let finding = Finding {
        category: Category::Availability,
        cwe: &["CWE-400"],
        ..leak("DRIP011", Severity::Critical, "The service died under test")
    };
    Report { service, findings: vec![finding], ..report(vec![outcome], Some((40, 'F', GradeBasis::Memory))) }
}

fn partial() -> Report {
    let mut readings = dosed(Signal::LiveHeap, 60e3, |requests| warm(requests) + 439.2 * requests);
    readings.points.truncate(7);
    let mut found = evidence(Signal::LiveHeap, Growth::Undecided, interval(-2_000.0, 470.0, 2_940.0), 0.0);
    found.smallest_detectable = f64::INFINITY;
    found.requests = 5_150;
    found.doubts.push(Doubt::new(
        DoubtKind::NotEnoughData,
        "2 of at least 8 doses were read: too few for any statement; raise --budget",
    ));
    let outcome = Outcome {
        requests: 15_450,
        tally: tally(15_450),
        ..outcome(Verdict::Unclear, Some(found), vec![readings])
    };
    Report {
        status: Status::Partial,
        doubts: vec![Doubt::new(
            DoubtKind::Interrupted,
            "the run was interrupted after 11 seconds; let it come to its end",
        )],
        footprint: Footprint { requests: 15_450, wall_seconds: 11.2, ..steady().footprint },
        ..report(vec![outcome], None)
    }
}

fn several() -> Report {
    let health = Outcome { vector: VectorId(1), endpoint: "GET /health".into(), ..steady_outcome() };
    let slow = Outcome {
        vector: VectorId(2),
        endpoint: "GET /users/{n}".into(),
        pattern: Pattern::UNIQUE_PATH,
        ..steady_outcome()
    };
    Report { outcomes: vec![health, leaking_outcome(), slow], ..leaking_node() }
}

fn descriptors() -> Report {
    let found = evidence(Signal::Descriptors, Growth::Grows, interval(0.0118, 0.0124, 0.013), 0.0021);
    let series = vec![dosed(Signal::Descriptors, 2.0, |requests| 24.0 + 0.0124 * requests)];
    let finding = Finding {
        category: Category::Handles,
        cwe: &["CWE-775"],
        ..leak("DRIP007", Severity::High, "File descriptors or handles grow")
    };
    let outcome = outcome(Verdict::Leaking, Some(found), series);
    Report { findings: vec![finding], ..report(vec![outcome], Some((65, 'D', GradeBasis::Memory))) }
}

fn nothing() -> Report {
    Report {
        status: Status::Failed,
        doubts: vec![Doubt::new(DoubtKind::NoSuccess, "the target never answered on port 8080.")],
        footprint: Footprint { requests: 0, wall_seconds: 30.0, ..steady().footprint },
        ..report(Vec::new(), None)
    }
}
