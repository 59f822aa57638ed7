//! What Apache and nginx tell of themselves: addresses and URLs of other visitors, or how many there are.

use drip_model::Severity;

use super::{Telemetry, no_figures};

pub(super) static TELEMETRY: Telemetry = Telemetry {
    what: "the status of the web server",
    paths: &["/server-status?auto", "/nginx_status"],
    exposes,
    figures: no_figures,
};

fn exposes(page: &str) -> Option<Severity> {
    let starts = |mark: &str| page.lines().any(|line| line.starts_with(mark));
    let apache = starts("Total Accesses:") && starts("Scoreboard:");
    let nginx = starts("Active connections:") && starts("server accepts handled requests");
    (apache || nginx).then_some(Severity::Low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_known_by_their_own_words() {
        let nginx = "Active connections: 2 \nserver accepts handled requests\n 3 3 9 \nReading: 0 Writing: 1 Waiting: 1 \n";
        assert_eq!(exposes(nginx), Some(Severity::Low));
        assert_eq!(exposes("127.0.0.1\nTotal Accesses: 4\nScoreboard: W_\n"), Some(Severity::Low));
        assert_eq!(exposes("Active connections: none of your business"), None);
    }
}
