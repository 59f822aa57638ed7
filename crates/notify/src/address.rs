//! Where a message goes. The path of such a URL is a secret, so only its origin is ever shown.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use crate::{Need, Unusable};

/// A URL of which only the origin is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    url: String,
    shown: String,
    is_loopback: bool,
}

/// Whether an address may be one without encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// Everywhere: nothing but the message can be read on the way.
    Allowed,
    /// On this machine only: who reads the URL can post in our name.
    Loopback,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is no URL that can be posted to.
    pub(crate) fn parse(url: &str, plain: Plain, need: &Need) -> Result<Self, Unusable> {
        let uri: Uri = url.parse().map_err(|_| need.wrong("is no URL"))?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| need.wrong("is no URL"))?;
        let scheme = uri.scheme_str().unwrap_or_default();
        let is_loopback = is_loopback(host);
        match (scheme, plain) {
            ("https", _) | ("http", Plain::Allowed) => {}
            ("http", Plain::Loopback) if is_loopback => {}
            ("http", Plain::Loopback) => return Err(need.wrong("must begin with https://")),
            _ => return Err(need.wrong("must begin with https:// or http://")),
        }
        let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { url: url.to_owned(), shown: format!("{scheme}://{host}{port}"), is_loopback })
    }

    /// Secrets included.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is on this machine, where no proxy stands between.
    pub(crate) const fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The origin.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need = Need { key: "slack-url", variable: "DRIP_SLACK_URL", is_optional: false };

    #[track_caller]
    fn check(url: &str, plain: Plain, expected: Result<&str, &str>) {
        let address = Address::parse(url, plain, &NEED);
        let shown =
            address.map(|address| format!("{address} {address:?}")).map_err(|error| error.to_string());
        match expected {
            Ok(origin) => assert_eq!(shown, Ok(format!("{origin} Address({origin})"))),
            Err(why) => assert!(shown.clone().is_err_and(|error| error.contains(why)), "{shown:?}"),
        }
    }

    #[test]
    fn only_the_origin_of_an_address_is_shown() {
        check("https://hooks.example.com/T/B/key", Plain::Loopback, Ok("https://hooks.example.com"));
        check("https://me:word@example.com:8443/?key=x", Plain::Loopback, Ok("https://example.com:8443"));
        check("http://[::1]:9/x", Plain::Loopback, Ok("http://[::1]:9"));
        check("http://alerts.internal/x", Plain::Allowed, Ok("http://alerts.internal"));
    }

    #[test]
    fn what_cannot_be_posted_to_is_refused_and_not_repeated() {
        check("http://hooks.example.com/key", Plain::Loopback, Err("must begin with https://"));
        check("ftp://example.com/key", Plain::Allowed, Err("must begin with https:// or http://"));
        check("/services/key", Plain::Allowed, Err("is no URL"));
        for url in ["http://hooks.example.com/key", "ke y", "key://", "https://:1/key"] {
            let error = Address::parse(url, Plain::Loopback, &NEED).unwrap_err().to_string();
            assert!(!error.contains("key:") && !error.contains("/key") && !error.contains("ke y"), "{error}");
        }
    }
}
