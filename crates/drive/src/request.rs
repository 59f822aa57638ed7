//! From a template to the bytes of a request as they go over the wire. Pure: no clock, no socket.

use std::io::Write as _;

use drip_model::{Body, Draw, Origin, Part, Template, Text};
use http::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{Method, Uri};

use crate::failure::Failure;
use crate::proxy::Proxy;

pub(crate) const OUR_NAME: &str = concat!("drip/", env!("CARGO_PKG_VERSION"));
/// What curl says of a body whose type nobody named.
const FORM: &str = "application/x-www-form-urlencoded";

/// All that the requests of one template have in common, made once.
#[derive(Debug)]
pub(crate) struct Blueprint {
    seed: u64,
    /// Request line and headers, but for the length of a body that varies and the empty line.
    head: Text,
    body: Payload,
    /// The method is `HEAD`, so that no answer has a body.
    pub(crate) is_head: bool,
    /// The whole request, when all are the same.
    constant: Option<Vec<u8>>,
}

/// What of a request follows from the way that it goes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Way<'a> {
    /// Each connection is used once, which is announced.
    pub(crate) is_fresh: bool,
    /// It goes through a proxy that has to be told where to.
    pub(crate) proxy: Option<&'a Proxy>,
}

#[derive(Debug)]
enum Payload {
    /// Its length stands in the head.
    Fixed(Vec<u8>),
    Varying(Text),
}

/// Memory in which requests are written, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Page {
    request: Vec<u8>,
    body: Vec<u8>,
}

impl Blueprint {
    pub(crate) fn new(
        origin: &Origin,
        template: &Template,
        seed: u64,
        way: &Way<'_>,
    ) -> Result<Self, Failure> {
        // No slot can give what HTTP forbids: if one request is valid, all are, and nothing is sent if not.
        let method = validate(template, seed)?;
        let mut head = Draft::default();
        head.literal(method.as_str());
        head.literal(" ");
        if way.proxy.is_some() {
            head.literal(origin.to_string());
        }
        head.text(&template.target);
        head.literal(" HTTP/1.1\r\n");
        if let Some(authorization) = way.proxy.and_then(Proxy::authorization) {
            head.header(PROXY_AUTHORIZATION, &Text::literal(authorization));
        }
        for (name, value) in defaults(origin, template, way.is_fresh)? {
            head.header(&name, &Text::literal(value));
        }
        for (name, value) in headers(template) {
            head.header(name, value);
        }
        let body = payload(template, &method, &mut head);
        let mut blueprint =
            Self { seed, head: Text(head.0), body, is_head: method == Method::HEAD, constant: None };
        if !template.varies() {
            blueprint.constant = Some(blueprint.write(0, &mut Page::default()).to_vec());
        }
        Ok(blueprint)
    }

    /// The `n`-th request of the run.
    pub(crate) fn request<'a>(&'a self, n: u64, page: &'a mut Page) -> &'a [u8] {
        match &self.constant {
            Some(request) => request,
            None => self.write(n, page),
        }
    }

    fn write<'a>(&self, n: u64, page: &'a mut Page) -> &'a [u8] {
        let Page { request, body } = page;
        let mut draw = Draw::new(self.seed, n);
        request.clear();
        self.head.fill(&mut draw, request);
        match &self.body {
            Payload::Fixed(bytes) => {
                request.extend_from_slice(b"\r\n");
                request.extend_from_slice(bytes);
            }
            Payload::Varying(text) => {
                body.clear();
                text.fill(&mut draw, body);
                // Writing to memory cannot fail.
                let _ = write!(request, "{CONTENT_LENGTH}: {}\r\n\r\n", body.len());
                request.extend_from_slice(body);
            }
        }
        request
    }
}

/// A text that is put together; neighbouring literals become one, so that filling it is few copies.
#[derive(Debug, Default)]
struct Draft(Vec<Part>);

impl Draft {
    fn literal(&mut self, bytes: impl AsRef<[u8]>) {
        match self.0.last_mut() {
            Some(Part::Literal(last)) => last.extend_from_slice(bytes.as_ref()),
            _ => self.0.push(Part::Literal(bytes.as_ref().to_vec())),
        }
    }

    fn text(&mut self, text: &Text) {
        for part in &text.0 {
            match part {
                Part::Literal(bytes) => self.literal(bytes),
                hole => self.0.push(hole.clone()),
            }
        }
    }

    fn header(&mut self, name: impl AsRef<str>, value: &Text) {
        self.literal(name.as_ref().to_ascii_lowercase());
        self.literal(": ");
        self.text(value);
        self.literal("\r\n");
    }
}

/// The body, whose length is written to the head if it is known.
fn payload(template: &Template, method: &Method, head: &mut Draft) -> Payload {
    let fixed = match &template.body {
        Body::Text(text) if text.varies() => return Payload::Varying(text.clone()),
        Body::Text(text) => {
            let mut bytes = Vec::new();
            text.fill(&mut Draw::new(0, 0), &mut bytes);
            bytes
        }
        Body::Bytes(bytes) => bytes.clone(),
        Body::None => Vec::new(),
    };
    if tells_length(template, method) {
        head.header(&CONTENT_LENGTH, &Text::literal(fixed.len().to_string()));
    }
    Payload::Fixed(fixed)
}

/// A method that is expected to have a body says that it has none (RFC 9110, section 8.6).
pub(crate) fn tells_length(template: &Template, method: &Method) -> bool {
    let expects_one = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    expects_one || !matches!(template.body, Body::None)
}

