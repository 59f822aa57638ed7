//! A value that fits a schema, with the sets that its leaves may be taken from.

use std::cell::Cell;

use drip_model::Shape;
use serde_json::{Map, Value};

use super::{bounds, known, merge};
use crate::document::Library;

/// Nesting of a value.
const DEPTH_MAX: usize = 10;
/// Below this, properties that nobody asks for are left out.
const OPTIONAL_DEPTH_MAX: usize = 3;
/// Schemas that one value may visit; alternatives within alternatives multiply.
const STEPS_MAX: usize = 5000;
/// Items of a list.
const ITEMS_MAX: u64 = 100;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text, number, boolean or null.
    Leaf(Leaf),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Record(Vec<(String, Self)>),
}

/// What is not made of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The same each time.
    pub(crate) usual: String,
    /// What it may be instead.
    pub(crate) shape: Option<Shape>,
    /// How it is written.
    pub(crate) kind: Kind,
}

/// How a leaf is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In quotes, in JSON.
    Text,
    /// As it is: a number, a boolean, null.
    Bare,
    /// A file, in a form.
    File,
}

impl Form {
    fn leaf(usual: impl Into<String>, shape: Option<Shape>, kind: Kind) -> Self {
        Self::Leaf(Leaf { usual: usual.into(), shape, kind })
    }

    /// A text of a set.
    pub(crate) fn free(shape: Shape) -> Self {
        Self::leaf(shape.nth(shape.size() / 3), Some(shape), Kind::Text)
    }

    /// A file; the writer fills it.
    pub(crate) fn file() -> Self {
        Self::leaf("", None, Kind::File)
    }

    /// A value that somebody recorded under a name; what looks like a key may vary.
    pub(crate) fn recorded(name: &str, value: &Value) -> Self {
        match value {
            Value::String(text) => Self::leaf(text, known::like(name, text), Kind::Text),
            Value::Array(items) => Self::List(items.iter().map(|item| Self::recorded(name, item)).collect()),
            Value::Object(fields) => Self::Record(
                fields.iter().map(|(name, value)| (name.clone(), Self::recorded(name, value))).collect(),
            ),
            other => Self::leaf(other.to_string(), None, Kind::Bare),
        }
    }

    /// Lets numbers stay as they are: those of a query say how much to answer, and other ones would be another
    /// question.
    pub(crate) fn keep_numbers(&mut self) {
        match self {
            Self::Leaf(leaf) if matches!(leaf.shape, Some(Shape::Number { .. })) => leaf.shape = None,
            Self::Leaf(_) => {}
            Self::List(items) => items.iter_mut().for_each(Self::keep_numbers),
            Self::Record(fields) => fields.iter_mut().for_each(|(_, form)| form.keep_numbers()),
        }
    }

    /// The same with other leaves, for a list whose items must differ.
    fn another(&self, number: u64) -> Self {
        match self {
            Self::Leaf(Leaf { shape: Some(shape), kind, .. }) => {
                Self::leaf(shape.nth(number % shape.size().max(1)), None, *kind)
            }
            Self::Leaf(_) | Self::List(_) => self.clone(),
            Self::Record(fields) => {
                Self::Record(fields.iter().map(|(name, form)| (name.clone(), form.another(number))).collect())
            }
        }
    }
}

/// A value that fits the schema. An example beside the schema is the usual value.
pub(crate) fn form(library: &Library<'_>, schema: &Value, example: Option<&Value>) -> Result<Form, String> {
    Reader { library, steps: Cell::new(0) }.read(schema, example, 0)
}

struct Reader<'a> {
    library: &'a Library<'a>,
    steps: Cell<usize>,
}

