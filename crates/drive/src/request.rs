//! From a template to a request as it goes over the wire. Pure: no clock, no socket.

use bytes::Bytes;
use drip_model::{Body, Origin, Template, Text};
use http::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri};
use http_body_util::Full;

use crate::failure::Failure;

const OUR_NAME: &str = concat!("drip/", env!("CARGO_PKG_VERSION"));
/// What curl says of a body whose type nobody named.
const FORM: &str = "application/x-www-form-urlencoded";

/// All that the requests of one template have in common, made once.
pub(crate) struct Blueprint {
    template: Template,
    seed: u64,
    method: Method,
    names: Vec<HeaderName>,
    defaults: HeaderMap,
    /// A body from a file, shared rather than copied into each request.
    file: Option<Bytes>,
    /// The whole request, when all are the same.
    constant: Option<Request<Full<Bytes>>>,
}

impl Blueprint {
    pub(crate) fn new(origin: &Origin, template: &Template, seed: u64) -> Result<Self, Failure> {
        let mut template = template.clone();
        let file = match &mut template.body {
            Body::Bytes(bytes) => Some(Bytes::from(std::mem::take(bytes))),
            Body::None | Body::Text(_) => None,
        };
        let names = names(&template)?;
        let defaults = defaults(origin, &names, !matches!(template.body, Body::None))?;
        let method = method(&template.method)?;
        let mut blueprint = Self { template, seed, method, names, defaults, file, constant: None };
        // No slot can give what HTTP forbids: if one request is valid, all are, and nothing is sent if not.
        let sample = blueprint.assemble(0)?;
        blueprint.constant = (!blueprint.template.varies()).then_some(sample);
        Ok(blueprint)
    }

    /// The `n`-th request of the run.
    pub(crate) fn request(&self, n: u64) -> Result<Request<Full<Bytes>>, Failure> {
        match &self.constant {
            Some(request) => Ok(request.clone()),
            None => self.assemble(n),
        }
    }

    fn assemble(&self, n: u64) -> Result<Request<Full<Bytes>>, Failure> {
        let rendered = self.template.render(self.seed, n);
        let headers = self.headers(rendered.headers)?;
        let body = self.file.clone().or_else(|| rendered.body.map(Bytes::from)).unwrap_or_default();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri(rendered.target)?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn headers(&self, rendered: Vec<(String, Vec<u8>)>) -> Result<HeaderMap, Failure> {
        let mut headers = self.defaults.clone();
        for (name, (_, value)) in self.names.iter().zip(rendered) {
            // Both follow from the body that is really sent; a recorded length would only break the framing.
            if *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING {
                continue;
            }
            let value = HeaderValue::from_maybe_shared(Bytes::from(value)).map_err(|_| {
                Failure::our_side(format!("header {name} has a value that HTTP does not allow"))
            })?;
            headers.append(name.clone(), value);
        }
        Ok(headers)
    }
}

/// A `GET` of one path with nothing but the defaults.
pub(crate) fn get(origin: &Origin, path: &str) -> Result<Request<Full<Bytes>>, Failure> {
    let template = Template { method: "GET".into(), target: Text::literal(path), ..Template::default() };
    Blueprint::new(origin, &template, 0)?.request(0)
}

fn names(template: &Template) -> Result<Vec<HeaderName>, Failure> {
    let parse = |name: &str| {
        HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Failure::our_side(format!("{name:?} is not a header name")))
    };
    template.headers.iter().map(|(name, _)| parse(name)).collect()
}

fn method(name: &str) -> Result<Method, Failure> {
    Method::from_bytes(name.as_bytes())
        .map_err(|_| Failure::our_side(format!("{name:?} is not an HTTP method")))
}

/// The headers that a request carries unless its template sets them.
fn defaults(origin: &Origin, names: &[HeaderName], has_body: bool) -> Result<HeaderMap, Failure> {
    let host = HeaderValue::try_from(origin.authority())
        .map_err(|_| Failure::our_side(format!("{:?} is not a host name", origin.host)))?;
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: HeaderValue| {
        if !names.contains(&name) {
            headers.insert(name, value);
        }
    };
    set(HOST, host);
    set(USER_AGENT, HeaderValue::from_static(OUR_NAME));
    set(ACCEPT, HeaderValue::from_static("*/*"));
    if has_body {
        set(CONTENT_TYPE, HeaderValue::from_static(FORM));
    }
    Ok(headers)
}

