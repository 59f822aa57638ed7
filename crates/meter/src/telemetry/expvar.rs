//! Go's `expvar`: the command line and the counters of the runtime, in JSON.

use drip_model::{Runtime, Severity};
use serde_json::Value;

use super::{Figures, Telemetry};

pub(super) static TELEMETRY: Telemetry = Telemetry {
    what: "Go's expvar, with the command line of the process and its arguments",
    paths: &["/debug/vars"],
    exposes: |page| memory(page).map(|_| Severity::Medium),
    figures,
};

/// Both are published by the package itself.
fn memory(page: &str) -> Option<Value> {
    let mut vars: Value = serde_json::from_str(page).ok()?;
    vars.get("cmdline")?.as_array()?;
    vars.get_mut("memstats").map(Value::take).filter(Value::is_object)
}

/// What the runtime has of the system and has not given back.
fn figures(page: &str) -> Option<Figures> {
    let memory = memory(page)?;
    let number = |name: &str| memory.get(name)?.as_u64();
    let resident = number("Sys")?.saturating_sub(number("HeapReleased")?);
    Some(Figures { resident, started: 0, runtime: Some(Runtime::Go) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_back_does_not_count() {
        let page =
            r#"{"cmdline": ["/srv/app"], "memstats": {"Sys": 9000, "HeapReleased": 2000, "NumGC": 3}}"#;
        let figures = figures(page).unwrap();
        assert_eq!((figures.resident, figures.runtime), (7000, Some(Runtime::Go)));
    }

    #[test]
    fn other_json_is_no_expvar() {
        for page in [r#"{"memstats": {}}"#, r#"{"cmdline": []}"#, "{}", "[]", "<html>"] {
            assert_eq!((TELEMETRY.exposes)(page), None, "{page}");
        }
    }
}