impl Reader<'_> {
    fn read(&self, schema: &Value, example: Option<&Value>, depth: usize) -> Result<Form, String> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX {
            return Err(format!("its schema has more than {STEPS_MAX} parts"));
        }
        if depth > DEPTH_MAX {
            return Err(format!("its schema asks for values nested more than {DEPTH_MAX} deep"));
        }
        let schema = merge::flat(self.library, schema)?;
        if *schema == Value::Bool(false) || schema.get("not").is_some_and(accepts_all) {
            return Err("no value satisfies its schema".to_owned());
        }
        if let Some(alternatives) = alternatives(&schema) {
            return self.first_that_fits(&schema, alternatives, example, depth);
        }
        let example = example.or_else(|| given(&schema));
        if let Some(values) = listed(&schema) {
            return one_of(&values, example);
        }
        match type_of(&schema, example) {
            "object" => self.record(&schema, example, depth),
            "array" => self.list(&schema, example, depth),
            "integer" => leaf(bounds::numbers(&schema, true), example, Kind::Bare),
            "number" => leaf(bounds::numbers(&schema, false), example, Kind::Bare),
            "boolean" => leaf(Ok(Shape::words(["true", "false"])), example, Kind::Bare),
            "null" => Ok(Form::leaf("null", None, Kind::Bare)),
            _ => leaf(bounds::texts(&schema), example, kind_of_text(&schema)),
        }
    }

    fn first_that_fits(
        &self,
        schema: &Value,
        alternatives: &[Value],
        example: Option<&Value>,
        depth: usize,
    ) -> Result<Form, String> {
        let mut base = schema.as_object().cloned().unwrap_or_default();
        base.retain(|name, _| !matches!(name.as_str(), "oneOf" | "anyOf"));
        let mut last = "it offers no alternative".to_owned();
        let is_null = |schema: &&Value| schema["type"] == "null";
        let real = || alternatives.iter().filter(|schema| !is_null(schema));
        for alternative in real().chain(alternatives.iter().filter(is_null)) {
            match self.alternative(base.clone(), alternative, example, depth) {
                Ok(form) => return Ok(form),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    fn alternative(
        &self,
        mut base: Map<String, Value>,
        alternative: &Value,
        example: Option<&Value>,
        depth: usize,
    ) -> Result<Form, String> {
        let alternative = merge::flat(self.library, alternative)?;
        merge::merge(&mut base, &alternative)?;
        self.read(&Value::Object(base), example, depth + 1)
    }

    fn record(&self, schema: &Value, example: Option<&Value>, depth: usize) -> Result<Form, String> {
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let given = example.and_then(Value::as_object);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let all = required.is_empty() && given.is_none() && depth < OPTIONAL_DEPTH_MAX;
        let mut fields: Vec<(String, Form)> = Vec::new();
        let others = given.into_iter().flat_map(Map::keys).filter(|name| !properties.contains_key(*name));
        let undescribed = required.iter().copied().filter(|name| !properties.contains_key(*name));
        for name in properties.keys().chain(others).map(String::as_str).chain(undescribed) {
            let (needed, value) = (required.contains(&name), given.and_then(|given| given.get(name)));
            if fields.iter().any(|(other, _)| other == name) || !(needed || value.is_some() || all) {
                continue;
            }
            let described = properties.get(name).unwrap_or(&Value::Bool(true));
            if self.library.resolve(described).is_ok_and(|schema| schema["readOnly"] == true) {
                continue;
            }
            match self.read(described, value, depth + 1) {
                Ok(form) => fields.push((name.to_owned(), form)),
                Err(why) if needed => return Err(format!("{name}: {why}")),
                Err(_) => {}
            }
        }
        filled(fields, schema)
    }

    fn list(&self, schema: &Value, example: Option<&Value>, depth: usize) -> Result<Form, String> {
        let (low, high) = (schema["minItems"].as_u64().unwrap_or(0), schema["maxItems"].as_u64());
        let high = high.unwrap_or(u64::MAX);
        if low > high || low > ITEMS_MAX {
            return Err(format!("a list of at least {low} and at most {high} items cannot be sent"));
        }
        let items = schema.get("items").unwrap_or(&Value::Bool(true));
        if let Some(given) = example.and_then(Value::as_array) {
            let few = given.iter().take(usize::try_from(ITEMS_MAX).unwrap_or(0));
            return few
                .map(|value| self.read(items, Some(value), depth + 1))
                .collect::<Result<_, _>>()
                .map(Form::List);
        }
        let first = match self.read(items, None, depth + 1) {
            Ok(first) if high > 0 => first,
            Err(why) if low > 0 => return Err(why),
            _ => return Ok(Form::List(Vec::new())),
        };
        let rest = (1..low).map(|number| first.another(number));
        Ok(Form::List(std::iter::once(first.clone()).chain(rest).collect()))
    }
}

/// `minProperties` is met with properties that nobody described, where the schema allows such.
fn filled(mut fields: Vec<(String, Form)>, schema: &Value) -> Result<Form, String> {
    let least = schema["minProperties"].as_u64().unwrap_or(0);
    let missing = least.saturating_sub(fields.len() as u64);
    if missing > ITEMS_MAX || (missing > 0 && schema["additionalProperties"] == false) {
        return Err(format!("an object of at least {least} properties cannot be made"));
    }
    fields.extend((0..missing).map(|n| (format!("extra{n}"), Form::leaf("x", None, Kind::Text))));
    Ok(Form::Record(fields))
}

fn accepts_all(schema: &Value) -> bool {
    *schema == Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty)
}

fn alternatives(schema: &Value) -> Option<&[Value]> {
    ["oneOf", "anyOf"].into_iter().find_map(|name| schema.get(name)?.as_array()).map(Vec::as_slice)
}

/// The value that the schema itself proposes.
fn given(schema: &Value) -> Option<&Value> {
    let examples = || schema.get("examples")?.get(0);
    schema.get("example").or_else(examples).or_else(|| schema.get("default")).filter(|value| !value.is_null())
}

fn listed(schema: &Value) -> Option<Vec<&Value>> {
    match schema.get("const") {
        Some(value) => Some(vec![value]),
        None => Some(schema.get("enum")?.as_array()?.iter().collect()),
    }
}

fn one_of(values: &[&Value], example: Option<&Value>) -> Result<Form, String> {
    let first = values.first().ok_or("its list of allowed values is empty")?;
    let usual = example.filter(|example| values.contains(example)).unwrap_or(first);
    let mut form = Form::recorded("", usual);
    let is_text = usual.is_string();
    let words = values.iter().filter(|value| value.is_string() == is_text && !value.is_null());
    if let Form::Leaf(leaf) = &mut form {
        leaf.shape = Some(Shape::Choice(words.map(|value| Shape::Literal(plain(value))).collect()));
    }
    Ok(form)
}

/// A scalar as it stands in a URL.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn type_of<'a>(schema: &'a Value, example: Option<&Value>) -> &'a str {
    let named = |value: &'a Value| match value {
        Value::String(name) => Some(name.as_str()),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    };
    let has = |names: &[&str]| names.iter().any(|name| schema.get(*name).is_some());
    if let Some(name) = schema.get("type").and_then(named) {
        return name;
    }
    match example {
        _ if has(&["properties", "required", "additionalProperties"]) => "object",
        _ if has(&["items", "minItems"]) => "array",
        _ if has(&["pattern", "format", "minLength", "maxLength"]) => "string",
        _ if has(&["minimum", "maximum", "multipleOf"]) => "number",
        Some(Value::Object(_)) => "object",
        Some(Value::Array(_)) => "array",
        Some(Value::Number(_)) => "number",
        Some(Value::Bool(_)) => "boolean",
        _ => "string",
    }
}

