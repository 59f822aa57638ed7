//! One request in curl's words, as vectors.

use drip_model::{Conduct, Expected, Part, Pattern, Template, Text, Vector, VectorId};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};

use crate::endpoint::{Endpoint, Parameter, Payload, Segment, Variable};
use crate::{Credentials, PlanError, slots};

/// What `-d` brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Text with slots.
    Text(String),
    /// The bytes of a file.
    Bytes(Vec<u8>),
}

/// One request in curl's words; several paths make several vectors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Paths with query and slots; none means `/`.
    pub paths: Vec<String>,
    /// `-X`; without it POST where there is data, else GET.
    pub method: Option<String>,
    /// `-H`, each `Name: value`.
    pub headers: Vec<String>,
    /// `-d`.
    pub data: Option<Data>,
    /// A status that counts as success besides 2xx and 3xx.
    pub expect_status: Option<u16>,
}

/// The vectors that an ask means, one for each path.
///
/// # Errors
/// When a path, header or method cannot be sent; the message names it.
pub fn vectors(ask: &Ask, credentials: &Credentials) -> Result<Vec<Vector>, PlanError> {
    let vector = |(id, mut endpoint): (usize, Endpoint)| {
        credentials.apply(&mut endpoint);
        let template = endpoint.template(&|_, _| true);
        Vector {
            id: VectorId(id),
            endpoint: endpoint.label(),
            pattern: pattern(&template),
            template,
            conduct: Conduct::Polite,
            weight: 1,
            expect_status: endpoint.expect_status,
            undo: None,
        }
    };
    Ok(endpoints(ask)?.into_iter().enumerate().map(vector).collect())
}

/// The same as endpoints, for patterns to be made of them. What has slots varies, all else stays.
///
/// # Errors
/// As [`vectors`].
pub fn endpoints(ask: &Ask) -> Result<Vec<Endpoint>, PlanError> {
    let paths = if ask.paths.is_empty() { vec!["/".to_owned()] } else { ask.paths.clone() };
    let (method, headers) = (method(ask)?, headers(&ask.headers)?);
    let (value, file) = match &ask.data {
        None => (None, None),
        Some(Data::Text(text)) => (Some(Variable::of(slots::parse(text))), None),
        Some(Data::Bytes(bytes)) => (Some(Variable::fixed("")), Some(bytes.clone())),
    };
    let body = value.map(|value| Payload { media_type: None, value, file });
    let endpoint = |path: &String| {
        checked(path)?;
        let (path, query) =
            path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
        Ok(Endpoint {
            method: method.clone(),
            path: path.to_owned(),
            segments: vec![Segment::Free(parameter("path", path))],
            query: query.into_iter().flat_map(|query| query.split('&')).map(pair).collect(),
            headers: headers.clone(),
            body: body.clone(),
            expect_status: ask.expect_status.map_or(Expected::Success, Expected::Status),
            ..Endpoint::default()
        })
    };
    paths.iter().map(endpoint).collect()
}

fn parameter(name: &str, text: &str) -> Parameter {
    Parameter { name: name.to_owned(), always: true, value: Variable::of(slots::parse(text)) }
}

fn pair(pair: &str) -> Parameter {
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    // A slot in a name varies with the whole pair.
    if slots::parse(name).varies() { parameter("", pair) } else { parameter(name, value) }
}

fn method(ask: &Ask) -> Result<String, PlanError> {
    let usual = if ask.data.is_some() { "POST" } else { "GET" };
    let method = ask.method.as_deref().unwrap_or(usual).to_ascii_uppercase();
    Method::from_bytes(method.as_bytes()).map_err(|_| PlanError::Method(method.clone()))?;
    Ok(method)
}

/// Whether a path can be requested, and every slot of it is one.
fn checked(path: &str) -> Result<(), PlanError> {
    let fault = |why: String| PlanError::Path { path: path.to_owned(), why };
    if !path.starts_with('/') {
        return Err(fault("it must begin with /".into()));
    }
    let text = slots::parse(path);
    if let Some(slot) = slots::unknown(&text) {
        return Err(fault(format!("{slot} is no slot; there are {}", slots::KNOWN)));
    }
    let sample = Template { target: text.clone(), ..Template::default() }.render(0, 0).target;
    let sendable = PathAndQuery::try_from(sample.as_slice()).is_ok() && !sample.contains(&b'#');
    if !sendable {
        return Err(fault("it holds a character that must be percent-encoded (a space is %20)".into()));
    }
    Ok(())
}

fn headers(given: &[String]) -> Result<Vec<Parameter>, PlanError> {
    given.iter().map(|line| header(line)).collect()
}

