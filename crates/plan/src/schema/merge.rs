//! One schema of several: `$ref` followed, `allOf` taken together.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::document::Library;

/// `allOf` within `allOf`; beyond it a schema is taken to contain itself.
const NESTING_MAX: usize = 16;

type Fields = Map<String, Value>;

/// A schema without `$ref` and `allOf` at its top.
pub(super) fn flat<'a>(library: &'a Library<'_>, schema: &'a Value) -> Result<Cow<'a, Value>, String> {
    flat_at(library, schema, 0)
}

fn flat_at<'a>(library: &'a Library<'_>, schema: &'a Value, depth: usize) -> Result<Cow<'a, Value>, String> {
    if depth > NESTING_MAX {
        return Err("its allOf contains itself".to_owned());
    }
    let found = library.resolve(schema)?;
    let Some(parts) = found.get("allOf").and_then(Value::as_array) else { return Ok(Cow::Borrowed(found)) };
    let mut whole = found.as_object().cloned().unwrap_or_default();
    whole.remove("allOf");
    for part in parts {
        let part = flat_at(library, part, depth + 1)?;
        merge(&mut whole, &part)?;
    }
    Ok(Cow::Owned(Value::Object(whole)))
}

/// Adds the demands of a second schema to those of a first.
pub(super) fn merge(whole: &mut Fields, part: &Value) -> Result<(), String> {
    if *part == Value::Bool(false) {
        return Err("no value satisfies the schema false".to_owned());
    }
    for (name, value) in part.as_object().into_iter().flatten() {
        let both = match whole.remove(name) {
            None => value.clone(),
            Some(first) => both(name, first, value)?,
        };
        whole.insert(name.clone(), both);
    }
    Ok(())
}

fn both(name: &str, first: Value, second: &Value) -> Result<Value, String> {
    if first == *second {
        return Ok(first);
    }
    match name {
        "properties" => Ok(properties(first, second)),
        "required" => Ok(united(first, second)),
        "enum" => Ok(shared(first, second)),
        "minimum" | "minLength" | "minItems" | "minProperties" => Ok(larger(first, second)),
        "maximum" | "maxLength" | "maxItems" | "maxProperties" => Ok(smaller(first, second)),
        "type" => types(&first, second),
        "pattern" => Err(format!("it asks for two patterns at once, {first} and {second}")),
        _ => Ok(first),
    }
}

/// A property that both describe has to satisfy both.
fn properties(first: Value, second: &Value) -> Value {
    let Value::Object(mut all) = first else { return second.clone() };
    for (name, schema) in second.as_object().into_iter().flatten() {
        let schema = match all.remove(name) {
            None => schema.clone(),
            Some(other) => serde_json::json!({ "allOf": [other, schema] }),
        };
        all.insert(name.clone(), schema);
    }
    Value::Object(all)
}

fn united(first: Value, second: &Value) -> Value {
    let Value::Array(mut all) = first else { return second.clone() };
    all.extend(second.as_array().into_iter().flatten().cloned());
    Value::Array(all)
}

fn shared(first: Value, second: &Value) -> Value {
    let Value::Array(mut all) = first else { return second.clone() };
    all.retain(|value| second.as_array().is_some_and(|other| other.contains(value)));
    Value::Array(all)
}

fn larger(first: Value, second: &Value) -> Value {
    if second.as_f64() > first.as_f64() { second.clone() } else { first }
}

fn smaller(first: Value, second: &Value) -> Value {
    if second.as_f64() < first.as_f64() { second.clone() } else { first }
}

fn types(first: &Value, second: &Value) -> Result<Value, String> {
    let names = |value: &Value| -> Vec<String> {
        let all = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        all.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    };
    let (one, other) = (names(first), names(second));
    let is_whole = |names: &[String]| names.iter().any(|name| name == "integer");
    let is_number = |names: &[String]| names.iter().any(|name| name == "number");
    if let Some(name) = one.iter().find(|name| other.contains(name)) {
        return Ok(Value::from(name.clone()));
    }
    if (is_whole(&one) && is_number(&other)) || (is_number(&one) && is_whole(&other)) {
        return Ok(Value::from("integer"));
    }
    Err(format!("no value is both {first} and {second}"))
}
