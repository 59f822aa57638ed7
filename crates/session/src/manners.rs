//! What may be done to an address. The rule is applied to the address that is connected to, not to its name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use drip_drive::Endpoint;
use drip_model::{Conduct, Settings, Vector};

use crate::job::Job;
use crate::trouble::Trouble;

/// The polite profile: what a stranger's service is asked at most.
const POLITE_PER_SECOND: f64 = 5.0;
const POLITE_REQUESTS: u64 = 500;
const POLITE_USERS: u32 = 2;
const SAFE_METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// Addresses where clouds tell their machines secrets: AWS, Azure, Google and DigitalOcean (link-local), Alibaba,
/// AWS over IPv6.
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(169, 254, 169, 254), Ipv4Addr::new(100, 100, 100, 200)];
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The settings that are allowed where a host is asked.
///
/// # Errors
/// When the request must not be sent there at all, or only by somebody who says that the host is theirs.
pub(crate) fn mind(job: &Job, host: &str, endpoint: &Endpoint) -> Result<Settings, Trouble> {
    match endpoint {
        Endpoint::Tcp(address) => mind_address(job, host, address.ip()),
        // Whoever listens on it is on this machine.
        Endpoint::Unix(_) => Ok(job.settings.clone()),
        Endpoint::Proxy(_) => mind_proxied(job, host),
    }
}

/// Nobody can tell which address a proxy connects to, so that it is nobody's own.
fn mind_proxied(job: &Job, host: &str) -> Result<Settings, Trouble> {
    const WHY: &str = "through a proxy nobody can tell whose host answers; ask it directly, with --no-proxy";
    if job.settings.owned_host.as_deref() == Some(host) {
        return Err(Trouble::Refused(format!("--i-own {host} does not hold: {WHY}")));
    }
    match job.vectors.iter().find(|vector| !is_safe(vector)) {
        _ if job.probes => Err(Trouble::Refused(format!("--probes may hurt: {WHY}"))),
        Some(vector) => Err(Trouble::Refused(format!("{} is not a safe request: {WHY}", vector.endpoint))),
        None => Ok(polite(&job.settings)),
    }
}

fn mind_address(job: &Job, host: &str, address: IpAddr) -> Result<Settings, Trouble> {
    if is_metadata(address) {
        return Err(Trouble::Refused(format!(
            "{host} ({address}) is a metadata address; it is never requested"
        )));
    }
    if address.to_canonical().is_loopback() {
        return Ok(job.settings.clone());
    }
    if job.settings.owned_host.as_deref() == Some(host) {
        return owned(job, host);
    }
    match job.vectors.iter().find(|vector| !is_safe(vector)) {
        _ if job.probes => Err(Trouble::Refused(format!(
            "--probes may hurt a service and {host} is not this machine; if it is yours, say so with --i-own {host}"
        ))),
        Some(vector) => Err(Trouble::Refused(format!(
            "{} is not a safe request and {host} is not this machine; if it is yours, say so with --i-own {host}",
            vector.endpoint
        ))),
        None => Ok(polite(&job.settings)),
    }
}

/// Ownership gives the right to load, not a default to do so.
fn owned(job: &Job, host: &str) -> Result<Settings, Trouble> {
    if job.load_is_explicit {
        return Ok(job.settings.clone());
    }
    Err(Trouble::Refused(format!(
        "{host} is not this machine: say how much with --requests N, and --rate N or --users N"
    )))
}

fn polite(settings: &Settings) -> Settings {
    Settings {
        users: settings.users.min(POLITE_USERS),
        threads: 1,
        rate: Some(settings.rate.unwrap_or(POLITE_PER_SECOND).min(POLITE_PER_SECOND)),
        requests_max: Some(settings.requests_max.unwrap_or(POLITE_REQUESTS).min(POLITE_REQUESTS)),
        ..settings.clone()
    }
}

/// A safe method, and a client that does not misbehave on purpose.
fn is_safe(vector: &Vector) -> bool {
    SAFE_METHODS.contains(&vector.template.method.as_str())
        && matches!(vector.conduct, Conduct::Polite | Conduct::FreshConnection)
}

/// Whether an address is one where a cloud tells its machines secrets; such are never asked anything.
pub fn is_metadata(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => METADATA_V4.contains(&address),
        IpAddr::V6(address) => address == METADATA_V6,
    }
}
