//! The way to a service: which address, socket or proxy stands for an origin. What may be asked there is decided by
//! [`crate::manners`].

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use drip_drive::{Endpoint, Proxies, Versions};
use drip_model::Origin;
use tokio::net::lookup_host;

use crate::manners::is_metadata;
use crate::trouble::Trouble;

/// How the service is reached.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Which HTTP may be spoken.
    pub versions: Versions,
    /// A Unix socket that stands for every host.
    pub unix_socket: Option<PathBuf>,
    /// Addresses that stand for names.
    pub pinned: Vec<Pinned>,
    /// Proxies on the way to hosts that are not this machine.
    pub proxies: Proxies,
}

/// Addresses that stand for a host and port, whatever a resolver would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What stands for them, in order.
    pub addresses: Vec<IpAddr>,
}

impl Pinned {
    fn stands_for(&self, origin: &Origin) -> bool {
        self.port == origin.port && self.host.eq_ignore_ascii_case(&origin.host)
    }
}

/// Where an origin may answer, in the order in which to ask. Each is pinned from then on.
///
/// # Errors
/// When its name, or that of the proxy, has no address; when it is one that is never asked.
pub async fn ways(reach: &Reach, origin: &Origin) -> Result<Vec<Endpoint>, Trouble> {
    if let Some(path) = &reach.unix_socket {
        return Ok(vec![Endpoint::Unix(path.clone())]);
    }
    if let Some(pinned) = reach.pinned.iter().find(|pinned| pinned.stands_for(origin)) {
        let address = |ip: &IpAddr| SocketAddr::new(*ip, origin.port).into();
        return Ok(pinned.addresses.iter().map(address).collect());
    }
    let found = resolve(&origin.host, origin.port).await;
    let Some(proxy) = reach.proxies.to(origin) else { return direct(found?) };
    match found {
        Ok(found) if found.iter().all(|address| address.ip().to_canonical().is_loopback()) => direct(found),
        Ok(found) if found.iter().any(|address| is_metadata(address.ip())) => Err(refused(&origin.host)),
        // Behind a proxy it is the proxy that knows the name.
        _ => {
            let at = resolve(&proxy.host, proxy.port).await?;
            match at.iter().any(|address| is_metadata(address.ip())) {
                true => Err(refused(&proxy.host)),
                false => Ok(at.into_iter().map(|address| Endpoint::Proxy(proxy.at(address))).collect()),
            }
        }
    }
}

fn direct(found: Vec<SocketAddr>) -> Result<Vec<Endpoint>, Trouble> {
    Ok(found.into_iter().map(Endpoint::Tcp).collect())
}

fn refused(host: &str) -> Trouble {
    Trouble::Refused(format!("{host} is a metadata address; it is never requested"))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
    let unknown = |why: String| Trouble::UnknownHost { host: host.to_owned(), why };
    let found = lookup_host((host, port)).await.map_err(|error| unknown(error.to_string()))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(unknown("it has no address".into())) } else { Ok(addresses) }
}

#[cfg(test)]
mod tests {
    use drip_model::Scheme;

    use super::*;

    fn reach(proxy: &str) -> Reach {
        let proxies =
            Proxies::of_environment(|name| (name == "ALL_PROXY").then(|| proxy.to_owned())).unwrap();
        let addresses = vec![IpAddr::from([192, 0, 2, 7]), IpAddr::from([192, 0, 2, 8])];
        let pinned = vec![Pinned { host: "Shop.test".into(), port: 80, addresses }];
        Reach { proxies, pinned, ..Reach::default() }
    }

    async fn check(reach: &Reach, host: &str, port: u16, expected: &[&str]) {
        let origin = Origin { scheme: Scheme::Http, host: host.into(), port };
        let found = ways(reach, &origin).await.unwrap();
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{host}:{port}");
    }

    #[tokio::test]
    async fn a_pinned_name_is_asked_nobody_else_about() {
        check(&reach(""), "shop.test", 80, &["192.0.2.7:80", "192.0.2.8:80"]).await;
        check(&reach("10.1.1.1:3128"), "shop.test", 80, &["192.0.2.7:80", "192.0.2.8:80"]).await;
    }

    #[tokio::test]
    async fn a_proxy_is_asked_for_what_is_not_this_machine() {
        let proxied = reach("10.1.1.1:3128");
        check(&proxied, "192.0.2.1", 80, &["the proxy at 10.1.1.1:3128"]).await;
        check(&proxied, "127.0.0.1", 80, &["127.0.0.1:80"]).await;
        check(&proxied, "::1", 80, &["[::1]:80"]).await;
        let metadata = Origin { scheme: Scheme::Http, host: "169.254.169.254".into(), port: 80 };
        assert!(matches!(ways(&proxied, &metadata).await, Err(Trouble::Refused(_))));
    }

    #[tokio::test]
    async fn a_unix_socket_stands_for_every_host() {
        let socket = Reach { unix_socket: Some("/run/app.sock".into()), ..reach("10.1.1.1:3128") };
        check(&socket, "shop.test", 80, &["/run/app.sock"]).await;
    }
}