fn uri(target: Vec<u8>) -> Result<Uri, Failure> {
    let refuse = |target: &[u8]| {
        Failure::our_side(format!(
            "request target {:?} is not allowed in HTTP",
            String::from_utf8_lossy(target)
        ))
    };
    if target != b"*" && !target.starts_with(b"/") {
        return Err(refuse(&target));
    }
    let target = Bytes::from(target);
    PathAndQuery::from_maybe_shared(target.clone()).map(Uri::from).map_err(|_| refuse(&target))
}

#[cfg(test)]
mod tests {
    use drip_model::{ErrorKind, Part, Scheme, Slot};

    use super::*;

    fn origin() -> Origin {
        Origin { scheme: Scheme::Http, host: "example.test".into(), port: 8080 }
    }

    fn template(headers: &[(&str, &str)], body: Body) -> Template {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), Text::literal(*value))).collect();
        Template { method: "POST".into(), target: Text::literal("/a?b=1"), headers, body }
    }

    fn head(template: &Template) -> Vec<String> {
        let request = Blueprint::new(&origin(), template, 1).unwrap().request(0).unwrap();
        let line =
            |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        request.headers().iter().map(line).collect()
    }

    fn refusal(template: &Template) -> Failure {
        let made = Blueprint::new(&origin(), template, 1).and_then(|blueprint| blueprint.request(0));
        made.expect_err("the template is not valid")
    }

    #[test]
    fn a_request_has_the_headers_that_curl_would_send() {
        let expected = [
            "host: example.test:8080",
            concat!("user-agent: drip/", env!("CARGO_PKG_VERSION")),
            "accept: */*",
        ];
        assert_eq!(head(&template(&[], Body::None)), expected);
        let with_body = head(&template(&[], Body::Bytes(b"x=1".to_vec())));
        assert_eq!(with_body[3], "content-type: application/x-www-form-urlencoded");
    }

    #[test]
    fn what_the_template_sets_replaces_the_default() {
        let set = [("Host", "other"), ("User-Agent", "me"), ("ACCEPT", "text/*"), ("content-type", "a/b")];
        let body = Body::Text(Text::literal("x"));
        assert_eq!(
            head(&template(&set, body)),
            ["host: other", "user-agent: me", "accept: text/*", "content-type: a/b"]
        );
    }

    #[test]
    fn a_recorded_framing_is_left_out_and_repeated_headers_stay() {
        let set = [("Content-Length", "999"), ("Transfer-Encoding", "chunked"), ("x-a", "1"), ("x-a", "2")];
        let head = head(&template(&set, Body::None));
        assert_eq!(head[3..], ["x-a: 1", "x-a: 2"]);
    }

    #[test]
    fn what_http_does_not_allow_is_refused_in_words_without_the_value() {
        let secret = refusal(&template(&[("Authorization", "hunter2\r\nX: y")], Body::None));
        assert_eq!(secret.kind, ErrorKind::OurSide);
        assert_eq!(secret.to_string(), "header authorization has a value that HTTP does not allow");
        assert_eq!(
            refusal(&template(&[("a b", "1")], Body::None)).to_string(),
            "\"a b\" is not a header name"
        );
        for target in ["", "no-slash", "/a b", "/a\r\nX: y"] {
            let template = Template { target: Text::literal(target), ..template(&[], Body::None) };
            assert_eq!(refusal(&template).kind, ErrorKind::OurSide, "{target:?}");
        }
        let method = Template { method: "G T".into(), ..template(&[], Body::None) };
        assert_eq!(refusal(&method).to_string(), "\"G T\" is not an HTTP method");
    }

    #[test]
    fn a_template_with_slots_gives_a_new_request_each_time() {
        let target = Text(vec![Part::Literal(b"/u/".to_vec()), Part::Slot(Slot::Counter)]);
        let template = Template { target, ..template(&[], Body::Bytes(b"same".to_vec())) };
        let blueprint = Blueprint::new(&origin(), &template, 1).unwrap();
        assert_eq!(blueprint.request(7).unwrap().uri(), "/u/7");
        assert_eq!(blueprint.request(8).unwrap().uri(), "/u/8");
    }
}
