//! Another member of a set for each request: in an order that a seed shuffles, and none twice before all were used.

use crate::shape::Shape;
use crate::template::mix;

/// How a text is written where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Escape {
    /// As it is.
    Plain,
    /// Percent-encoded, all but the characters that never need it (RFC 3986, 2.3).
    Url,
    /// As the inside of a JSON string (RFC 8259, 7).
    Json,
}

impl Escape {
    /// Writes a text so that it keeps its meaning.
    pub fn write(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Plain => out.extend_from_slice(text.as_bytes()),
            Self::Url => text.bytes().for_each(|byte| url(byte, out)),
            Self::Json => text.chars().for_each(|c| json(c, out)),
        }
    }
}

fn url(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte),
        _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
    }
}

fn json(c: char, out: &mut Vec<u8>) {
    match c {
        '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
        '\0'..='\u{1f}' => out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
        _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// A set, and how its members are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    shape: Shape,
    escape: Escape,
    size: u64,
    stride: u64,
}

impl Value {
    /// The members of a set in shuffled order.
    pub fn new(shape: Shape, escape: Escape) -> Self {
        let size = shape.size();
        Self { shape, escape, size, stride: stride(size) }
    }

    /// How many requests it takes until a value returns.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Writes the `n`-th value of a run with this seed: `n * stride + start` modulo the size, which is a permutation
    /// since stride and size have no common divisor.
    pub(crate) fn write(&self, seed: u64, n: u64, out: &mut Vec<u8>) {
        let Some(size) = std::num::NonZeroU64::new(self.size) else { return };
        let steps =
            (u128::from(n) * u128::from(self.stride) + u128::from(mix(seed))) % u128::from(size.get());
        let index = u64::try_from(steps).expect("a remainder is below its divisor, which is a u64");
        self.escape.write(&self.shape.nth(index), out);
    }
}

/// Near the golden section of the size, so that neighbours lie far apart.
fn stride(size: u64) -> u64 {
    let golden = (u128::from(size) * 0x9E37_79B9_7F4A_7C15) >> 64;
    let first = u64::try_from(golden).unwrap_or(1).max(1);
    (first..).find(|stride| divisor(*stride, size.max(1)) == 1).expect("a prime is not far")
}

const fn divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn nth(value: &Value, seed: u64, n: u64) -> String {
        let mut out = Vec::new();
        value.write(seed, n, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn number(count: u64) -> Shape {
        Shape::Number { low: 0, step: 1, count, decimals: 0 }
    }

    #[test]
    fn no_value_returns_before_all_were_used() {
        for size in [1, 2, 3, 10, 97, 1000, 65_536] {
            let value = Value::new(number(size), Escape::Plain);
            let all: HashSet<_> = (0..size).map(|n| nth(&value, 7, n)).collect();
            assert_eq!(all.len() as u64, size);
        }
    }

    #[test]
    fn another_seed_begins_elsewhere() {
        let value = Value::new(number(u64::MAX), Escape::Plain);
        assert_eq!(nth(&value, 1, 5), nth(&value, 1, 5));
        assert_ne!(nth(&value, 1, 5), nth(&value, 2, 5));
    }

    #[test]
    fn a_value_keeps_its_meaning_where_it_stands() {
        let check = |escape: Escape, expected: &str| {
            assert_eq!(nth(&Value::new(Shape::Literal("a/ü\"\n".into()), escape), 1, 1), expected);
        };
        check(Escape::Plain, "a/ü\"\n");
        check(Escape::Url, "a%2F%C3%BC%22%0A");
        check(Escape::Json, "a/ü\\\"\\u000a");
    }

    #[test]
    fn an_empty_set_gives_an_empty_text() {
        assert_eq!(nth(&Value::new(Shape::words([]), Escape::Plain), 1, 1), "");
    }
}
