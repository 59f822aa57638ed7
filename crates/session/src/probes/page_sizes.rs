//! Lists whose client chooses the size of a page: asked for a huge one, a service with a maximum answers as it would any
//! other page.

use drip_model::{Body, Template, Text, Vector, Weakness};

use super::Prober;

/// Parameters of the query that say how many, as frameworks and their documentation call them; in lower case, without
/// what joins words.
const NAMES: [&str; 14] = [
    "limit",
    "pagesize",
    "perpage",
    "pagelimit",
    "maxresults",
    "maxitems",
    "count",
    "size",
    "take",
    "first",
    "top",
    "rows",
    "length",
    "numresults",
];
/// Endpoints that are tried.
const ENDPOINTS_MAX: usize = 10;
const SMALL: u64 = 10;
const HUGE: u64 = 1_000_000;
/// An answer that is large in itself, so that a few at once are many megabytes.
const LARGE_BYTES: u64 = 1 << 20;
/// So many times as long as the one with a small page: it was the parameter that made it large.
const RATIO_MIN: u64 = 20;

/// A request for a list, in two parts between which the size of a page stands.
struct List<'a> {
    vector: &'a Vector,
    parameter: String,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Prober<'_> {
    pub(super) async fn page_sizes(&mut self) -> Vec<Weakness> {
        let mut found = Vec::new();
        for list in self.lists() {
            if !self.is_over() {
                found.extend(self.unpaged(&list).await);
            }
        }
        found
    }

    /// One for each endpoint that has such a parameter.
    fn lists(&self) -> Vec<List<'_>> {
        let mut all: Vec<List<'_>> = Vec::new();
        for vector in self.vectors.iter().filter(|vector| vector.template.method == "GET") {
            let is_new = all.iter().all(|list| list.vector.endpoint != vector.endpoint);
            let list = parts(&vector.template.render(self.seed, 0).target);
            if let Some((parameter, before, after)) = list.filter(|_| is_new && all.len() < ENDPOINTS_MAX) {
                all.push(List { vector, parameter, before, after });
            }
        }
        all
    }

    async fn unpaged(&self, list: &List<'_>) -> Option<Weakness> {
        let small = self.page(list, SMALL).await?;
        let large = self.page(list, HUGE).await?;
        (large >= LARGE_BYTES && large / RATIO_MIN >= small).then(|| Weakness::NoMaximumPage {
            endpoint: list.vector.endpoint.clone(),
            asked: format!("{}={HUGE}", list.parameter),
            large,
            small,
        })
    }

    /// Bytes of an answer with so many items, where it has them.
    async fn page(&self, list: &List<'_>, items: u64) -> Option<u64> {
        let target = [list.before.as_slice(), items.to_string().as_bytes(), &list.after].concat();
        let template =
            Template { target: Text::literal(target), body: Body::None, ..list.vector.template.clone() };
        Some(self.success(&template).await?.body_bytes)
    }
}

/// The first parameter of a target's query that says how many, what stands before its value, and what after it.
fn parts(target: &[u8]) -> Option<(String, Vec<u8>, Vec<u8>)> {
    let query = target.iter().position(|byte| *byte == b'?')? + 1;
    let mut at = query;
    for pair in target[query..].split(|byte| *byte == b'&') {
        let name = pair.split(|byte| *byte == b'=').next()?;
        if says_how_many(name) && name.len() < pair.len() {
            let (value, end) = (at + name.len() + 1, at + pair.len());
            let name = String::from_utf8_lossy(name).into_owned();
            return Some((name, target[..value].to_vec(), target[end..].to_vec()));
        }
        at += pair.len() + 1;
    }
    None
}

fn says_how_many(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_lowercase().replace("%5b", "[").replace("%5d", "]");
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    NAMES.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_that_says_how_many_is_found_among_others() {
        let (name, before, after) = parts(b"/items?q=limit&per_page=20&sort=a").unwrap();
        assert_eq!(
            (name.as_str(), &before[..], &after[..]),
            ("per_page", &b"/items?q=limit&per_page="[..], &b"&sort=a"[..])
        );
        let (name, before, after) = parts(b"/items?page%5Bsize%5D=&$top=5").unwrap();
        assert_eq!(
            (name.as_str(), &before[..], &after[..]),
            ("page%5Bsize%5D", &b"/items?page%5Bsize%5D="[..], &b"&$top=5"[..])
        );
        for target in [&b"/limit/10"[..], b"/items?page=3", b"/items?limit", b"/items"] {
            assert_eq!(parts(target), None);
        }
    }
}
