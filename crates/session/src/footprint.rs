//! What we ourselves cost.

use std::time::Duration;

use drip_model::Footprint;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Processor time of this process so far, seconds. Child processes do not count: they are the service.
pub(crate) fn cpu_seconds() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF)
        .map_or(0.0, |usage| seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Our own footprint over a run that began when this process had used `cpu_before` seconds.
pub(crate) fn footprint(requests: u64, wall: Duration, cpu_before: f64) -> Footprint {
    Footprint {
        requests,
        cpu_seconds: cpu_seconds() - cpu_before,
        peak_rss_bytes: drip_proc::peak_resident(std::process::id()).unwrap_or(0),
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
        let own = footprint(3, Duration::from_secs(2), 0.0);
        assert!(own.peak_rss_bytes > 1_000_000 && own.cpu_seconds >= 0.0, "{own:?}");
        assert_eq!((own.requests, own.wall_seconds), (3, 2.0));
    }
}
