//! Latencies of a dose, counted in classes, so that doses can be set beside each other.

use std::time::Duration;

/// Where one class ends and the next begins: 1, 2 and 5 of each decade from 50 µs to 50 s.
pub const LATENCY_EDGES: [Duration; 19] = {
    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }
    [
        us(50),
        us(100),
        us(200),
        us(500),
        us(1_000),
        us(2_000),
        us(5_000),
        us(10_000),
        us(20_000),
        us(50_000),
        us(100_000),
        us(200_000),
        us(500_000),
        us(1_000_000),
        us(2_000_000),
        us(5_000_000),
        us(10_000_000),
        us(20_000_000),
        us(50_000_000),
    ]
};

/// How many latencies were in each class: below the first edge, from the first to the second, …, and above the last.
pub type LatencyCounts = [u64; LATENCY_EDGES.len() + 1];

/// Which class a latency is in.
pub fn latency_class(latency: Duration) -> usize {
    LATENCY_EDGES.partition_point(|edge| *edge <= latency)
}

/// The latencies of one dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyWindow {
    /// Requests of the vector until the end of the dose.
    pub requests: u64,
    /// How many were how long.
    pub counts: LatencyCounts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_has_a_class_and_edges_begin_one() {
        assert!(LATENCY_EDGES.is_sorted());
        assert_eq!(latency_class(Duration::ZERO), 0);
        assert_eq!(latency_class(LATENCY_EDGES[0]), 1);
        assert_eq!(latency_class(Duration::from_micros(1_500)), 5);
        assert_eq!(latency_class(Duration::MAX), LATENCY_EDGES.len());
    }
}
