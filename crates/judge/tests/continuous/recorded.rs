//! Services that were recorded (`cargo xtask bench record`; `tests/traces/README.md` says what each is), and what is
//! known of them.

use std::path::Path;

use drip_judge::{Subject, Terms};
use drip_model::{Evidence, Growth, Pattern, Runtime, Signal};
use drip_trial::trace;

/// What must be said of a trace.
enum Truth {
    /// It is healthy: it must never be accused.
    Healthy,
    /// It leaks so much that it must be found.
    Found,
    /// It leaks, and these requests do not show it beyond doubt: it must never be acquitted.
    NotAcquitted,
}

const REPEATED: Pattern = Pattern::REPEATED;
const UNIQUE_QUERY: Pattern = Pattern::UNIQUE_QUERY;
use Runtime::{Go, Jvm, Native, Node, Python, Ruby};
use Truth::{Found, Healthy, NotAcquitted};

static RECORDED: &[(&str, Runtime, Pattern, Truth)] = &[
    ("node-express-leaking", Node, REPEATED, NotAcquitted),
    ("node-express-fixed", Node, REPEATED, Healthy),
    ("node-lru", Node, UNIQUE_QUERY, Healthy),
    ("node-bodies-leaking", Node, REPEATED, Found),
    ("python-flask-leaking", Python, REPEATED, Found),
    ("python-flask-fixed", Python, REPEATED, Healthy),
    ("python-lru", Python, UNIQUE_QUERY, Healthy),
    ("python-recycled-leaking", Python, REPEATED, Found),
    ("python-recycled-fixed", Python, REPEATED, Healthy),
    ("go-http-leaking", Go, REPEATED, Found),
    ("go-http-fixed", Go, REPEATED, Healthy),
    ("go-ring", Go, REPEATED, Healthy),
    ("go-ttl", Go, UNIQUE_QUERY, Healthy),
    ("go-pool", Go, REPEATED, Healthy),
    ("java-warm-up", Jvm, UNIQUE_QUERY, Healthy),
    ("java-lru", Jvm, UNIQUE_QUERY, Healthy),
    ("native-ring", Native, REPEATED, Healthy),
    ("native-list-leaking", Native, REPEATED, NotAcquitted),
    ("ruby-lru", Ruby, UNIQUE_QUERY, Healthy),
];

fn judged(name: &str, runtime: Runtime, pattern: Pattern) -> Evidence {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/traces/{name}.csv"));
    let readings = trace::readings(&std::fs::read_to_string(file).unwrap()).unwrap();
    let base = readings[0].value as f64;
    let subject = Subject {
        signal: Signal::Anon,
        runtime,
        pattern,
        base,
        assume_cache: None,
        heap_limit: None,
        descriptor_limit: None,
    };
    trace::judge(&readings, Terms::of(&subject)).evidence
}

#[test]
fn recorded_services_get_the_verdict_that_they_deserve() {
    let wrong: Vec<_> = RECORDED
        .iter()
        .map(|(name, runtime, pattern, truth)| (name, truth, judged(name, *runtime, *pattern)))
        .filter(|(_, truth, said)| match truth {
            Healthy => said.growth == Growth::Grows,
            Found => said.growth != Growth::Grows,
            NotAcquitted => matches!(said.growth, Growth::Flat | Growth::Bounded { .. }),
        })
        .map(|(name, _, said)| format!("{name}: {:?} {:?} {:?}", said.growth, said.per_request, said.doubts))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_trace_is_judged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let traces: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|ending| ending == "csv")).collect();
    assert_eq!(traces.len(), RECORDED.len());
    assert!(traces.iter().all(|file| file.metadata().unwrap().len() < 60_000));
}
