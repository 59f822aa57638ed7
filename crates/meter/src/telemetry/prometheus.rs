//! Metrics in Prometheus' text format or OpenMetrics, as client libraries of every language serve them.

use drip_model::{Runtime, Severity};

use super::{Figures, Telemetry};

pub(super) static TELEMETRY: Telemetry = Telemetry {
    what: "Prometheus metrics",
    paths: &["/metrics", "/actuator/prometheus", "/q/metrics", "/prometheus"],
    exposes,
    figures,
};

/// Metrics that only one runtime's client library has.
const FAMILIES: [(&str, Runtime); 6] = [
    ("nodejs_", Runtime::Node),
    ("go_memstats_", Runtime::Go),
    ("jvm_", Runtime::Jvm),
    ("python_", Runtime::Python),
    ("ruby_", Runtime::Ruby),
    ("dotnet_", Runtime::DotNet),
];

fn exposes(page: &str) -> Option<Severity> {
    page.lines().any(is_type).then_some(Severity::Low)
}

/// `# TYPE name counter`: of text and OpenMetrics alike, and of nothing that a browser is shown.
fn is_type(line: &str) -> bool {
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let kinds = ["counter", "gauge", "histogram", "summary", "untyped", "info", "unknown", "stateset"];
    matches!(words.as_slice(), ["#", "TYPE", _, kind] if kinds.contains(kind))
}

fn figures(page: &str) -> Option<Figures> {
    let resident = sample(page, "process_resident_memory_bytes")?;
    let started = sample(page, "process_start_time_seconds").unwrap_or(0.0);
    let has = |family: &&(&str, Runtime)| page.lines().any(|line| line.starts_with(family.0));
    Some(Figures {
        resident: whole(resident),
        // Thousandths: processes that follow each other may do so within a second.
        started: whole(started * 1000.0),
        runtime: FAMILIES.iter().find(has).map(|(_, runtime)| *runtime),
    })
}

/// The value of a metric that has one sample; of several, with labels, none is the process's.
fn sample(page: &str, name: &str) -> Option<f64> {
    let of_name = |line: &&str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ') || rest.starts_with('{'))
    };
    let mut samples = page.lines().filter(of_name);
    let line = samples.next().filter(|_| samples.next().is_none())?;
    let value = line.rsplit_once('}').map_or(&line[name.len()..], |(_, value)| value);
    value.split_ascii_whitespace().next()?.parse().ok().filter(|value: &f64| value.is_finite())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size or a time, not negative")]
const fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "# HELP process_resident_memory_bytes Resident memory size in bytes.\n\
                        # TYPE process_resident_memory_bytes gauge\n\
                        process_resident_memory_bytes 4.5142016e+07\n\
                        # TYPE process_start_time_seconds gauge\n\
                        process_start_time_seconds 1764180123.25\n\
                        # TYPE nodejs_heap_size_used_bytes gauge\n\
                        nodejs_heap_size_used_bytes 5251504\n";

    #[test]
    fn memory_and_start_are_read_and_the_runtime_is_known_by_its_metrics() {
        let figures = figures(NODE).unwrap();
        assert_eq!((figures.resident, figures.started), (45_142_016, 1_764_180_123_250));
        assert_eq!(figures.runtime, Some(Runtime::Node));
    }

    #[test]
    fn labels_and_moments_are_no_part_of_a_value() {
        let page = "process_resident_memory_bytes{job=\"a b\"} 7 1764180123250\n";
        assert_eq!(figures(page).unwrap().resident, 7);
    }

    #[test]
    fn memory_of_several_processes_is_nobodys() {
        let page = "process_resident_memory_bytes{pid=\"1\"} 7\nprocess_resident_memory_bytes{pid=\"2\"} 9\n";
        assert_eq!(figures(page), None);
        assert_eq!(figures("process_resident_memory_bytes NaN\n"), None);
        assert_eq!(figures("process_resident_memory_bytes_total 7\n"), None);
    }

    #[test]
    fn a_page_for_everything_is_no_telemetry() {
        assert_eq!(exposes(NODE), Some(Severity::Low));
        for page in ["<html># TYPE a</html>", "# TYPE of page: manual", "", "{\"TYPE\": 1}"] {
            assert_eq!(exposes(page), None, "{page}");
        }
    }
}
