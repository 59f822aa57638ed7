//! Jolokia: JMX over HTTP, which can change the running program.

use drip_model::Severity;
use serde_json::Value;

use super::{Telemetry, no_figures};

pub(super) static TELEMETRY: Telemetry = Telemetry {
    what: "Jolokia, by which the running program can be changed",
    paths: &["/jolokia/version", "/actuator/jolokia/version"],
    exposes,
    figures: no_figures,
};

fn exposes(page: &str) -> Option<Severity> {
    let answer: Value = serde_json::from_str(page).ok()?;
    let is_version = answer.get("request")?.get("type")? == "version";
    let value = answer.get("value")?;
    (is_version && value.get("agent").is_some() && value.get("protocol").is_some())
        .then_some(Severity::Critical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_by_its_own_answer() {
        let answer = r#"{"request": {"type": "version"}, "value": {"agent": "2.0.1", "protocol": "8.0"}, "status": 200}"#;
        assert_eq!(exposes(answer), Some(Severity::Critical));
        assert_eq!(exposes(r#"{"version": "2.0.1"}"#), None);
    }
}
