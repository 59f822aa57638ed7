//! What every format is read into: endpoints with the parts that may vary, and what was left out with its reason.

use drip_model::{Body, Expected, Part, Template, Text};

/// What may stand at one place of a request, escaped as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The same each time.
    pub usual: Text,
    /// Another one each time, where the place allows it.
    pub varied: Option<Text>,
}

impl Variable {
    /// A text that cannot vary.
    pub fn fixed(text: impl Into<Vec<u8>>) -> Self {
        Self { usual: Text::literal(text), varied: None }
    }

    /// A text with slots; the usual one is their first filling.
    pub fn of(text: Text) -> Self {
        let template = Template { target: text, ..Template::default() };
        let usual = Text::literal(template.render(0, 0).target);
        Self { usual, varied: Some(template.target).filter(Text::varies) }
    }

    /// What is sent when it does not vary.
    pub fn usual_bytes(&self) -> Vec<u8> {
        let template = Template { target: self.usual.clone(), ..Template::default() };
        template.render(0, 0).target
    }

    /// How many requests it takes until its text returns.
    pub fn size(&self) -> u64 {
        let sizes = self.varied.iter().flat_map(|text| &text.0).map(|part| match part {
            Part::Value(value) => value.size(),
            part if part.varies() => u64::MAX,
            _ => 1,
        });
        sizes.max().unwrap_or(1)
    }

    fn text(&self, vary: bool) -> &Text {
        self.varied.as_ref().filter(|_| vary).unwrap_or(&self.usual)
    }
}

/// Where a part of a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// A header.
    Header,
    /// A pair of the `Cookie` header.
    Cookie,
    /// The body.
    Body,
}

impl Place {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
        }
    }
}

/// A named part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name; in a query as it is written there, and empty where only a value stands.
    pub name: String,
    /// Whether it is sent even when it does not vary.
    pub always: bool,
    /// Its value.
    pub value: Variable,
}

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// As it is.
    Fixed(String),
    /// A parameter.
    Free(Parameter),
}

/// What is sent as body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// For `Content-Type`, unless a header says it.
    pub media_type: Option<String>,
    /// The body.
    pub value: Variable,
    /// The bytes of a file, sent in place of the value.
    pub file: Option<Vec<u8>>,
}

/// Who may call an endpoint, as its description says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// A token in `Authorization`, OAuth2 and OpenID Connect included.
    Bearer,
    /// Name and password in `Authorization`.
    Basic,
    /// A key.
    ApiKey {
        /// `header`, `query` or `cookie`.
        place: &'static str,
        /// Under this name.
        name: String,
    },
    /// What Drip cannot send.
    Other(String),
}

impl std::fmt::Display for Scheme {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bearer => write!(out, "bearer token"),
            Self::Basic => write!(out, "name and password"),
            Self::ApiKey { place, name } => write!(out, "API key in {place} {name}"),
            Self::Other(what) => write!(out, "{what}"),
        }
    }
}

/// One operation of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// In capitals.
    pub method: String,
    /// The path as it is described: `/user/{id}`.
    pub path: String,
    /// The name that its author gave it.
    pub name: Option<String>,
    /// The path in pieces; the first begins with `/`.
    pub segments: Vec<Segment>,
    /// Parameters of the query.
    pub query: Vec<Parameter>,
    /// Headers.
    pub headers: Vec<Parameter>,
    /// Cookies.
    pub cookies: Vec<Parameter>,
    /// The body.
    pub body: Option<Payload>,
    /// What its description asks of a caller; any one will do.
    pub wants: Vec<Scheme>,
    /// Statuses outside 2xx and 3xx that are the right answer.
    pub expect_status: Expected,
}

