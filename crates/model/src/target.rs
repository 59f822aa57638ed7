//! Where the requests go.

use std::fmt;

/// How the target speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port that a URL without one means.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// As it stands in a URL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Which HTTP is spoken, for all of a run: a service whose protocol changed in the middle would be two services.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1: each user has a connection.
    #[default]
    Http1,
    /// HTTP/2: users share connections, on each of which many requests are under way.
    Http2,
}

impl Protocol {
    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// Scheme, host and port: the only place that load may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Plain or TLS.
    pub scheme: Scheme,
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// The port, always explicit.
    pub port: u16,
}

impl Origin {
    /// `host:port`, as the `Host` header has it; the default port is left out.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == self.scheme.default_port() { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scheme: Scheme, host: &str, port: u16, expected: &str) {
        assert_eq!(Origin { scheme, host: host.into(), port }.to_string(), expected);
    }

    #[test]
    fn an_origin_reads_as_a_url_does() {
        check(Scheme::Http, "127.0.0.1", 8080, "http://127.0.0.1:8080");
        check(Scheme::Http, "localhost", 80, "http://localhost");
        check(Scheme::Https, "::1", 8443, "https://[::1]:8443");
        check(Scheme::Https, "example.com", 443, "https://example.com");
    }
}
