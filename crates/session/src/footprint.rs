//! What we ourselves cost.

use std::time::Duration;

use drip_model::Footprint;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Our own footprint so far. Child processes do not count: they are the service.
pub(crate) fn footprint(requests: u64, wall: Duration) -> Footprint {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Footprint { requests, wall_seconds: wall.as_secs_f64(), ..Footprint::default() };
    };
    Footprint {
        requests,
        cpu_seconds: seconds(usage.user_time()) + seconds(usage.system_time()),
        // Linux counts in units of 1,024 bytes (getrusage(2)).
        peak_rss_bytes: u64::try_from(usage.max_rss()).unwrap_or(0) * 1024,
        wall_seconds: wall.as_secs_f64(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of one run")]
fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_has_a_footprint() {
        let own = footprint(3, Duration::from_secs(2));
        assert!(own.peak_rss_bytes > 1_000_000, "{own:?}");
        assert_eq!((own.requests, own.wall_seconds), (3, 2.0));
    }
}