impl Endpoint {
    /// As reports have it.
    pub fn label(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The request in which those parts vary that `vary` names; parts that cannot vary stay as they are.
    pub fn template(&self, vary: &dyn Fn(Place, &str) -> bool) -> Template {
        let mut target = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Fixed(text) => target.push(Part::Literal(text.clone().into_bytes())),
                Segment::Free(free) => extend(&mut target, free.value.text(vary(Place::Path, &free.name))),
            }
        }
        let query = sent(&self.query, &|name| vary(Place::Query, name));
        for (separator, (name, value)) in std::iter::once("?").chain(std::iter::repeat("&")).zip(query) {
            let equals = if name.is_empty() { "" } else { "=" };
            target.push(Part::Literal(format!("{separator}{name}{equals}").into_bytes()));
            extend(&mut target, &value);
        }
        Template {
            method: self.method.clone(),
            target: merged(target),
            headers: self.header_lines(vary),
            body: self.body_of(vary),
        }
    }

    fn header_lines(&self, vary: &dyn Fn(Place, &str) -> bool) -> Vec<(String, Text)> {
        let mut lines = sent(&self.headers, &|name| vary(Place::Header, name));
        let mut cookies = Vec::new();
        for (name, value) in sent(&self.cookies, &|name| vary(Place::Cookie, name)) {
            let separator = if cookies.is_empty() { "" } else { "; " };
            cookies.push(Part::Literal(format!("{separator}{name}=").into_bytes()));
            extend(&mut cookies, &value);
        }
        if !cookies.is_empty() {
            lines.push(("Cookie".into(), merged(cookies)));
        }
        let named = |name: &str| lines.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let media_type = self.body.as_ref().and_then(|body| body.media_type.clone());
        if let Some(media_type) = media_type.filter(|_| !named("content-type")) {
            lines.push(("Content-Type".into(), Text::literal(media_type)));
        }
        lines
    }

    fn body_of(&self, vary: &dyn Fn(Place, &str) -> bool) -> Body {
        match &self.body {
            None => Body::None,
            Some(Payload { file: Some(bytes), .. }) => Body::Bytes(bytes.clone()),
            Some(body) => Body::Text(body.value.text(vary(Place::Body, "")).clone()),
        }
    }

    /// Every part that can vary, with how many requests it takes until it returns.
    pub fn keys(&self) -> Vec<(Place, &str, u64)> {
        let free = self.segments.iter().filter_map(|segment| match segment {
            Segment::Free(parameter) => Some((Place::Path, parameter)),
            Segment::Fixed(_) => None,
        });
        let named = free
            .chain(self.query.iter().map(|parameter| (Place::Query, parameter)))
            .chain(self.headers.iter().map(|parameter| (Place::Header, parameter)))
            .chain(self.cookies.iter().map(|parameter| (Place::Cookie, parameter)));
        let mut keys: Vec<_> = named
            .map(|(place, parameter)| (place, parameter.name.as_str(), parameter.value.size()))
            .collect();
        keys.extend(self.body.as_ref().map(|body| (Place::Body, "", body.value.size())));
        keys.retain(|(_, _, size)| *size > 1);
        keys
    }
}

/// Those that are sent, with their text.
fn sent(parameters: &[Parameter], vary: &dyn Fn(&str) -> bool) -> Vec<(String, Text)> {
    let text = |parameter: &Parameter| {
        let vary = vary(&parameter.name) && parameter.value.varied.is_some();
        (parameter.always || vary).then(|| (parameter.name.clone(), parameter.value.text(vary).clone()))
    };
    parameters.iter().filter_map(text).collect()
}

fn extend(parts: &mut Vec<Part>, text: &Text) {
    parts.extend(text.0.iter().cloned());
}

/// Neighbouring literals as one.
pub(crate) fn merged(parts: Vec<Part>) -> Text {
    let mut out: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (out.last_mut(), part) {
            (Some(Part::Literal(before)), Part::Literal(bytes)) => before.extend(bytes),
            (_, part) => out.push(part),
        }
    }
    Text(out)
}

/// Something that is not tested, or not as it was described.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// What: an operation, a parameter, a host.
    pub what: String,
    /// Why, and what to do.
    pub why: String,
}

impl Skipped {
    /// Something and the reason.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}

/// What a description says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The name of its format.
    pub format: &'static str,
    /// What can be asked.
    pub endpoints: Vec<Endpoint>,
    /// What cannot, and why.
    pub skipped: Vec<Skipped>,
    /// Documents that it refers to, not yet read.
    pub wanted: Vec<String>,
}
