//! Go's `net/http/pprof`: only its list is fetched. A profile makes the service work.

use drip_model::Severity;

use super::{Telemetry, no_figures};

pub(super) static TELEMETRY: Telemetry = Telemetry {
    what: "Go's profiles: its heap, its goroutines and its command line, and processor time for whoever asks",
    paths: &["/debug/pprof/"],
    exposes,
    figures: no_figures,
};

/// The list names all profiles that every program has.
fn exposes(page: &str) -> Option<Severity> {
    let marks = ["/debug/pprof/", "goroutine?debug=", "heap?debug=", "threadcreate"];
    marks.iter().all(|mark| page.contains(mark)).then_some(Severity::High)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_known_by_its_profiles() {
        let list =
            "<title>/debug/pprof/</title><a href='goroutine?debug=1'><a href='heap?debug=1'>threadcreate";
        assert_eq!(exposes(list), Some(Severity::High));
        assert_eq!(exposes("<title>/debug/pprof/</title> not found"), None);
    }
}
