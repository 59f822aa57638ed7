//! The places of a request that are new each time: what a cache without a bound could be keyed by.

use crate::template::{Body, Draw, Part, Template, Text};

/// One of them; slots side by side in the same place are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Varying {
    /// `query parameter q`, `path segment 2`, `header X-Tenant`, `body field name`.
    pub name: String,
    places: Vec<Place>,
}

/// Where a part stands: which text, counted as target, headers, body, and which part of it.
type Place = (usize, usize);

impl Template {
    /// All places that are new each time, in the order of the request.
    pub fn varying(&self) -> Vec<Varying> {
        let mut found: Vec<Varying> = Vec::new();
        for (number, text) in self.texts().into_iter().enumerate() {
            let mut before = Vec::new();
            for (index, part) in text.0.iter().enumerate() {
                match part {
                    Part::Literal(bytes) => before.extend_from_slice(bytes),
                    part if part.varies() => {
                        let name = self.name(number, &String::from_utf8_lossy(&before));
                        match found.iter_mut().find(|varying| varying.name == name) {
                            Some(varying) => varying.places.push((number, index)),
                            None => found.push(Varying { name, places: vec![(number, index)] }),
                        }
                        // Something stands there, so that what follows is not taken for the beginning.
                        before.push(b'x');
                    }
                    _ => before.push(b'x'),
                }
            }
        }
        found
    }

    /// The same request with everything as in the `n`-th one of a run with this seed, but for what may vary.
    #[must_use]
    pub fn fixed(&self, but: &[Varying], seed: u64, n: u64) -> Self {
        let may_vary = |place| but.iter().any(|varying| varying.places.contains(&place));
        let mut draw = Draw::new(seed, n);
        let mut fixed = |number: usize, text: &Text| {
            let part = |(index, part): (usize, &Part)| {
                if may_vary((number, index)) || !part.varies() {
                    return part.clone();
                }
                let mut bytes = Vec::new();
                Text(vec![part.clone()]).fill(&mut draw, &mut bytes);
                Part::Literal(bytes)
            };
            Text(text.0.iter().enumerate().map(part).collect())
        };
        Self {
            method: self.method.clone(),
            target: fixed(0, &self.target),
            headers: (1..)
                .zip(&self.headers)
                .map(|(i, (name, value))| (name.clone(), fixed(i, value)))
                .collect(),
            body: match &self.body {
                Body::Text(text) => Body::Text(fixed(1 + self.headers.len(), text)),
                other => other.clone(),
            },
        }
    }

    fn texts(&self) -> Vec<&Text> {
        let headers = self.headers.iter().map(|(_, value)| value);
        let body = if let Body::Text(text) = &self.body { Some(text) } else { None };
        std::iter::once(&self.target).chain(headers).chain(body).collect()
    }

    /// What a place is called, of which this text stands before it.
    fn name(&self, text: usize, before: &str) -> String {
        match text.checked_sub(1) {
            None => target_name(before),
            Some(header) => match self.headers.get(header) {
                Some((name, _)) => format!("header {name}"),
                None => body_name(before),
            },
        }
    }
}

fn target_name(before: &str) -> String {
    let Some((_, query)) = before.split_once('?') else {
        return format!("path segment {}", before.matches('/').count());
    };
    match query.rsplit('&').next().and_then(|pair| pair.split_once('=')) {
        Some((name, _)) => format!("query parameter {name}"),
        None => "query".to_owned(),
    }
}

/// The last name before it, as JSON or a form has it.
fn body_name(before: &str) -> String {
    let json =
        before.rsplit_once(':').and_then(|(names, _)| names.trim_end().strip_suffix('"')?.rsplit('"').next());
    let form = || before.rsplit('&').next()?.split_once('=').map(|(name, _)| name);
    let plain =
        |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    match json.or_else(form).filter(plain) {
        Some(name) => format!("body field {name}"),
        None => "body".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Slot;

    fn text(parts: &[&str]) -> Text {
        let part = |part: &&str| match *part {
            "{n}" => Part::Slot(Slot::Counter),
            "{hex}" => Part::Slot(Slot::Hex),
            "{pad}" => Part::Slot(Slot::Pad(3)),
            literal => Part::Literal(literal.as_bytes().to_vec()),
        };
        Text(parts.iter().map(part).collect())
    }

    fn template() -> Template {
        Template {
            method: "POST".into(),
            target: text(&[
                "/users/", "{n}", "/orders/", "{hex}", "?q=", "{hex}", "{hex}", "&page=2&", "{n}",
            ]),
            headers: vec![("X-Fixed".into(), text(&["a"])), ("X-Tenant".into(), text(&["t-", "{n}"]))],
            body: Body::Text(text(&[
                "{\"id\": ",
                "{n}",
                ", \"name\": \"",
                "{hex}",
                "\", \"x\": \"",
                "{pad}",
                "\"}",
            ])),
        }
    }

    #[test]
    fn each_place_has_a_name() {
        let names: Vec<_> = template().varying().into_iter().map(|varying| varying.name).collect();
        let expected = [
            "path segment 2",
            "path segment 4",
            "query parameter q",
            "query",
            "header X-Tenant",
            "body field id",
            "body field name",
        ];
        assert_eq!(names, expected);
        let form = Template { body: Body::Text(text(&["a=1&b=", "{n}"])), ..Template::default() };
        assert_eq!(form.varying()[0].name, "body field b");
        let plain = Template { body: Body::Text(text(&["hello ", "{n}"])), ..Template::default() };
        assert_eq!(plain.varying()[0].name, "body");
    }

    #[test]
    fn what_is_fixed_is_the_same_each_time_and_only_the_rest_varies() {
        let template = template();
        let fixed = template.fixed(&[], 7, 3);
        assert!(!fixed.varies());
        assert_eq!(fixed.render(7, 0), fixed.render(8, 9));
        let all = template.varying();
        let tenant = all.iter().find(|varying| varying.name == "header X-Tenant").unwrap();
        let but = template.fixed(std::slice::from_ref(tenant), 7, 3);
        let (one, other) = (but.render(7, 0), but.render(7, 1));
        assert_eq!((&one.target, &one.body), (&other.target, &other.body));
        assert_ne!(one.headers, other.headers);
    }

    #[test]
    fn the_same_request_repeated_varies_nowhere() {
        assert_eq!(Template { target: text(&["/a?b=", "{pad}"]), ..Template::default() }.varying(), []);
    }
}
