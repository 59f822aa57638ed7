//! Proxies, as the environment names them: curl's variables and curl's rules. Pure: nothing is resolved here.
//!
//! Credentials of a proxy are sent to it and shown to nobody.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use drip_model::{Origin, Scheme};

/// The port of a proxy whose URL names none, as curl has it.
const PORT: u16 = 1080;

/// A proxy as its URL names it.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    authorization: Option<String>,
}

/// A proxy that connections go to, and which goes on to the origin.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Resolved once and pinned by the caller.
    pub address: SocketAddr,
    authorization: Option<String>,
}

/// The proxies of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<ProxyUrl>,
    https: Option<ProxyUrl>,
    /// What is asked directly.
    except: Vec<Exception>,
}

/// What `NO_PROXY` names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    All,
    /// A domain and all below it.
    Domain(String),
    /// Addresses that begin with so many bits.
    Net(IpAddr, u8),
}

impl Proxies {
    /// What these variables say. `HTTP_PROXY` in upper case is not among them: a client could set it as a header of a
    /// CGI script.
    ///
    /// # Errors
    /// When one of them is no URL of a proxy that is spoken with; in words without its credentials.
    pub fn of_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let first = |names: &[&'static str]| {
            let named = |name: &&'static str| Some((*name, get(name).filter(|value| !value.is_empty())?));
            let found = names.iter().find_map(named);
            found.map(|(name, url)| ProxyUrl::parse(&url).map_err(|why| format!("{name}: {why}"))).transpose()
        };
        let except = ["no_proxy", "NO_PROXY"].iter().find_map(|name| get(name)).unwrap_or_default();
        let words = except.split([',', ' ']).filter(|word| !word.is_empty());
        Ok(Self {
            http: first(&["http_proxy", "all_proxy", "ALL_PROXY"])?,
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
            except: words.map(Exception::parse).collect(),
        })
    }

    /// The proxy on the way to an origin.
    pub fn to(&self, origin: &Origin) -> Option<&ProxyUrl> {
        let proxy = match origin.scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        proxy.as_ref().filter(|_| !self.except.iter().any(|exception| exception.names(&origin.host)))
    }
}

impl ProxyUrl {
    fn parse(url: &str) -> Result<Self, String> {
        let rest = match url.split_once("://") {
            None => url,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) => {
                return Err(format!(
                    "{scheme}:// is no proxy that is spoken with, only http://; --no-proxy ignores it"
                ));
            }
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (credentials, place) =
            authority.rsplit_once('@').map_or((None, authority), |(c, p)| (Some(c), p));
        let wrong = || "no URL of a proxy, as http://HOST:PORT; --no-proxy ignores it".to_owned();
        let (host, port) = split_port(place).ok_or_else(wrong)?;
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(wrong());
        }
        let authorization = credentials.map(|credentials| STANDARD.encode(decoded(credentials)));
        Ok(Self { host: host.to_owned(), port: port.unwrap_or(PORT), authorization })
    }

    /// The same proxy at one of its addresses.
    pub fn at(&self, address: SocketAddr) -> Proxy {
        Proxy { address, authorization: self.authorization.clone() }
    }
}

