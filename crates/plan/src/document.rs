//! A JSON or YAML document as a tree, and what its `$ref`s lead to. Nothing is fetched here: documents that are
//! missing are named, and the caller brings them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use drip_model::Origin;
use serde_json::Value;

/// A description may be so large; what is larger is refused before it is read.
pub const DESCRIPTION_BYTES_MAX: usize = 64 << 20;
/// References in a row; beyond it they are taken to go round in a circle.
const REFERENCES_MAX: usize = 32;
/// Nesting of a document; `serde_json` stops at the same depth.
const DEPTH_MAX: usize = 128;
const YAML_NODES_MAX: usize = 5_000_000;

/// Where a description came from, which decides what its references may lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A file: its references lead to files of the same folder and below.
    File,
    /// A URL: its references lead to the same origin.
    Url {
        /// The origin.
        origin: Origin,
        /// The path of the description.
        path: String,
    },
}

/// The documents that a description is made of.
pub(crate) struct Library<'a> {
    base: &'a Base,
    main: Value,
    others: BTreeMap<String, Value>,
    wanted: RefCell<BTreeSet<String>>,
}

impl<'a> Library<'a> {
    /// A description and the documents that were fetched for it, by the names under which they were wanted.
    pub(crate) fn new(base: &'a Base, mut main: Value, fetched: &BTreeMap<String, String>) -> Self {
        let home = match base {
            Base::File => "",
            Base::Url { path, .. } => path.as_str(),
        };
        absolve(&mut main, base, home, home);
        let mut others = BTreeMap::new();
        for (place, text) in fetched {
            let mut tree = tree(text).unwrap_or(Value::Null);
            absolve(&mut tree, base, place, home);
            others.insert(place.clone(), tree);
        }
        Self { base, main, others, wanted: RefCell::default() }
    }

    pub(crate) const fn main(&self) -> &Value {
        &self.main
    }

    /// Documents that were asked for and are not there.
    pub(crate) fn wanted(self) -> Vec<String> {
        self.wanted.into_inner().into_iter().collect()
    }

    /// Follows `$ref`s until something else stands there.
    pub(crate) fn resolve<'b>(&'b self, mut value: &'b Value) -> Result<&'b Value, String> {
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = reference(value) else { return Ok(value) };
            value = self.find(reference)?;
        }
        Err(format!("$ref {} leads in a circle", reference(value).unwrap_or_default()))
    }

    fn find(&self, reference: &str) -> Result<&Value, String> {
        let (place, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let tree = if place.is_empty() { &self.main } else { self.other(place, reference)? };
        let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8_lossy();
        tree.pointer(&pointer).ok_or_else(|| format!("$ref {reference} leads to nothing"))
    }

    fn other(&self, place: &str, reference: &str) -> Result<&Value, String> {
        if place.contains("://") || place.starts_with("//") {
            return Err(format!("$ref {reference} leads to another origin, which is not read"));
        }
        if place.starts_with("../") || (matches!(self.base, Base::File) && place.starts_with('/')) {
            return Err(format!(
                "$ref {reference} leads to a file outside the description's folder, which is not read"
            ));
        }
        self.others.get(place).ok_or_else(|| {
            self.wanted.borrow_mut().insert(place.to_owned());
            format!("$ref {reference}: {place} was not read")
        })
    }
}

fn reference(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()
}

/// Writes each `$ref` of a document so that it means the same wherever it is read.
fn absolve(value: &mut Value, base: &Base, place: &str, home: &str) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                *reference = absolute(reference, base, place, home);
            }
            map.values_mut().for_each(|value| absolve(value, base, place, home));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| absolve(value, base, place, home)),
        _ => {}
    }
}

fn absolute(reference: &str, base: &Base, place: &str, home: &str) -> String {
    let (path, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let path = match (path, base) {
        ("", _) => place.to_owned(),
        (path, Base::Url { origin, .. }) if path.contains("://") => own_path(path, origin),
        (path, _) if path.contains("://") || path.starts_with('/') => path.to_owned(),
        (path, _) => joined(place, path),
    };
    let path = if path == home { "" } else { &path };
    format!("{path}#{pointer}")
}

/// The path of a URL of the description's own origin; another URL as it is.
fn own_path(url: &str, origin: &Origin) -> String {
    match crate::address(url) {
        Ok(address) if address.origin == *origin => address.path,
        _ => url.to_owned(),
    }
}

/// A relative path from the folder of another; one that leads out of the root keeps its `../`.
fn joined(place: &str, path: &str) -> String {
    let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut parts, mut outside): (Vec<&str>, usize) = (Vec::new(), 0);
    for part in folder.split('/').chain(path.split('/')).filter(|part| !matches!(*part, "" | ".")) {
        match part {
            ".." if parts.pop().is_none() => outside += 1,
            ".." => {}
            part => parts.push(part),
        }
    }
    let root = if place.starts_with('/') && outside == 0 { "/" } else { "" };
    format!("{root}{}{}", "../".repeat(outside), parts.join("/"))
}