fn header(line: &str) -> Result<Parameter, PlanError> {
    let fault = |name: &str, why: &str| PlanError::Header { name: name.to_owned(), why: why.to_owned() };
    let (name, value) =
        line.split_once(':').ok_or_else(|| fault("without a colon", "write -H 'Name: value'"))?;
    let (name, value) = (name.trim(), slots::parse(value.trim()));
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault(name, "not a header name"))?;
    let sample = Template { target: value.clone(), ..Template::default() }.render(0, 0).target;
    HeaderValue::from_bytes(&sample)
        .map_err(|_| fault(name, "its value holds a character that cannot be sent"))?;
    Ok(Parameter { name: name.to_owned(), always: true, value: Variable::of(value) })
}

/// The first part of the request that is new each time names the pattern.
fn pattern(template: &Template) -> Pattern {
    let (path, query) = split_query(&template.target);
    if path.varies() {
        Pattern::UNIQUE_PATH
    } else if query.varies() {
        Pattern::UNIQUE_QUERY
    } else if template.headers.iter().any(|(_, value)| value.varies()) {
        Pattern::UNIQUE_HEADER
    } else if template.varies() {
        Pattern::UNIQUE_BODY
    } else {
        Pattern::REPEATED
    }
}

fn split_query(target: &Text) -> (Text, Text) {
    let in_query = |part: &Part| matches!(part, Part::Literal(bytes) if bytes.contains(&b'?'));
    let at = target.0.iter().position(in_query).unwrap_or(target.0.len());
    (Text(target.0[..at].to_vec()), Text(target.0[at..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(path: &str) -> Ask {
        Ask { paths: vec![path.into()], ..Ask::default() }
    }

    fn one(ask: &Ask) -> Vector {
        vectors(ask, &Credentials::default()).unwrap().remove(0)
    }

    #[test]
    fn the_pattern_is_where_the_first_slot_stands() {
        let header = Ask { headers: vec!["X-Id: {uuid}".into()], ..ask("/a") };
        let body = Ask { data: Some(Data::Text(r#"{"id":"{n}"}"#.into())), ..ask("/a") };
        let cases = [
            (ask("/a"), Pattern::REPEATED),
            (ask("/a/{pad:9}"), Pattern::REPEATED),
            (ask("/a/{n}?q=1"), Pattern::UNIQUE_PATH),
            (ask("/a?q={n}"), Pattern::UNIQUE_QUERY),
            (header, Pattern::UNIQUE_HEADER),
            (body, Pattern::UNIQUE_BODY),
        ];
        for (ask, expected) in cases {
            assert_eq!(one(&ask).pattern, expected, "{ask:?}");
        }
    }

    #[test]
    fn curls_words_mean_what_they_mean_to_curl() {
        assert_eq!(one(&Ask::default()).endpoint, "GET /");
        assert_eq!(one(&ask("/a?b=c")).endpoint, "GET /a");
        let data = Ask { data: Some(Data::Text("x".into())), ..ask("/a") };
        assert_eq!(one(&data).endpoint, "POST /a");
        assert_eq!(one(&Ask { method: Some("put".into()), ..data }).endpoint, "PUT /a");
    }

    #[test]
    fn a_request_is_sent_as_it_was_written() {
        for path in ["/", "/a?b", "/a?b=", "/a?x={n}&&y=1&{n}", "/a/{n}/b?c={n}=d"] {
            let sent = one(&ask(path)).template.render(1, 7).target;
            assert_eq!(String::from_utf8(sent).unwrap(), path.replace("{n}", "7"));
        }
    }

    #[test]
    fn several_paths_are_several_vectors() {
        let both = Ask { paths: vec!["/a".into(), "/b".into()], ..Ask::default() };
        let found: Vec<_> = vectors(&both, &Credentials::default())
            .unwrap()
            .into_iter()
            .map(|v| (v.id.0, v.endpoint))
            .collect();
        assert_eq!(found, [(0, "GET /a".to_owned()), (1, "GET /b".to_owned())]);
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let header = |line: &str| Ask { headers: vec![line.into()], ..ask("/") };
        let cases = [
            (ask("data"), "begin with /"),
            (ask("/user/{id}"), "{id} is no slot"),
            (ask("/a b"), "%20"),
            (header("Broken"), "'Name: value'"),
            (header("Bad Name: x"), "not a header name"),
            (header("X: a\u{0}b"), "cannot be sent"),
            (Ask { method: Some("GE T".into()), ..ask("/") }, "GE T"),
        ];
        for (ask, words) in cases {
            let error = vectors(&ask, &Credentials::default()).unwrap_err().to_string();
            assert!(error.contains(words), "{ask:?}: {error}");
        }
    }

    #[test]
    fn a_refused_header_does_not_tell_its_value() {
        let error = vectors(
            &Ask { headers: vec!["Authorization: secret\u{1}".into()], ..ask("/") },
            &Credentials::default(),
        )
        .unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
}