/// The template's headers. What frames the body follows from the body that is really sent; a recorded length would
/// only break it.
fn headers(template: &Template) -> impl Iterator<Item = &(String, Text)> {
    let frames = |name: &str| {
        [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|own| name.eq_ignore_ascii_case(own.as_str()))
    };
    template.headers.iter().filter(move |(name, _)| !frames(name))
}

/// The headers that a request carries unless its template sets them.
pub(crate) fn defaults(
    origin: &Origin,
    template: &Template,
    fresh: bool,
) -> Result<Vec<(HeaderName, String)>, Failure> {
    if HeaderValue::try_from(origin.authority()).is_err() {
        return Err(Failure::our_side(format!("{:?} is not a host name", origin.host)));
    }
    let mut all =
        vec![(HOST, origin.authority()), (USER_AGENT, OUR_NAME.to_owned()), (ACCEPT, "*/*".to_owned())];
    if !matches!(template.body, Body::None) {
        all.push((CONTENT_TYPE, FORM.to_owned()));
    }
    if fresh {
        all.push((CONNECTION, "close".to_owned()));
    }
    all.retain(|(name, _)| !template.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name.as_str())));
    Ok(all)
}

/// Refuses what HTTP does not allow, in words without a header's value.
pub(crate) fn validate(template: &Template, seed: u64) -> Result<Method, Failure> {
    let sample = template.render(seed, 0);
    for (name, value) in &sample.headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Failure::our_side(format!("{name:?} is not a header name")))?;
        HeaderValue::from_bytes(value)
            .map_err(|_| Failure::our_side(format!("header {name} has a value that HTTP does not allow")))?;
    }
    uri(&sample.target)?;
    method(&template.method)
}

fn method(name: &str) -> Result<Method, Failure> {
    Method::from_bytes(name.as_bytes())
        .map_err(|_| Failure::our_side(format!("{name:?} is not an HTTP method")))
}

fn uri(target: &[u8]) -> Result<Uri, Failure> {
    let refuse = || {
        Failure::our_side(format!(
            "request target {:?} is not allowed in HTTP",
            String::from_utf8_lossy(target)
        ))
    };
    if target != b"*" && !target.starts_with(b"/") {
        return Err(refuse());
    }
    PathAndQuery::try_from(target).map(Uri::from).map_err(|_| refuse())
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

    fn blueprint(template: &Template) -> Blueprint {
        Blueprint::new(&origin(), template, 1, &Way::default()).unwrap()
    }

    fn written(blueprint: &Blueprint, n: u64) -> String {
        String::from_utf8(blueprint.request(n, &mut Page::default()).to_vec()).unwrap()
    }

    /// The lines of the head, but for the first.
    fn head(template: &Template) -> Vec<String> {
        let request = written(&blueprint(template), 0);
        let (head, _) = request.split_once("\r\n\r\n").unwrap();
        head.lines().skip(1).map(str::to_owned).collect()
    }

    fn refusal(template: &Template) -> Failure {
        Blueprint::new(&origin(), template, 1, &Way::default()).expect_err("the template is not valid")
    }

    #[test]
    fn a_request_has_the_headers_that_curl_would_send() {
        let expected = [
            "host: example.test:8080",
            concat!("user-agent: drip/", env!("CARGO_PKG_VERSION")),
            "accept: */*",
            "content-length: 0",
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
            ["host: other", "user-agent: me", "accept: text/*", "content-type: a/b", "content-length: 1"]
        );
    }

    #[test]
    fn a_recorded_framing_is_left_out_and_repeated_headers_stay() {
        let set = [("Content-Length", "999"), ("Transfer-Encoding", "chunked"), ("x-a", "1"), ("x-a", "2")];
        let head = head(&template(&set, Body::None));
        assert_eq!(head[3..], ["x-a: 1", "x-a: 2", "content-length: 0"]);
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
        let blueprint = blueprint(&template);
        assert!(written(&blueprint, 7).starts_with("POST /u/7 HTTP/1.1\r\n"));
        assert!(written(&blueprint, 8).ends_with("content-length: 4\r\n\r\nsame"));
    }

    #[test]
    fn a_body_with_slots_has_the_length_that_it_is_written_with() {
        let body = Text(vec![Part::Literal(b"id=".to_vec()), Part::Slot(Slot::Counter)]);
        let blueprint = blueprint(&template(&[], Body::Text(body)));
        assert!(written(&blueprint, 9).ends_with("content-length: 4\r\n\r\nid=9"));
        assert!(written(&blueprint, 1234).ends_with("content-length: 7\r\n\r\nid=1234"));
    }

    #[test]
    fn what_is_written_is_what_the_template_renders() {
        let slots = [Slot::Uuid, Slot::Hex, Slot::Word, Slot::Ip].map(Part::Slot);
        let text = |lead: &str| Text([&[Part::Literal(lead.into())][..], &slots].concat());
        let template = Template {
            method: "PUT".into(),
            target: text("/"),
            headers: vec![("x-key".into(), text(""))],
            body: Body::Text(text("")),
        };
        let (rendered, request) = (template.render(1, 5), written(&blueprint(&template), 5));
        let [target, key, body] = [rendered.target, rendered.headers[0].1.clone(), rendered.body.unwrap()]
            .map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(request.starts_with(&format!("PUT {target} HTTP/1.1\r\n")), "{request}");
        assert!(request.contains(&format!("\r\nx-key: {key}\r\n")), "{request}");
        assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
    }

    #[test]
    fn a_connection_that_is_used_once_is_announced_as_such() {
        let fresh =
            Blueprint::new(&origin(), &template(&[], Body::None), 1, &Way { is_fresh: true, proxy: None })
                .unwrap();
        assert!(written(&fresh, 0).contains("\r\nconnection: close\r\n"));
    }
}
