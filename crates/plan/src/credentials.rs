//! Credentials from a file of their own, so that they stand in no command line; used and never shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use drip_model::Escape;
use toml::{Table, Value};

use crate::PlanError;
use crate::endpoint::{Endpoint, Parameter, Scheme, Variable};
use crate::nearest::nearest;

const KEYS: [&str; 5] = ["bearer", "basic", "cookie", "header", "api-key"];

/// What every request carries. It has no `Debug`, so that no message can hold it.
#[derive(Clone, Default)]
pub struct Credentials {
    headers: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// A key whose name the description tells.
    api_key: Option<String>,
}

/// Reads a file of credentials (TOML). A value that begins with `$` names a variable of the environment, which
/// `environment` looks up.
///
/// # Errors
/// When it is no such file; the message tells the key or the line, never a value.
pub fn credentials(
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Credentials, PlanError> {
    let table: Table = toml::from_str(text).map_err(|error| {
        let line =
            1 + error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count());
        PlanError::Credential(format!("line {line} is not TOML"))
    })?;
    let mut reader = Reader { environment, out: Credentials::default() };
    for (key, value) in &table {
        reader.entry(key, value).map_err(PlanError::Credential)?;
    }
    Ok(reader.out)
}

struct Reader<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    out: Credentials,
}

impl Reader<'_> {
    fn entry(&mut self, key: &str, value: &Value) -> Result<(), String> {
        match key {
            "bearer" => {
                let token = self.text(key, value)?;
                self.authorization(format!("Bearer {token}"));
            }
            "basic" => {
                let (user, password) = (self.field(key, value, "user")?, self.field(key, value, "password")?);
                self.authorization(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
            }
            "cookie" => self.out.cookies = self.named(key, value)?,
            "header" => {
                let named = self.named(key, value)?;
                self.out.headers.extend(named);
            }
            "api-key" => self.api_key(value)?,
            other => return Err(unknown(other, &KEYS)),
        }
        Ok(())
    }

    fn authorization(&mut self, value: String) {
        self.out.headers.push(("Authorization".to_owned(), value));
    }

    /// A text, whose name and place the description tells, or a table that tells them.
    fn api_key(&mut self, value: &Value) -> Result<(), String> {
        let key = "api-key";
        if value.is_str() {
            self.out.api_key = Some(self.text(key, value)?);
            return Ok(());
        }
        let pair = (self.field(key, value, "name")?, self.field(key, value, "value")?);
        let place =
            if value.get("in").is_some() { self.field(key, value, "in")? } else { "header".to_owned() };
        match place.as_str() {
            "header" => self.out.headers.push(pair),
            "query" => self.out.query.push(pair),
            "cookie" => self.out.cookies.push(pair),
            _ => return Err("api-key.in: header, query or cookie is expected".to_owned()),
        }
        Ok(())
    }

    fn named(&self, key: &str, value: &Value) -> Result<Vec<(String, String)>, String> {
        let table = value.as_table().ok_or_else(|| format!("{key}: name = \"value\" is expected"))?;
        let pair = |(name, value): (&String, &Value)| {
            Ok((name.clone(), self.text(&format!("{key}.{name}"), value)?))
        };
        table.iter().map(pair).collect()
    }

    fn field(&self, key: &str, value: &Value, name: &str) -> Result<String, String> {
        let found = value.get(name).ok_or_else(|| format!("{key}: {name} is missing"))?;
        self.text(&format!("{key}.{name}"), found)
    }

    fn text(&self, key: &str, value: &Value) -> Result<String, String> {
        let text = value.as_str().ok_or_else(|| format!("{key}: a text is expected"))?;
        match text.strip_prefix('$') {
            None => Ok(text.to_owned()),
            Some(name) => (self.environment)(name).ok_or_else(|| {
                format!("{key}: the environment has no variable of the name that stands there")
            }),
        }
    }
}

/// A key that is none, and what may have been meant.
pub(crate) fn unknown(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(nearest) => format!("unknown key {key}; did you mean {nearest}?"),
        None => format!("unknown key {key}; known are {}", known.join(", ")),
    }
}

