//! `express-status-monitor`: a page of memory and load, whose figures come by a socket of their own.

use drip_model::Severity;

use super::{Telemetry, no_figures};

pub(super) static TELEMETRY: Telemetry = Telemetry {
    what: "the page of express-status-monitor",
    paths: &["/status"],
    exposes,
    figures: no_figures,
};

fn exposes(page: &str) -> Option<Severity> {
    (page.contains("<title>Express Status") && page.contains("socket.io")).then_some(Severity::Low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_something_else_is_not_meant() {
        let page = "<title>Express Status</title><script src=\"/socket.io/socket.io.js\"></script>";
        assert_eq!(exposes(page), Some(Severity::Low));
        assert_eq!(exposes("{\"status\": \"ok\"}"), None);
    }
}
