//! Requests by the clock: how late they start, and what is told of a server that stands still for a second.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::client::{Client, Errand, Kind, json};
use super::cost::{Cost, measure};
use super::{Bench, USERS};
use crate::bench::arithmetic::percentile;
use crate::failure::Failure;

/// Requests per second, and for how long.
const RATE: u32 = 10_000;
const SECONDS: u32 = 30;
const ROUNDS: usize = 7;

/// Fewer, since it is checked against arithmetic and not against noise.
const STALL_ROUNDS: usize = 3;
/// How long the server stands still when it is asked to, in seconds.
const STALL_SECONDS: f64 = 1.0;

/// The 99.9th percentile of how late a start was, at a rate.
#[derive(Debug)]
pub(super) struct Timer {
    pub(super) rate: u32,
    pub(super) drip_micros: f64,
    pub(super) empty_micros: f64,
}

/// The 99th percentile of latency, where the server stood still for a second.
#[derive(Debug)]
pub(super) struct Stall {
    pub(super) seconds: u32,
    pub(super) drip_millis: f64,
    /// By its latency correction; where it is installed.
    pub(super) oha_millis: Option<f64>,
    pub(super) expected_millis: f64,
}

impl Bench {
    /// How late requests start that a clock has due, beside a timer that does nothing.
    pub(super) fn timer(&self) -> Result<Timer, Failure> {
        let (mut drip, mut empty) = (Vec::new(), Vec::new());
        for round in 1..=ROUNDS {
            eprintln!("xtask: by the clock, round {round} of {ROUNDS}");
            drip.push(micros(&self.drip(&by_the_clock())?, "lateP999Micros"));
            let mut raw = Command::new(&self.built.raw);
            raw.arg("timer").args([RATE, SECONDS].map(|number| number.to_string()));
            empty.push(micros(&measure(raw, "raw timer")?, "lateP999Micros"));
        }
        Ok(Timer { rate: RATE, drip_micros: median(&drip), empty_micros: median(&empty) })
    }

    /// What clients say of a server that stands still; it catches up at so many requests per second.
    pub(super) fn stall(&self, catches_up: f64) -> Result<Stall, Failure> {
        let (mut drip, mut oha) = (Vec::new(), Vec::new());
        for round in 1..=STALL_ROUNDS {
            eprintln!("xtask: a server that stands still, round {round} of {STALL_ROUNDS}");
            let cost = self.while_it_stalls(|| self.drip(&by_the_clock()))?;
            drip.push(micros(&cost, "p99Micros") / 1e3);
            if let Some(command) = self.oha() {
                let cost = self.while_it_stalls(|| measure(command, "oha"))?;
                oha.push(oha_p99_millis(&cost));
            }
        }
        Ok(Stall {
            seconds: SECONDS,
            drip_millis: median(&drip),
            oha_millis: percentile(&oha, 0.5),
            expected_millis: expected_seconds(catches_up) * 1e3,
        })
    }

    /// Makes the server stand still once, a third of the time after a client has begun.
    fn while_it_stalls(&self, client: impl FnOnce() -> Result<Cost, Failure>) -> Result<Cost, Failure> {
        thread::scope(|scope| {
            let stalling = scope.spawn(|| {
                thread::sleep(Duration::from_secs(u64::from(SECONDS) / 3));
                self.ask_to_stall()
            });
            let cost = client();
            let asked = stalling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            asked.map_err(|error| Failure::step("making the server stand still", error))?;
            cost
        })
    }

    fn ask_to_stall(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.server.port))?;
        stream.write_all(b"GET /stall HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        stream.read_exact(&mut [0])
    }

    /// Where it is installed.
    fn oha(&self) -> Option<Command> {
        let errand = Errand { port: self.server.port, users: USERS, seconds: SECONDS, kind: Kind::KeepAlive };
        let mut oha = Client::named("oha").command(&self.built, &errand)?;
        oha.args(["--latency-correction", "-q", &RATE.to_string()]);
        Some(oha)
    }
}

/// What our own client is told.
fn by_the_clock() -> [String; 3] {
    [format!("rate={RATE}"), format!("seconds={SECONDS}"), format!("users={USERS}")]
}

/// The 99th percentile that a caller with a clock of its own would see.
///
/// Of those due within the stall, the one due after t waits for its end, `STALL_SECONDS - t`, and then until those due
/// before it are served, `t * RATE / catches_up`. The first are the slowest; a hundredth of all are due within
/// `SECONDS / 100`.
fn expected_seconds(catches_up: f64) -> f64 {
    let slowest = f64::from(SECONDS) / 100.0;
    STALL_SECONDS - slowest * (1.0 - f64::from(RATE) / catches_up)
}

/// What our own programs print under a name.
fn micros(cost: &Cost, name: &str) -> f64 {
    json(&cost.printed).and_then(|printed| printed[name].as_f64()).unwrap_or(f64::NAN)
}

fn oha_p99_millis(cost: &Cost) -> f64 {
    let p99 = json(&cost.printed).and_then(|printed| printed["latencyPercentiles"]["p99"].as_f64());
    p99.unwrap_or(f64::NAN) * 1e3
}

fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_hundredth_waited_for_most_of_the_stall() {
        // A server that catches up at once; one that needs as long as the rate lets it.
        assert!((expected_seconds(1e12) - 0.7).abs() < 1e-6);
        assert!((expected_seconds(f64::from(RATE)) - 1.0).abs() < 1e-6);
    }
}