/// JSON or YAML as a tree.
pub(crate) fn tree(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with(['{', '[']) {
        match serde_json::from_str(text) {
            Ok(tree) => return Ok(tree),
            // Flow style YAML begins with a brace too; what neither reads is told in JSON's words.
            Err(error) => return yaml(text).map_err(|_| format!("not valid JSON: {error}")),
        }
    }
    yaml(text).map_err(|why| format!("not valid YAML: {why}"))
}

fn yaml(text: &str) -> Result<Value, String> {
    let budget = serde_saphyr::budget! {
        max_depth: DEPTH_MAX,
        max_nodes: YAML_NODES_MAX,
        max_events: 4 * YAML_NODES_MAX,
        max_documents: 1,
    };
    let options = serde_saphyr::options! {
        budget: budget,
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
        with_snippet: false,
    };
    let tree: Value = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use drip_model::Scheme;
    use serde_json::json;

    use super::*;

    fn url() -> Base {
        let origin = Origin { scheme: Scheme::Http, host: "api.test".into(), port: 80 };
        Base::Url { origin, path: "/docs/openapi.json".into() }
    }

    #[track_caller]
    fn check(base: &Base, reference: &str, expected: Result<i32, &str>) {
        let main = json!({ "at": { "$ref": reference }, "here": 1 });
        let fetched = BTreeMap::from([
            (
                "/docs/other.json".to_owned(),
                r##"{"x": 2, "back": {"$ref": "openapi.json#/here"}}"##.to_owned(),
            ),
            ("below/other.yaml".to_owned(), "x: 3".to_owned()),
        ]);
        let library = Library::new(base, main, &fetched);
        let found = library.resolve(&library.main()["at"]);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, &json!(expected), "{reference}"),
            (Err(error), Err(words)) => assert!(error.contains(words), "{reference}: {error}"),
            (found, _) => panic!("{reference}: {found:?}"),
        }
    }

    #[test]
    fn references_lead_where_they_may() {
        check(&url(), "#/here", Ok(1));
        check(&url(), "other.json#/x", Ok(2));
        check(&url(), "/docs/other.json#/back", Ok(1));
        check(&url(), "http://api.test/docs/other.json#/x", Ok(2));
        check(&Base::File, "./below/other.yaml#/x", Ok(3));
        check(&Base::File, "#/nowhere", Err("leads to nothing"));
        check(&Base::File, "#/at", Err("in a circle"));
        check(&Base::File, "../secret.yaml#/x", Err("outside"));
        check(&Base::File, "below/../../secret.yaml#/x", Err("outside"));
        check(&Base::File, "/etc/passwd", Err("outside"));
        check(&Base::File, "http://api.test/x.json", Err("another origin"));
        check(&url(), "http://evil.test/x.json", Err("another origin"));
        check(&url(), "//evil.test/x.json", Err("another origin"));
    }

    #[test]
    fn a_document_that_is_missing_is_wanted() {
        let base = Base::File;
        let main = json!({ "at": { "$ref": "schemas/user.yaml#/User" } });
        let library = Library::new(&base, main, &BTreeMap::new());
        assert!(library.resolve(&library.main()["at"]).unwrap_err().contains("was not read"));
        assert_eq!(library.wanted(), ["schemas/user.yaml"]);
    }

    #[test]
    fn a_tree_is_read_from_either_and_an_error_says_where() {
        assert_eq!(tree(r#"{"a": [1]}"#).unwrap(), json!({ "a": [1] }));
        assert_eq!(tree("a: [1]\n200: x").unwrap(), json!({ "a": [1], "200": "x" }));
        assert_eq!(tree("{a: [1]}").unwrap(), json!({ "a": [1] }));
        assert_eq!(tree("a: [x, y, no, true]").unwrap(), json!({ "a": ["x", "y", "no", true] }));
        assert!(tree("{\"a\": [1}").unwrap_err().contains("line 1"));
        assert!(tree("a: [1").unwrap_err().contains("YAML"));
    }

    #[test]
    fn a_document_that_multiplies_itself_is_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
        }
        assert!(tree(&bomb).is_err());
        assert!(tree(&"[".repeat(100_000)).is_err());
    }
}
