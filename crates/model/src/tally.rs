//! What came back.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::latency::LatencyCounts;

/// Why a request got no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// Nobody listens, or the connection was refused.
    Refused,
    /// The connection was reset or closed before the answer was whole.
    Reset,
    /// No answer within the time for one request.
    Timeout,
    /// The answer is not HTTP, or a bound on its head was passed.
    BadAnswer,
    /// TLS failed.
    Tls,
    /// Our own side failed: no port, no descriptor.
    OurSide,
}

impl ErrorKind {
    /// In words, for a report.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Reset => "connection closed or reset",
            Self::Timeout => "no answer in time",
            Self::BadAnswer => "malformed or oversized answer",
            Self::Tls => "TLS failure",
            Self::OurSide => "failure on our own side",
        }
    }
}

/// What we lacked ourselves while we sent requests: a reason to doubt what was measured, not a fault of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shortage {
    /// Our own processor time was nearly all used, so that rates and latencies are ours as much as the service's.
    Processor,
    /// Requests started later than they were due.
    Schedule,
    /// The system had no local port left for a new connection.
    Ports,
    /// The system had no descriptor left for a new connection.
    Descriptors,
}

impl Shortage {
    /// What happened and what to do about it, for a report.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Processor => {
                "sending the requests used a whole processor: latencies and rates are Drip's as much as the \
                 service's; use more --threads where processors are idle, else run Drip on another machine, or with a \
                 --rate that the service is to hold"
            }
            Self::Schedule => {
                "requests started later than they were due: all users were busy, or the machine was; \
                 use more --users, or a lower --rate"
            }
            Self::Ports => {
                "local ports ran out: connections that were closed hold theirs for a minute; \
                 use fewer fresh connections, or a lower --rate"
            }
            Self::Descriptors => {
                "descriptors ran out: use fewer --users, or raise the limit with `ulimit -n`"
            }
        }
    }
}

/// Statuses outside 2xx and 3xx that are the right answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Expected {
    /// None.
    #[default]
    Success,
    /// This one.
    Status(u16),
    /// Any refusal: the request is wrong on purpose, and frameworks differ in how they say so.
    Refusal,
}

impl Expected {
    const fn names(self, status: u16) -> bool {
        match self {
            Self::Success => false,
            Self::Status(expected) => status == expected,
            // 501 is what servers say of a method that they do not know.
            Self::Refusal => matches!(status, 400..=499 | 501) && status != 429,
        }
    }
}

/// Counts and sizes of a number of requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Requests that got a whole answer, whatever its status; a body that was cut at our bound counts as whole.
    pub completed: u64,
    /// By status code.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that got none.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// The first error in words, for a message.
    pub first_error: Option<String>,
    /// The first error of each kind in words.
    pub examples: BTreeMap<ErrorKind, String>,
    /// Number of the first request that got each status, with which it can be sent again.
    pub first_by_status: BTreeMap<u16, u64>,
    /// Requests on which we hung up, as their conduct wants it.
    pub hung_up: u64,
    /// Requests that were sent a second time, since the service ended their kept connection without a word.
    pub resent: u64,
    /// Connections on which the service said something that nobody had asked for.
    pub unsolicited: u64,
    /// What we lacked ourselves, and how often.
    pub lacked: BTreeMap<Shortage, u64>,
    /// Processor time that sending the requests took.
    pub cpu: Duration,
    /// Bytes of response bodies.
    pub body_bytes: u64,
    /// Bodies that were cut at our bound.
    pub bodies_cut: u64,
    /// Time under load.
    pub busy: Duration,
    /// Median latency.
    pub latency_p50: Duration,
    /// 99th percentile of latency.
    pub latency_p99: Duration,
    /// How many latencies were in each class of [`LATENCY_EDGES`](crate::LATENCY_EDGES), in the last dose.
    pub latencies: LatencyCounts,
    /// 99.9th percentile of how late requests started that a clock had due.
    pub lateness_p999: Duration,
}

impl Tally {
    /// Requests that went as they were meant to: answered with 2xx, 3xx or a status that is expected, or hung up on
    /// where that is their conduct.
    pub fn successes(&self, expected: Expected) -> u64 {
        let good = |status: u16| (200..400).contains(&status) || expected.names(status);
        let answered: u64 =
            self.statuses.iter().filter(|(status, _)| good(**status)).map(|(_, count)| count).sum();
        answered + self.hung_up
    }

    /// Requests that the service had to work for: those that were answered, and those that we hung up on.
    pub const fn played(&self) -> u64 {
        self.completed + self.hung_up
    }

    /// Requests without an answer.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Requests that were sent, each counted once.
    pub fn sent(&self) -> u64 {
        self.completed + self.failed() + self.hung_up
    }

    /// The most frequent status.
    pub fn usual_status(&self) -> Option<u16> {
        self.statuses.iter().max_by_key(|(_, count)| **count).map(|(status, _)| *status)
    }

    /// Adds another tally; latencies become those of the later one.
    pub fn add(&mut self, later: &Self) {
        self.completed += later.completed;
        for (status, count) in &later.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (kind, count) in &later.errors {
            *self.errors.entry(*kind).or_default() += count;
        }
        self.first_error = self.first_error.take().or_else(|| later.first_error.clone());
        for (kind, words) in &later.examples {
            self.examples.entry(*kind).or_insert_with(|| words.clone());
        }
        for (status, n) in &later.first_by_status {
            self.first_by_status.entry(*status).or_insert(*n);
        }
        for (shortage, count) in &later.lacked {
            *self.lacked.entry(*shortage).or_default() += count;
        }
        self.cpu += later.cpu;
        self.hung_up += later.hung_up;
        self.resent += later.resent;
        self.unsolicited += later.unsolicited;
        self.body_bytes += later.body_bytes;
        self.bodies_cut += later.bodies_cut;
        self.busy += later.busy;
        self.latency_p50 = later.latency_p50;
        self.latency_p99 = later.latency_p99;
        self.latencies = later.latencies;
        self.lateness_p999 = later.lateness_p999;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_and_the_expected_status_are_successes() {
        let statuses = BTreeMap::from([(200, 3), (302, 2), (404, 5)]);
        let tally = Tally { completed: 10, statuses, ..Tally::default() };
        assert_eq!(tally.successes(Expected::Success), 5);
        assert_eq!(tally.successes(Expected::Status(404)), 10);
        assert_eq!(tally.usual_status(), Some(404));
        let hung_up = Tally { hung_up: 7, ..Tally::default() };
        assert_eq!((hung_up.successes(Expected::Success), hung_up.played(), hung_up.sent()), (7, 7, 7));
    }
}
