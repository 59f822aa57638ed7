//! A value as it stands in a body, a query, a path or a header.

use drip_model::{Escape, Part, Text, Value};

use super::form::{Form, Kind, Leaf};
use crate::endpoint::{Variable, merged};

/// Bytes of a file that is uploaded: enough that a server writes it somewhere.
const FILE_BYTES: usize = 4096;
/// Between the parts of a form; no text that we make has it.
pub(crate) const BOUNDARY: &str = "drip-4f1c9a7be2";

/// How a list or an object is written in a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `a,b`; an object as `key,value`.
    Separated(&'static str),
    /// `a&name=b`; an object as JSON.
    Exploded,
    /// As JSON.
    Json,
}

/// As a JSON body.
pub(crate) fn json(form: &Form) -> Variable {
    variable(form, &|form, vary, out| push_json(form, vary, out))
}

/// As a text of its own: a plain body.
pub(crate) fn plain(form: &Form) -> Variable {
    variable(form, &|form, vary, out| match form {
        Form::Leaf(Leaf { kind: Kind::File, .. }) => out.push(Part::Literal(vec![b'x'; FILE_BYTES])),
        Form::Leaf(leaf) => out.push(part(leaf, vary, Escape::Plain)),
        other => push_json(other, vary, out),
    })
}

/// As a parameter, after its name and `=`.
pub(crate) fn parameter(form: &Form, name: &str, style: Style, escape: Escape) -> Variable {
    if style == Style::Json {
        return Variable::fixed(escaped(&String::from_utf8_lossy(&usual(form)), escape));
    }
    variable(form, &|form, vary, out| push_parameter(form, name, style, escape, vary, out))
}

/// As a body of the type `application/x-www-form-urlencoded`.
pub(crate) fn urlencoded(form: &Form) -> Variable {
    variable(form, &|form, vary, out| {
        let Form::Record(fields) = form else { return push_json(form, vary, out) };
        for (number, (name, form)) in fields.iter().enumerate() {
            let separator = if number == 0 { "" } else { "&" };
            out.push(Part::Literal(format!("{separator}{}=", url(name)).into_bytes()));
            push_parameter(form, name, Style::Exploded, Escape::Url, vary, out);
        }
    })
}

/// As a body of the type `multipart/form-data` (RFC 7578), with [`BOUNDARY`].
pub(crate) fn multipart(form: &Form) -> Variable {
    variable(form, &|form, vary, out| {
        let Form::Record(fields) = form else { return push_json(form, vary, out) };
        for (name, form) in fields {
            push_field(name, form, vary, out);
        }
        out.push(Part::Literal(format!("--{BOUNDARY}--\r\n").into_bytes()));
    })
}

fn push_field(name: &str, form: &Form, vary: bool, out: &mut Vec<Part>) {
    let items = match form {
        Form::List(items) => items.iter().collect(),
        other => vec![other],
    };
    for item in items {
        let is_file = matches!(item, Form::Leaf(Leaf { kind: Kind::File, .. }));
        let file =
            if is_file { "; filename=\"drip.bin\"\r\nContent-Type: application/octet-stream" } else { "" };
        let name: String = name.chars().filter(|c| !matches!(c, '"' | '\r' | '\n')).collect();
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        out.push(Part::Literal(head.into_bytes()));
        match item {
            Form::Leaf(_) if is_file => out.push(Part::Literal(vec![b'x'; FILE_BYTES])),
            Form::Leaf(leaf) => out.push(part(leaf, vary, Escape::Plain)),
            other => push_json(other, vary, out),
        }
        out.push(Part::Literal(b"\r\n".to_vec()));
    }
}

type Push<'a> = dyn Fn(&Form, bool, &mut Vec<Part>) + 'a;

fn variable(form: &Form, push: &Push<'_>) -> Variable {
    let written = |vary| {
        let mut out = Vec::new();
        push(form, vary, &mut out);
        merged(out)
    };
    let varied = written(true);
    Variable { usual: written(false), varied: Some(varied).filter(Text::varies) }
}

fn part(leaf: &Leaf, vary: bool, escape: Escape) -> Part {
    match leaf.shape.as_ref().filter(|shape| vary && shape.size() > 1) {
        Some(shape) => Part::Value(Value::new(shape.clone(), escape)),
        None => Part::Literal(escaped(&leaf.usual, escape)),
    }
}

