//! Processor time of processes.

use std::time::Duration;

use crate::process::open;

/// User and system time that these processes have used, with that of their children that have ended and were waited
/// for. The kernel counts in ticks of usually 10 ms. One that is gone counts nothing.
pub fn cpu_time(pids: &[u32]) -> Duration {
    let ticks: u64 = pids.iter().filter_map(|pid| ticks(*pid)).sum();
    Duration::from_secs(ticks) / u32::try_from(procfs::ticks_per_second()).unwrap_or(100).max(1)
}

fn ticks(pid: u32) -> Option<u64> {
    let stat = open(pid).ok()?.stat().ok()?;
    let of_children = stat.cutime.saturating_add(stat.cstime);
    Some(stat.utime + stat.stime + u64::try_from(of_children).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn work_is_counted() {
        let own = [std::process::id()];
        let before = cpu_time(&own);
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut sum = 0u64;
        while cpu_time(&own) < before + Duration::from_millis(50) {
            sum = (0..100_000u64).fold(sum, u64::wrapping_add);
            assert!(Instant::now() < deadline, "{sum}");
        }
        assert_eq!(cpu_time(&[u32::MAX]), Duration::ZERO);
    }
}
