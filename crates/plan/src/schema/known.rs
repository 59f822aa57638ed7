//! Sets of texts by the name of their format, each made of the small ones that `Shape` has.

use drip_model::Shape;

/// Letters of a text that nobody describes further: enough that no two of many requests are the same.
const TEXT_LENGTH: u32 = 12;

pub(crate) fn literal(text: &str) -> Shape {
    Shape::Literal(text.to_owned())
}

fn chars(ranges: &[(char, char)], times: u32) -> Shape {
    Shape::Repeat(Box::new(Shape::Chars(ranges.to_vec())), times)
}

/// A word of so many small letters and digits.
pub(crate) fn word(length: u32) -> Shape {
    chars(&[('a', 'z'), ('0', '9')], length)
}

/// A text that is hardly ever the same.
pub(crate) fn unique_text() -> Shape {
    word(TEXT_LENGTH)
}

fn hex(length: u32) -> Shape {
    chars(&[('0', '9'), ('a', 'f')], length)
}

pub(crate) fn number(low: i64, count: u64) -> Shape {
    Shape::Number { low, step: 1, count, decimals: 0 }
}

fn padded(first: u32, last: u32) -> Shape {
    Shape::Choice((first..=last).map(|number| literal(&format!("{number:02}"))).collect())
}

fn sequence<const N: usize>(parts: [Shape; N]) -> Shape {
    Shape::Sequence(parts.into())
}

/// Random UUIDs (RFC 9562, version 4).
pub(crate) fn uuid() -> Shape {
    let variant = Shape::words(["8", "9", "a", "b"]);
    let dash = || literal("-");
    sequence([hex(8), dash(), hex(4), literal("-4"), hex(3), dash(), variant, hex(3), dash(), hex(12)])
}

/// Days that every month has, of years that every calendar knows.
fn date() -> Shape {
    sequence([number(1970, 68), literal("-"), padded(1, 12), literal("-"), padded(1, 28)])
}

fn time() -> Shape {
    let colon = || literal(":");
    sequence([padded(0, 23), colon(), padded(0, 59), colon(), padded(0, 59)])
}

fn date_time() -> Shape {
    sequence([date(), literal("T"), time(), literal("."), number(100, 900), literal("Z")])
}

/// Addresses of 10.0.0.0/8, which are no stranger's.
pub(crate) fn ipv4() -> Shape {
    let dot = || literal(".");
    sequence([literal("10."), number(0, 256), dot(), number(0, 256), dot(), number(1, 254)])
}

/// Addresses of 2001:db8::/32, which are kept for documentation (RFC 3849).
fn ipv6() -> Shape {
    let group = || chars(&[('1', '9'), ('a', 'f')], 4);
    sequence([literal("2001:db8:"), group(), literal(":"), group(), literal("::1")])
}

/// The set that a `format` names; `None` where it says nothing of the text, or nothing that we know.
pub(crate) fn of_format(name: &str) -> Option<Shape> {
    Some(match name {
        "uuid" => uuid(),
        "date" => date(),
        "time" => sequence([time(), literal("Z")]),
        "date-time" => date_time(),
        "duration" => sequence([literal("PT"), number(1, 1_000_000), literal("S")]),
        "email" | "idn-email" => sequence([word(10), literal("@example.com")]),
        "hostname" | "idn-hostname" => sequence([chars(&[('a', 'z')], 10), literal(".example.com")]),
        "ipv4" => ipv4(),
        "ipv6" => ipv6(),
        "uri" | "url" | "uri-reference" | "iri" | "iri-reference" => {
            sequence([literal("https://example.com/"), word(10)])
        }
        // Four characters make three bytes, and need no padding.
        "byte" => chars(&[('A', 'Z'), ('a', 'z'), ('0', '9')], 16),
        _ => return None,
    })
}

/// Names under which people type what they like.
const FREE: [&str; 10] =
    ["q", "query", "search", "term", "text", "keyword", "keywords", "filter", "name", "message"];
/// Names of what only works as it is.
const SECRET: [&str; 6] = ["pass", "token", "secret", "key", "auth", "csrf"];

/// The set that a recorded text looks like a member of; `None` where another text would mean another thing: small
/// numbers count pages, words name columns, secrets open doors.
pub(crate) fn like(name: &str, text: &str) -> Option<Shape> {
    let name = name.to_ascii_lowercase();
    let length = u32::try_from(text.len()).ok().filter(|length| *length <= 64)?;
    if SECRET.iter().any(|secret| name.contains(secret)) {
        return None;
    }
    let all = |test: fn(&u8) -> bool| text.as_bytes().iter().all(test);
    let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    match text.len() {
        36 if dashes == [8, 13, 18, 23] && all(|b| b.is_ascii_hexdigit() || *b == b'-') => Some(uuid()),
        digits @ 5..=15 if all(u8::is_ascii_digit) => {
            let low = 10_i64.pow(u32::try_from(digits).ok()? - 1);
            Some(number(low, low.unsigned_abs() * 9))
        }
        16.. if all(u8::is_ascii_hexdigit) => Some(hex(length)),
        3.. if text.contains('@') && !text.contains(' ') => of_format("email"),
        1.. if FREE.contains(&name.as_str()) => Some(word(length.max(8))),
        _ => None,
    }
}
