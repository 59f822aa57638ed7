//! Requests in the terms of HTTP/2: fields instead of lines, an authority instead of `Host`. Pure: no clock, no socket.

use bytes::Bytes;
use drip_model::{Origin, Template};
use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Uri};

use crate::failure::Failure;
use crate::request::{defaults, tells_length, validate};

/// A request, and its body if it has one that is not empty.
pub(crate) type Letter = (Request<()>, Option<Bytes>);

/// All that the requests of one template have in common, made once.
#[derive(Debug)]
pub(crate) struct Letters {
    template: Template,
    seed: u64,
    method: Method,
    scheme: Scheme,
    /// Unless the request has a `Host` of its own.
    authority: Authority,
    /// What each request carries, and its template does not set.
    defaults: HeaderMap,
    tells_length: bool,
    /// The whole request, when all are the same.
    constant: Option<Letter>,
}

impl Letters {
    pub(crate) fn new(origin: &Origin, template: &Template, seed: u64) -> Result<Self, Failure> {
        // No slot can give what HTTP forbids: if one request is valid, all are.
        let method = validate(template, seed)?;
        let authority = Authority::try_from(origin.authority())
            .map_err(|_| Failure::our_side(format!("{:?} is not a host name", origin.host)))?;
        let mut letters = Self {
            template: template.clone(),
            seed,
            tells_length: tells_length(template, &method),
            method,
            scheme: scheme(origin),
            authority,
            defaults: fields(defaults(origin, template, false)?),
            constant: None,
        };
        if !template.varies() {
            letters.constant = Some(letters.compose(0));
        }
        Ok(letters)
    }

    /// The `n`-th request of the run.
    pub(crate) fn letter(&self, n: u64) -> Letter {
        self.constant.clone().unwrap_or_else(|| self.compose(n))
    }

    fn compose(&self, n: u64) -> Letter {
        let rendered = self.template.render(self.seed, n);
        let mut authority = self.authority.clone();
        let mut headers = self.defaults.clone();
        for (name, value) in rendered.headers {
            let name = HeaderName::try_from(name).expect("it was validated");
            if name == HOST {
                // What is a value of `Host` and no authority is left to HTTP/1.1.
                authority = Authority::try_from(value.as_slice()).unwrap_or(authority);
            } else if !frames(&name) {
                headers.append(name, HeaderValue::try_from(value).expect("it was validated"));
            }
        }
        let body = rendered.body.map(Bytes::from).unwrap_or_default();
        if self.tells_length {
            headers.insert(CONTENT_LENGTH, body.len().into());
        }
        let mut request = Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri(authority, rendered.target);
        *request.headers_mut() = headers;
        (request, (!body.is_empty()).then_some(body))
    }

    fn uri(&self, authority: Authority, target: Vec<u8>) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(authority);
        parts.path_and_query = PathAndQuery::from_maybe_shared(Bytes::from(target)).ok();
        Uri::from_parts(parts).expect("a scheme, an authority and a validated path are a URI")
    }
}

fn scheme(origin: &Origin) -> Scheme {
    match origin.scheme {
        drip_model::Scheme::Http => Scheme::HTTP,
        drip_model::Scheme::Https => Scheme::HTTPS,
    }
}

fn fields(defaults: Vec<(HeaderName, String)>) -> HeaderMap {
    let fields = defaults.into_iter().filter(|(name, _)| *name != HOST);
    fields.filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?))).collect()
}

/// What belongs to one connection of HTTP/1.1 and is forbidden in HTTP/2 (RFC 9113, section 8.2.2), and the length,
/// which follows from the body that is really sent.
fn frames(name: &HeaderName) -> bool {
    let of_connection = [CONNECTION, TRANSFER_ENCODING, UPGRADE, TE, CONTENT_LENGTH];
    of_connection.contains(name) || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

#[cfg(test)]
mod tests {
    use drip_model::{Body, Part, Slot, Text};

    use super::*;

    fn letter(headers: &[(&str, &str)], body: Body) -> Letter {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), Text::literal(*value))).collect();
        let target = Text(vec![Part::Literal(b"/u/".to_vec()), Part::Slot(Slot::Counter)]);
        let template = Template { method: "POST".into(), target, headers, body };
        let origin = Origin { scheme: drip_model::Scheme::Https, host: "example.test".into(), port: 443 };
        Letters::new(&origin, &template, 1).unwrap().letter(7)
    }

    #[test]
    fn a_request_has_the_fields_that_curl_would_send() {
        let (request, body) = letter(&[], Body::None);
        assert_eq!(request.uri(), "https://example.test/u/7");
        assert_eq!(body, None);
        let fields: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(fields, ["user-agent", "accept", "content-length"]);
    }

    #[test]
    fn what_belongs_to_a_connection_of_http_1_is_left_out() {
        let set = [("Host", "other:8080"), ("Connection", "close"), ("TE", "gzip"), ("Content-Length", "9")];
        let (request, body) = letter(&set, Body::Text(Text::literal("x=1")));
        assert_eq!(request.uri(), "https://other:8080/u/7");
        assert_eq!(request.headers()[CONTENT_LENGTH], "3");
        assert_eq!(body.as_deref(), Some(b"x=1".as_slice()));
        assert!([CONNECTION, TE, HOST].iter().all(|name| !request.headers().contains_key(name)));
    }

    #[test]
    fn repeated_headers_stay() {
        let (request, _) = letter(&[("x-a", "1"), ("X-A", "2")], Body::None);
        let values: Vec<_> = request.headers().get_all("x-a").iter().collect();
        assert_eq!(values, ["1", "2"]);
    }
}