/// `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT`.
fn split_port(place: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?.parse().ok()?) };
        return Some((host, port));
    }
    match place.split_once(':') {
        None => Some((place, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
    }
}

/// `%40` and its like, which a password needs in a URL.
fn decoded(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

impl Proxy {
    /// The value of `Proxy-Authorization`, if the proxy's URL had credentials.
    pub(crate) fn authorization(&self) -> Option<String> {
        self.authorization.as_ref().map(|encoded| format!("Basic {encoded}"))
    }

    /// The request that makes a tunnel of a connection.
    pub(crate) fn connect(&self, origin: &Origin) -> Vec<u8> {
        let host = if origin.host.contains(':') { format!("[{}]", origin.host) } else { origin.host.clone() };
        let place = format!("{host}:{}", origin.port);
        let authorization = self.authorization().map(|value| format!("Proxy-Authorization: {value}\r\n"));
        let authorization = authorization.unwrap_or_default();
        format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{authorization}\r\n").into_bytes()
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({}:{})", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.address)
    }
}

impl Exception {
    fn parse(word: &str) -> Self {
        let word = word.trim_matches(['[', ']']);
        let (address, bits) =
            word.split_once('/').map_or((word, None), |(address, bits)| (address, bits.parse().ok()));
        match address.parse::<IpAddr>() {
            _ if word == "*" => Self::All,
            Ok(address) => Self::Net(address, bits.unwrap_or(u8::MAX)),
            Err(_) => Self::Domain(word.trim_matches('.').to_ascii_lowercase()),
        }
    }

    fn names(&self, host: &str) -> bool {
        match self {
            Self::All => true,
            Self::Domain(domain) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                host.strip_suffix(domain.as_str())
                    .is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
            Self::Net(net, bits) => host.parse().is_ok_and(|address| shares(*net, address, *bits)),
        }
    }
}

/// Whether two addresses begin with the same bits.
fn shares(net: IpAddr, address: IpAddr, bits: u8) -> bool {
    let shared = match (net, address) {
        (IpAddr::V4(net), IpAddr::V4(address)) => (u32::from(net) ^ u32::from(address)).leading_zeros(),
        (IpAddr::V6(net), IpAddr::V6(address)) => (u128::from(net) ^ u128::from(address)).leading_zeros(),
        _ => return false,
    };
    let all = if net.is_ipv4() { 32 } else { 128 };
    shared >= u32::from(bits).min(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, String> {
        let variables: Vec<_> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Proxies::of_environment(|name| variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
    }

    fn origin(url: &str) -> Origin {
        let (scheme, host) = url.split_once("://").unwrap();
        let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        Origin { scheme, host: host.into(), port: scheme.default_port() }
    }

    /// `host:port` of the proxy on the way, or nothing.
    fn check(variables: &[(&str, &str)], url: &str, expected: Option<&str>) {
        let proxies = proxies(variables).unwrap();
        let found = proxies.to(&origin(url)).map(|proxy| format!("{}:{}", proxy.host, proxy.port));
        assert_eq!(found.as_deref(), expected, "{variables:?} {url}");
    }

    #[test]
    fn each_scheme_has_its_variable_as_with_curl() {
        check(&[("http_proxy", "http://p:3128")], "http://a.test", Some("p:3128"));
        check(&[("http_proxy", "http://p:3128")], "https://a.test", None);
        check(&[("HTTP_PROXY", "http://p:3128")], "http://a.test", None);
        check(&[("HTTPS_PROXY", "p:8080")], "https://a.test", Some("p:8080"));
        check(&[("ALL_PROXY", "http://[::1]/")], "https://a.test", Some("::1:1080"));
        check(&[("ALL_PROXY", "p:1"), ("https_proxy", "q:2")], "https://a.test", Some("q:2"));
        check(&[("https_proxy", "")], "https://a.test", None);
    }

    #[test]
    fn what_no_proxy_names_is_asked_directly() {
        let direct = |except: &str, host: &str| {
            let variables = [("ALL_PROXY", "p:1"), ("NO_PROXY", except)];
            proxies(&variables).unwrap().to(&origin(&format!("http://{host}"))).is_none()
        };
        assert!(direct("*", "a.test"));
        assert!(
            direct("b.test, a.test", "a.test")
                && direct(".a.test", "x.a.test")
                && direct("A.test", "a.test.")
        );
        assert!(!direct("a.test", "ba.test") && !direct("a.test", "a.test.evil"));
        assert!(direct("10.0.0.0/8", "10.1.2.3") && !direct("10.0.0.0/8", "11.1.2.3"));
        assert!(direct("10.1.2.3", "10.1.2.3") && !direct("10.1.2.3", "10.1.2.4"));
        assert!(direct("[fd00::]/8", "fd12::1") || direct("fd00::/8", "fd12::1"));
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let proxies = proxies(&[("https_proxy", "http://me:hunter%402@p:3128")]).unwrap();
        assert!(!format!("{proxies:?}").contains("hunter"));
        let proxy = proxies.to(&origin("https://a.test")).unwrap().at(([127, 0, 0, 1], 3128).into());
        assert!(!format!("{proxy:?}").contains("bWU6"));
        let request = String::from_utf8(proxy.connect(&origin("https://a.test"))).unwrap();
        // me:hunter@2
        assert_eq!(
            request,
            "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic bWU6aHVudGVyQDI=\r\n\r\n"
        );
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_credentials() {
        for url in [
            "socks5://me:hunter2@p:1",
            "http://me:hunter2@p:x",
            "http://me:hunter2@",
            "http://me:hunter2@p :1",
        ] {
            let why = proxies(&[("ALL_PROXY", url)]).unwrap_err();
            assert!(
                why.starts_with("ALL_PROXY: ") && why.contains("--no-proxy") && !why.contains("hunter2"),
                "{why}"
            );
        }
    }
}
