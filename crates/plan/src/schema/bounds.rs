//! Numbers and texts within the bounds of a schema.

use drip_model::Shape;
use serde_json::Value;

use super::known::{of_format, word};
use super::regex;

/// What JSON's numbers mean to everybody (RFC 8259, 6).
const SAFE_MAX: i64 = (1 << 53) - 1;
/// What an `integer` without a format is to most services.
const INT32_MAX: i64 = i32::MAX as i64;
/// Characters of a text; longer ones would be a load of their own.
const LENGTH_MAX: usize = 65_536;
/// Letters of a text that may be any.
const LENGTH_USUAL: usize = 12;
/// Digits after the point, where no whole number fits.
const DECIMALS: u8 = 6;

/// Whole numbers that fit, else such with decimals where the schema allows them.
pub(super) fn numbers(schema: &Value, whole: bool) -> Result<Shape, String> {
    scaled(schema, 0).or_else(|why| if whole { Err(why) } else { scaled(schema, DECIMALS) })
}

fn scaled(schema: &Value, decimals: u8) -> Result<Shape, String> {
    let unit = 10_f64.powi(i32::from(decimals));
    let (low, high) = (lower(schema, unit), upper(schema, unit));
    let most = if schema["format"] == "int64" { SAFE_MAX } else { INT32_MAX };
    let (low, high) = match (low, high) {
        (None, None) => (1, most),
        (Some(low), None) => (low, low.saturating_add(most).min(SAFE_MAX).max(low)),
        (None, Some(high)) => (high.min(1), high),
        (Some(low), Some(high)) => (low, high),
    };
    let step = step(schema, unit)?;
    let signed = i64::try_from(step).map_err(|_| "its multipleOf is too large".to_owned())?;
    let first = low.checked_add((signed - low.rem_euclid(signed)) % signed).unwrap_or(low);
    if first > high {
        return Err("no number lies within its bounds".to_owned());
    }
    let count = high.abs_diff(first) / step;
    Ok(Shape::Number { low: first, step, count: count.saturating_add(1), decimals })
}

fn step(schema: &Value, unit: f64) -> Result<u64, String> {
    let Some(multiple) = schema["multipleOf"].as_f64() else { return Ok(1) };
    let scaled = multiple * unit;
    let is_whole = (scaled.round() - scaled).abs() < 1e-6 && scaled.round() >= 1.0;
    if is_whole {
        Ok(whole(scaled.round()).unsigned_abs())
    } else {
        Err(format!("no multiple of {multiple}"))
    }
}

/// `exclusiveMinimum` is a flag in OpenAPI 3.0 and Swagger 2.0, a number since.
fn lower(schema: &Value, unit: f64) -> Option<i64> {
    let minimum = schema["minimum"].as_f64().map(|value| value * unit);
    let inclusive = minimum.map(|value| {
        let strict = schema["exclusiveMinimum"] == true;
        whole(if strict { value.floor() + 1.0 } else { value.ceil() })
    });
    let exclusive = schema["exclusiveMinimum"].as_f64().map(|value| whole((value * unit).floor() + 1.0));
    inclusive.max(exclusive)
}

fn upper(schema: &Value, unit: f64) -> Option<i64> {
    let maximum = schema["maximum"].as_f64().map(|value| value * unit);
    let inclusive = maximum.map(|value| {
        let strict = schema["exclusiveMaximum"] == true;
        whole(if strict { value.ceil() - 1.0 } else { value.floor() })
    });
    let exclusive = schema["exclusiveMaximum"].as_f64().map(|value| whole((value * unit).ceil() - 1.0));
    match (inclusive, exclusive) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float saturates, and the bounds are far inside"
)]
const fn whole(value: f64) -> i64 {
    value.clamp(-(SAFE_MAX as f64), SAFE_MAX as f64) as i64
}

/// Texts that fit: by pattern, else by format, else letters.
pub(super) fn texts(schema: &Value) -> Result<Shape, String> {
    let (low, high) = lengths(schema)?;
    if let Some(pattern) = schema["pattern"].as_str() {
        return regex::shape(pattern, (low, high));
    }
    let fits = |shape: &Shape| shape.lengths().0 >= low && shape.lengths().1 <= high;
    let known = schema["format"].as_str().and_then(of_format).filter(fits);
    let usual = u32::try_from(LENGTH_USUAL.clamp(low, high)).unwrap_or(0);
    Ok(known.unwrap_or_else(|| word(usual)))
}

fn lengths(schema: &Value) -> Result<(usize, usize), String> {
    let bound =
        |name: &str| schema[name].as_u64().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    let (low, high) = (bound("minLength").unwrap_or(0), bound("maxLength").unwrap_or(usize::MAX));
    if low > high {
        return Err(format!("no text is at least {low} and at most {high} characters long"));
    }
    if low > LENGTH_MAX {
        return Err(format!(
            "its text is at least {low} characters long, more than the {LENGTH_MAX} that are sent"
        ));
    }
    Ok((low, high))
}

/// A number as people would write one: 1 where that fits.
pub(super) fn usual(shape: &Shape) -> String {
    match shape {
        Shape::Number { low, step: 1, count, decimals: 0 } => {
            let one = u64::try_from(1_i64.saturating_sub(*low)).unwrap_or(0);
            shape.nth(if one < *count { one } else { 0 })
        }
        shape => shape.nth(shape.size() / 3),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schema: &Value, first: &str, last: &str) {
        let whole = schema["type"] == "integer";
        let shape = numbers(schema, whole).unwrap();
        assert_eq!((shape.nth(0).as_str(), shape.nth(shape.size() - 1).as_str()), (first, last), "{schema}");
    }

    #[test]
    fn numbers_lie_within_their_bounds() {
        check(&json!({ "type": "integer" }), "1", "2147483647");
        check(&json!({ "type": "integer", "format": "int64" }), "1", "9007199254740991");
        check(&json!({ "type": "integer", "minimum": 5, "maximum": 7 }), "5", "7");
        check(&json!({ "type": "integer", "minimum": 5, "exclusiveMinimum": true, "maximum": 7 }), "6", "7");
        check(&json!({ "type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7 }), "6", "6");
        check(&json!({ "type": "integer", "minimum": 1, "maximum": 20, "multipleOf": 5 }), "5", "20");
        check(&json!({ "type": "integer", "minimum": -7, "maximum": -1, "multipleOf": 3 }), "-6", "-3");
        check(
            &json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }),
            "0.000001",
            "0.999999",
        );
        check(
            &json!({ "type": "number", "minimum": 0.5, "maximum": 0.75, "multipleOf": 0.25 }),
            "0.500000",
            "0.750000",
        );
    }

    #[test]
    fn what_nothing_satisfies_is_said() {
        for schema in [
            json!({ "type": "integer", "minimum": 2, "maximum": 1 }),
            json!({ "type": "integer", "minimum": 1, "maximum": 4, "multipleOf": 7 }),
            json!({ "type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2 }),
        ] {
            assert!(numbers(&schema, true).is_err(), "{schema}");
        }
        assert!(texts(&json!({ "minLength": 3, "maxLength": 2 })).is_err());
        assert!(texts(&json!({ "minLength": 100_000_000 })).is_err());
    }
}
