//! A URL as a user types it: where to, and what to ask there.

use drip_model::{Origin, Scheme};
use http::uri::Authority;

use crate::PlanError;

/// A URL taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Scheme, host, port.
    pub origin: Origin,
    /// Path and query with slots; empty when the URL has none.
    pub path: String,
}

/// Reads a URL.
///
/// # Errors
/// When the scheme is not http or https, the host is missing, the port is no port, or credentials stand in it.
pub fn address(url: &str) -> Result<Address, PlanError> {
    let (scheme, rest) = scheme(url)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err(PlanError::Credentials);
    }
    let origin = origin(url, scheme, authority)?;
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
    Ok(Address { origin, path })
}

fn scheme(url: &str) -> Result<(Scheme, &str), PlanError> {
    let (name, rest) =
        url.split_once("://").ok_or_else(|| PlanError::Scheme { url: without_credentials(url) })?;
    match name.to_ascii_lowercase().as_str() {
        "http" => Ok((Scheme::Http, rest)),
        "https" => Ok((Scheme::Https, rest)),
        _ => Err(PlanError::Scheme { url: without_credentials(url) }),
    }
}

fn without_credentials(url: &str) -> String {
    match url.split_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => url.to_owned(),
    }
}

fn origin(url: &str, scheme: Scheme, authority: &str) -> Result<Origin, PlanError> {
    let fault = |why: &str| PlanError::Authority { url: url.to_owned(), why: why.to_owned() };
    let parsed: Authority =
        authority.parse().map_err(|_| fault("expected is HOST or HOST:PORT, the port 1 to 65535"))?;
    let host = parsed.host().trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(fault("the host is missing"));
    }
    let port = match parsed.as_str()[parsed.host().len()..].strip_prefix(':') {
        Some(port) => {
            port.parse().ok().filter(|port| *port > 0).ok_or_else(|| fault("the port is not 1 to 65535"))?
        }
        None => scheme.default_port(),
    };
    Ok(Origin { scheme, host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, origin: &str, path: &str) {
        let found = address(url).unwrap();
        assert_eq!((found.origin.to_string().as_str(), found.path.as_str()), (origin, path), "{url}");
    }

    fn refused(url: &str, words: &str) {
        let error = address(url).unwrap_err().to_string();
        assert!(error.contains(words), "{url}: {error}");
    }

    #[test]
    fn a_url_is_taken_apart() {
        check("http://127.0.0.1:8080/data", "http://127.0.0.1:8080", "/data");
        check("HTTP://localhost", "http://localhost", "");
        check("https://example.com?q={n}#top", "https://example.com", "/?q={n}");
        check("http://[::1]:3000/u/{n}", "http://[::1]:3000", "/u/{n}");
    }

    #[test]
    fn what_cannot_be_requested_is_refused_with_the_reason() {
        refused("127.0.0.1:8080", "http://HOST:PORT/PATH");
        refused("ftp://example.com/", "http://HOST:PORT/PATH");
        refused("http://", "host");
        refused("http://host:99999/", "port");
        refused("http://host:port/", "1 to 65535");
        refused("http://user:secret@host/", "credentials");
    }

    #[test]
    fn a_password_is_never_repeated() {
        assert!(!address("ftp://user:secret@host/").unwrap_err().to_string().contains("secret"));
    }
}