impl Credentials {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        let named = self.headers.len() + self.cookies.len() + self.query.len();
        named == 0 && self.api_key.is_none()
    }

    /// Adds them to an endpoint, in place of what it carries under the same names.
    pub fn apply(&self, endpoint: &mut Endpoint) {
        for (name, value) in &self.headers {
            set(&mut endpoint.headers, name, value, Escape::Plain);
        }
        for (name, value) in &self.cookies {
            set(&mut endpoint.cookies, name, value, Escape::Plain);
        }
        for (name, value) in &self.query {
            set(&mut endpoint.query, name, value, Escape::Url);
        }
        let Some(key) = &self.api_key else { return };
        for scheme in endpoint.wants.clone() {
            match scheme {
                Scheme::ApiKey { place: "query", name } => set(&mut endpoint.query, &name, key, Escape::Url),
                Scheme::ApiKey { place: "cookie", name } => {
                    set(&mut endpoint.cookies, &name, key, Escape::Plain)
                }
                Scheme::ApiKey { name, .. } => set(&mut endpoint.headers, &name, key, Escape::Plain),
                _ => {}
            }
        }
    }
}

fn set(parameters: &mut Vec<Parameter>, name: &str, value: &str, escape: Escape) {
    parameters.retain(|other| !other.name.eq_ignore_ascii_case(name));
    let mut text = Vec::new();
    escape.write(value, &mut text);
    parameters.push(Parameter { name: name.to_owned(), always: true, value: Variable::fixed(text) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(text: &str, wants: &[Scheme]) -> (String, Vec<(String, String)>) {
        let environment = |name: &str| (name == "TOKEN").then(|| "from-env".to_owned());
        let mut endpoint = Endpoint {
            segments: vec![crate::Segment::Fixed("/a".into())],
            wants: wants.to_vec(),
            ..Endpoint::default()
        };
        credentials(text, &environment).unwrap().apply(&mut endpoint);
        let request = endpoint.template(&|_, _| false).render(0, 0);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(request.target), request.headers.into_iter().map(|(name, value)| (name, text(value))).collect())
    }

    #[track_caller]
    fn check(text: &str, header: (&str, &str)) {
        let (_, headers) = carried(text, &[]);
        assert_eq!(headers, [(header.0.to_owned(), header.1.to_owned())], "{text}");
    }

    #[test]
    fn each_kind_is_carried_where_it_belongs() {
        check("bearer = 'abc'", ("Authorization", "Bearer abc"));
        check("bearer = '$TOKEN'", ("Authorization", "Bearer from-env"));
        check("basic = { user = 'u', password = 'p' }", ("Authorization", "Basic dTpw"));
        check("cookie = { sid = '1', b = '2' }", ("Cookie", "b=2; sid=1"));
        check("header = { X-Tenant = 'a' }", ("X-Tenant", "a"));
        check("api-key = { name = 'X-Key', value = 'k' }", ("X-Key", "k"));
        let in_query = "api-key = { in = 'query', name = 'key', value = 'a b' }";
        assert_eq!(carried(in_query, &[]).0, "/a?key=a%20b");
        let wanted = Scheme::ApiKey { place: "query", name: "k".into() };
        assert_eq!(carried("api-key = 'v'", &[wanted]).0, "/a?k=v");
    }

    #[test]
    fn a_mistake_is_told_without_the_secret() {
        let none = |_: &str| None;
        for (text, words) in [
            ("beerer = 's3cret'", "did you mean bearer"),
            ("bearer = s3cret", "line 1"),
            ("a = 1\nbearer = s3cret'", "line 2"),
            ("bearer = '$s3cret'", "environment"),
            ("basic = { user = 's3cret' }", "password is missing"),
            ("bearer = 5", "a text is expected"),
            ("api-key = { in = 's3cret', name = 'a', value = 'b' }", "header, query or cookie"),
        ] {
            let error = credentials(text, &none).err().unwrap().to_string();
            assert!(error.contains(words) && !error.contains("s3cret"), "{text}: {error}");
        }
    }
}
