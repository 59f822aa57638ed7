//! Spring Boot's actuator: its list tells what else is open. A heap dump is never fetched.

use drip_model::Severity;
use serde_json::Value;

use super::{Telemetry, no_figures};

pub(super) static TELEMETRY: Telemetry =
    Telemetry { what: "Spring Boot's actuator", paths: &["/actuator"], exposes, figures: no_figures };

/// What gives a stranger the memory of the process, or its configuration, or the process itself.
const CRITICAL: [&str; 4] = ["heapdump", "jolokia", "shutdown", "env"];

fn exposes(page: &str) -> Option<Severity> {
    let list: Value = serde_json::from_str(page).ok()?;
    let links = list.get("_links")?.as_object()?;
    links.get("self")?.get("href")?.as_str()?;
    let worst = CRITICAL.iter().any(|name| links.contains_key(*name));
    // Health alone is meant to be seen.
    let more = links.keys().any(|name| !["self", "health", "health-path"].contains(&name.as_str()));
    match (worst, more) {
        (true, _) => Some(Severity::Critical),
        (false, true) => Some(Severity::Medium),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> String {
        let links: Vec<_> =
            names.iter().map(|name| format!(r#""{name}": {{"href": "http://a/actuator/{name}"}}"#)).collect();
        format!(r#"{{"_links": {{{}}}}}"#, links.join(", "))
    }

    #[test]
    fn it_costs_what_it_links_to() {
        assert_eq!(exposes(&list(&["self", "health", "metrics", "heapdump"])), Some(Severity::Critical));
        assert_eq!(exposes(&list(&["self", "health", "metrics"])), Some(Severity::Medium));
        assert_eq!(exposes(&list(&["self", "health", "health-path"])), None);
        assert_eq!(exposes(&list(&["next"])), None);
        assert_eq!(exposes("{}"), None);
    }
}