/// The usual value as JSON.
fn usual(form: &Form) -> Vec<u8> {
    json(form).usual_bytes()
}

fn push_json(form: &Form, vary: bool, out: &mut Vec<Part>) {
    let mark = |text: &str, out: &mut Vec<Part>| out.push(Part::Literal(text.as_bytes().to_vec()));
    match form {
        Form::Leaf(leaf) if leaf.kind == Kind::Bare => out.push(part(leaf, vary, Escape::Plain)),
        Form::Leaf(leaf) => {
            mark("\"", out);
            out.push(part(leaf, vary, Escape::Json));
            mark("\"", out);
        }
        Form::List(items) => {
            for (number, item) in items.iter().enumerate() {
                mark(if number == 0 { "[" } else { "," }, out);
                push_json(item, vary, out);
            }
            mark(if items.is_empty() { "[]" } else { "]" }, out);
        }
        Form::Record(fields) => {
            for (number, (name, form)) in fields.iter().enumerate() {
                let mut key = if number == 0 { b"{\"".to_vec() } else { b",\"".to_vec() };
                Escape::Json.write(name, &mut key);
                key.extend_from_slice(b"\":");
                out.push(Part::Literal(key));
                push_json(form, vary, out);
            }
            mark(if fields.is_empty() { "{}" } else { "}" }, out);
        }
    }
}

fn push_parameter(form: &Form, name: &str, style: Style, escape: Escape, vary: bool, out: &mut Vec<Part>) {
    let separator = match style {
        Style::Separated(separator) => separator.to_owned(),
        Style::Exploded | Style::Json => format!("&{}=", url(name)),
    };
    let mut separated = |number: usize, text: Part| {
        if number > 0 {
            out.push(Part::Literal(separator.clone().into_bytes()));
        }
        out.push(text);
    };
    match form {
        Form::Leaf(leaf) => out.push(part(leaf, vary, escape)),
        Form::List(items) => {
            for (number, item) in items.iter().enumerate() {
                separated(number, flat_part(item, vary, escape));
            }
        }
        Form::Record(_) if style == Style::Exploded => out.push(flat_part(form, vary, escape)),
        Form::Record(fields) => {
            for (number, (key, item)) in fields.iter().enumerate() {
                separated(2 * number, Part::Literal(escaped(key, escape)));
                separated(2 * number + 1, flat_part(item, vary, escape));
            }
        }
    }
}

/// A leaf as it is, all else as JSON.
fn flat_part(form: &Form, vary: bool, escape: Escape) -> Part {
    match form {
        Form::Leaf(leaf) => part(leaf, vary, escape),
        nested => Part::Literal(escaped(&String::from_utf8_lossy(&usual(nested)), escape)),
    }
}

fn escaped(text: &str, escape: Escape) -> Vec<u8> {
    let mut out = Vec::new();
    escape.write(text, &mut out);
    out
}

pub(crate) fn url(text: &str) -> String {
    String::from_utf8(escaped(text, Escape::Url)).expect("percent-encoded text is ASCII")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(variable: &Variable) -> String {
        String::from_utf8(variable.usual_bytes()).unwrap()
    }

    #[test]
    fn lists_and_objects_are_written_in_their_style() {
        let (list, object) =
            (Form::recorded("", &json!(["a", "b c"])), Form::recorded("", &json!({ "k": "v", "n": 1 })));
        let check = |form: &Form, style: Style, expected: &str| {
            assert_eq!(text(&parameter(form, "p", style, Escape::Url)), expected);
        };
        check(&list, Style::Separated(","), "a,b%20c");
        check(&list, Style::Exploded, "a&p=b%20c");
        check(&object, Style::Separated(","), "k,v,n,1");
        check(&object, Style::Json, "%7B%22k%22%3A%22v%22%2C%22n%22%3A1%7D");
    }

    #[test]
    fn bodies_are_written_by_their_type() {
        let form = Form::recorded("", &json!({ "a b": "x&y", "l": [1, 2], "q": "\"" }));
        assert_eq!(text(&json(&form)), r#"{"a b":"x&y","l":[1,2],"q":"\""}"#);
        assert_eq!(text(&urlencoded(&form)), "a%20b=x%26y&l=1&l=2&q=%22");
        let parts = text(&multipart(&Form::recorded("", &json!({ "a": "x" }))));
        assert_eq!(
            parts,
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--{BOUNDARY}--\r\n"
            )
        );
    }
}
