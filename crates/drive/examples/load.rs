//! The engine alone, without a judge: what `cargo xtask bench peers` measures.
//!
//! `cargo run --release -p drip-drive --example load -- http://127.0.0.1:8080/data [users=50] [seconds=4]
//! [requests=N] [rate=N] [threads=N] [fresh] [insecure] [http2]` prints one line of numbers in JSON. The path may have the slots `{n}` and `{uuid}`.
#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;
use std::fs;
use std::net::ToSocketAddrs as _;
use std::time::Duration;

use drip_drive::{Arrivals, Load, Model, Pulse, Roots, Trust, Until, play};
use drip_model::{Conduct, Origin, Part, Protocol, Scheme, Slot, Tally, Template, Text};
use rustix::time::{ClockId, clock_gettime};
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (url, settings) = words.split_first().ok_or("a URL is needed, as in http://127.0.0.1:8080/data")?;
    let (origin, target) = parse(url)?;
    let address = (origin.host.as_str(), origin.port).to_socket_addrs()?.next().ok_or("no address")?;
    let template = Template { method: "GET".into(), target: slots(target), ..Template::default() };
    let time = Duration::from_secs(setting(settings, "seconds")?.unwrap_or(4));
    let has = |word: &str| settings.iter().any(|setting| setting == word);
    let trust =
        Trust { roots: if has("insecure") { Roots::Anyone } else { Roots::System }, ..Trust::default() };
    let load = Load {
        origin: &origin,
        endpoint: address.into(),
        template: &template,
        seed: 1,
        first: 0,
        until: match setting(settings, "requests")? {
            Some(count) => Until::Requests { count, time_max: Duration::from_secs(3600) },
            None => Until::Elapsed(time),
        },
        users: setting(settings, "users")?.unwrap_or(50),
        threads: setting(settings, "threads")?.unwrap_or(1),
        model: setting(settings, "rate")?.map_or(Model::Closed, |rate| Model::Open(Arrivals::constant(rate))),
        conduct: if has("fresh") { Conduct::FreshConnection } else { Conduct::Polite },
        protocol: if has("http2") { Protocol::Http2 } else { Protocol::Http1 },
        trust: &trust,
        request_time_max: Duration::from_secs(10),
    };
    let tally = play(&load, &Pulse::default(), &CancellationToken::new()).await;
    println!("{}", line(&tally)?);
    Ok(())
}

fn parse(url: &str) -> Result<(Origin, &str), Box<dyn Error>> {
    let (scheme, rest) = url.split_once("://").ok_or("a URL begins with http:// or https://")?;
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse()?),
        None => (authority, scheme.default_port()),
    };
    let target = if target.is_empty() { "/" } else { target };
    Ok((Origin { scheme, host: host.trim_matches(['[', ']']).to_owned(), port }, target))
}

fn slots(target: &str) -> Text {
    let mut parts = Vec::new();
    for (index, literal) in target.split("{n}").enumerate() {
        if index > 0 {
            parts.push(Part::Slot(Slot::Counter));
        }
        for (index, literal) in literal.split("{uuid}").enumerate() {
            if index > 0 {
                parts.push(Part::Slot(Slot::Uuid));
            }
            parts.push(Part::Literal(literal.into()));
        }
    }
    Text(parts)
}

fn setting<T: std::str::FromStr>(settings: &[String], name: &str) -> Result<Option<T>, T::Err> {
    let value = settings.iter().find_map(|setting| setting.strip_prefix(name)?.strip_prefix('='));
    value.map(str::parse).transpose()
}

fn line(tally: &Tally) -> Result<String, Box<dyn Error>> {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
    let busy = tally.busy.as_secs_f64();
    Ok(format!(
        r#"{{"requests": {}, "errors": {}, "perSecond": {:.0}, "cpuMicrosPerRequest": {:.3}, "cpuSeconds": {cpu:.3}, "busySeconds": {busy:.3}, "peakRssBytes": {}, "p50Micros": {}, "p99Micros": {}, "lateP999Micros": {}}}"#,
        tally.completed,
        tally.failed(),
        tally.completed as f64 / busy,
        cpu * 1e6 / tally.completed as f64,
        peak_rss()?,
        tally.latency_p50.as_micros(),
        tally.latency_p99.as_micros(),
        tally.lateness_p999.as_micros(),
    ))
}

fn peak_rss() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(value.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
