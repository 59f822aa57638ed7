//! Measures the engine itself: `cargo run --release --example throughput -- 127.0.0.1:8080 [users] [seconds]`
//! against any keep-alive server that costs little, and prints requests per second and CPU per request (Linux).
#![expect(clippy::print_stdout, reason = "an example talks to a person")]

use std::net::SocketAddr;
use std::time::Duration;

use drip_drive::{Load, Pulse, Until, play};
use drip_model::{Origin, Scheme, Template, Text};
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr =
        arguments.next().ok_or("an address is needed, as in 127.0.0.1:8080")?.parse()?;
    let users = arguments.next().map_or(Ok(50), |users| users.parse())?;
    let seconds = arguments.next().map_or(Ok(4), |seconds| seconds.parse())?;
    let origin = Origin { scheme: Scheme::Http, host: address.ip().to_string(), port: address.port() };
    let template = Template { method: "GET".into(), target: Text::literal("/"), ..Template::default() };
    let load = Load {
        origin: &origin,
        address,
        template: &template,
        seed: 1,
        first: 0,
        until: Until::Elapsed(Duration::from_secs(seconds)),
        users,
        rate: None,
        request_time_max: Duration::from_secs(10),
    };
    let before = cpu_micros()?;
    let tally = play(&load, &Pulse::default(), &CancellationToken::new()).await;
    let cpu = cpu_micros()? - before;
    let completed = tally.completed as f64;
    println!(
        "{completed} requests, {:.0}/s, {:.2} µs CPU per request",
        completed / tally.busy.as_secs_f64(),
        cpu / completed
    );
    println!("p50 {:?}, p99 {:?}, errors {:?}", tally.latency_p50, tally.latency_p99, tally.errors);
    Ok(())
}

/// Time on a CPU of this process, which has one thread.
fn cpu_micros() -> Result<f64, Box<dyn std::error::Error>> {
    let schedstat = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanos: f64 = schedstat.split(' ').next().ok_or("schedstat is empty")?.parse()?;
    Ok(nanos / 1e3)
}