fn kind_of_text(schema: &Value) -> Kind {
    let binary = schema["format"] == "binary" || schema.get("contentMediaType").is_some();
    if binary && schema.get("contentEncoding").is_none() { Kind::File } else { Kind::Text }
}

/// An example outweighs a schema that we cannot satisfy.
fn leaf(shape: Result<Shape, String>, example: Option<&Value>, kind: Kind) -> Result<Form, String> {
    let Some(example) = example else {
        let shape = shape?;
        let usual = if kind == Kind::Bare { bounds::usual(&shape) } else { shape.nth(shape.size() / 3) };
        return Ok(Form::leaf(usual, Some(shape), kind));
    };
    if example.is_object() || example.is_array() {
        return Ok(Form::recorded("", example));
    }
    Ok(Form::leaf(plain(example), shape.ok(), kind))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::write::json;
    use super::*;
    use crate::document::Base;

    fn read(schema: &Value) -> Result<Value, String> {
        let library = Library::new(&Base::File, schema.clone(), &BTreeMap::new());
        let form = form(&library, library.main(), None)?;
        Ok(serde_json::from_slice(&json(&form).usual_bytes()).expect("what we write is JSON"))
    }

    #[track_caller]
    fn check(schema: Value, expected: Value) {
        assert_eq!(read(&schema).unwrap(), expected, "{schema}");
    }

    #[track_caller]
    fn refused(schema: Value, words: &str) {
        let why = read(&schema).unwrap_err();
        assert!(why.contains(words), "{schema}: {why}");
    }

    #[test]
    fn what_the_description_proposes_is_sent() {
        check(json!({ "type": "string", "example": "a", "default": "b" }), json!("a"));
        check(json!({ "type": "integer", "default": 7 }), json!(7));
        check(json!({ "type": "string", "examples": ["x", "y"] }), json!("x"));
        check(json!({ "enum": ["red", "blue"] }), json!("red"));
        check(json!({ "const": 5 }), json!(5));
        check(json!({ "type": ["null", "boolean"] }), json!(true));
        check(json!({ "type": "object", "example": { "a": 1, "b": [2] } }), json!({ "a": 1, "b": [2] }));
        check(json!({ "type": "string", "pattern": "(?=x)", "example": "x" }), json!("x"));
    }

    #[test]
    fn an_object_has_what_it_must_have() {
        let properties = json!({
            "id": { "type": "integer", "readOnly": true },
            "age": { "type": "integer", "minimum": 18 },
            "nick": { "type": "string" },
        });
        check(
            json!({ "type": "object", "required": ["id", "age"], "properties": properties }),
            json!({ "age": 18 }),
        );
        check(json!({ "properties": { "on": { "type": "boolean" } } }), json!({ "on": true }));
        check(json!({ "type": "array", "items": { "const": 1 }, "minItems": 2 }), json!([1, 1]));
        check(json!({ "type": "object", "minProperties": 1 }), json!({ "extra0": "x" }));
    }

    #[test]
    fn schemas_are_put_together() {
        let base = json!({ "type": "object", "required": ["a"], "properties": { "a": { "const": 1 } } });
        let more = json!({ "required": ["b"], "properties": { "b": { "const": 2 } } });
        check(json!({ "allOf": [base, more] }), json!({ "a": 1, "b": 2 }));
        check(json!({ "anyOf": [{ "type": "null" }, { "const": "x" }] }), json!("x"));
        check(json!({ "oneOf": [false, { "type": "string", "const": "x" }] }), json!("x"));
        check(
            json!({ "allOf": [{ "minimum": 3, "type": "number" }, { "minimum": 5, "type": "integer" }] }),
            json!(5),
        );
    }

    #[test]
    fn what_nothing_satisfies_is_said() {
        refused(json!(false), "no value");
        refused(json!({ "not": {} }), "no value");
        refused(json!({ "enum": [] }), "empty");
        refused(json!({ "type": "integer", "minimum": 3, "maximum": 2 }), "bounds");
        refused(json!({ "allOf": [{ "type": "string" }, { "type": "integer" }] }), "both");
        refused(json!({ "type": "array", "minItems": 3, "maxItems": 2 }), "items");
        refused(json!({ "type": "object", "minProperties": 1, "additionalProperties": false }), "properties");
        refused(json!({ "required": ["a"], "properties": { "a": false } }), "a: no value");
    }

    #[test]
    fn what_goes_round_in_a_circle_ends() {
        let optional = json!({ "properties": { "self": { "$ref": "#" }, "x": { "const": 1 } } });
        assert!(read(&optional).is_ok());
        let required = json!({ "required": ["self"], "properties": { "self": { "$ref": "#" } } });
        refused(required, "nested");
        refused(json!({ "allOf": [{ "$ref": "#" }] }), "contains itself");
        refused(json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] }), "its schema");
        refused(json!({ "$ref": "#" }), "circle");
    }

    #[test]
    fn a_wide_and_deep_schema_is_bounded() {
        let mut schema = json!({ "type": "string" });
        for _ in 0..9 {
            let fields: Map<String, Value> =
                (0..9).map(|n| (format!("f{n}"), schema.clone())).take(3).collect();
            let names: Vec<_> = fields.keys().cloned().collect();
            schema = json!({ "type": "object", "properties": fields, "required": names });
        }
        refused(schema, "parts");
    }
}
