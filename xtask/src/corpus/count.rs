//! Counts verdicts against the truth, the same for services and for recorded traces.

use std::fmt;

use drip_report::document::Verdict;

use super::case::Label;

/// How many of which were what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    leaks: u32,
    found: u32,
    healthy: u32,
    accused: u32,
    unclear: u32,
    skipped: u32,
}

impl Count {
    /// Adds what was said of a service. One whose truth nobody knows counts nowhere.
    pub(crate) fn judged(&mut self, label: Label, verdict: Verdict) {
        let grows = matches!(verdict, Verdict::Leaking | Verdict::Unbounded | Verdict::GrowingWithTime);
        match label {
            Label::Ambiguous => return,
            Label::Clean => {
                self.healthy += 1;
                self.accused += u32::from(grows || verdict == Verdict::Crashed);
            }
            Label::Leak | Label::LeakHidden | Label::LeakByTime | Label::LeakOfDescriptors => {
                self.leaks += 1;
                self.found += u32::from(grows);
            }
        }
        self.unclear += u32::from(verdict == Verdict::Unclear);
    }

    /// Adds one of which nothing was said.
    pub(crate) const fn skipped(&mut self) {
        self.skipped += 1;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { leaks, found, healthy, accused, unclear, skipped } = self;
        write!(
            f,
            "found {found} of {leaks} leaks, accused {accused} of {healthy} healthy, unclear {unclear}, skipped {skipped}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(judged: &[(Label, Verdict)], skipped: u32, expected: &str) {
        let mut count = Count::default();
        for (label, verdict) in judged {
            count.judged(*label, *verdict);
        }
        (0..skipped).for_each(|_| count.skipped());
        assert_eq!(count.to_string(), expected);
    }

    #[test]
    fn growth_is_found_in_a_leak_and_accuses_the_healthy() {
        use Label::{Clean, Leak, LeakByTime, LeakHidden, LeakOfDescriptors};
        use Verdict::{Crashed, GrowingWithTime, Leaking, Settling, Steady, Unbounded, Unclear};
        check(&[], 0, "found 0 of 0 leaks, accused 0 of 0 healthy, unclear 0, skipped 0");
        check(
            &[
                (Leak, Leaking),
                (LeakHidden, Unbounded),
                (LeakByTime, GrowingWithTime),
                (LeakOfDescriptors, Steady),
            ],
            0,
            "found 3 of 4 leaks, accused 0 of 0 healthy, unclear 0, skipped 0",
        );
        check(
            &[(Clean, Steady), (Clean, Settling), (Clean, GrowingWithTime), (Clean, Unclear)],
            3,
            "found 0 of 0 leaks, accused 1 of 4 healthy, unclear 1, skipped 3",
        );
        check(
            &[(Clean, Crashed), (Leak, Crashed), (Leak, Unclear)],
            0,
            "found 0 of 2 leaks, accused 1 of 1 healthy, unclear 1, skipped 0",
        );
    }

    #[test]
    fn what_is_ambiguous_counts_nowhere() {
        check(
            &[(Label::Ambiguous, Verdict::Leaking), (Label::Ambiguous, Verdict::Unclear)],
            0,
            "found 0 of 0 leaks, accused 0 of 0 healthy, unclear 0, skipped 0",
        );
    }
}
