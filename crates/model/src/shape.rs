//! A finite set of texts, as a schema or a regular expression describes one, whose members can be counted and had by
//! number. So the n-th value of a run is a function of n, and no two are the same until all were used.

/// A finite set of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One text.
    Literal(String),
    /// One character of these ranges, both ends included.
    Chars(Vec<(char, char)>),
    /// A decimal number: `low`, `low + step`, … divided by ten to the power of `decimals`.
    Number {
        /// The smallest, times ten to the power of `decimals`.
        low: i64,
        /// Between two neighbours.
        step: u64,
        /// How many.
        count: u64,
        /// Digits after the point.
        decimals: u8,
    },
    /// One after the other.
    Sequence(Vec<Self>),
    /// One of these.
    Choice(Vec<Self>),
    /// The same kind so many times.
    Repeat(Box<Self>, u32),
}

impl Shape {
    /// A choice between texts.
    pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Choice(words.into_iter().map(|word| Self::Literal(word.to_owned())).collect())
    }

    /// How many texts there are; `u64::MAX` where there are at least so many.
    pub fn size(&self) -> u64 {
        match self {
            Self::Literal(_) => 1,
            Self::Chars(ranges) => ranges.iter().map(width).sum(),
            Self::Number { count, .. } => *count,
            Self::Sequence(parts) => parts.iter().fold(1, |size: u64, part| size.saturating_mul(part.size())),
            Self::Choice(parts) => parts.iter().fold(0, |size: u64, part| size.saturating_add(part.size())),
            Self::Repeat(part, times) => part.size().saturating_pow(*times),
        }
    }

    /// The shortest and the longest of them, in characters.
    pub fn lengths(&self) -> (usize, usize) {
        match self {
            Self::Literal(text) => (text.chars().count(), text.chars().count()),
            Self::Chars(_) => (1, 1),
            Self::Number { .. } => {
                let lengths = [0, self.size().saturating_sub(1)].map(|index| self.nth(index).len());
                (lengths[0].min(lengths[1]), lengths[0].max(lengths[1]))
            }
            Self::Sequence(parts) => parts.iter().map(Self::lengths).fold((0, 0), both),
            Self::Choice(parts) => {
                let lengths = || parts.iter().map(Self::lengths);
                (
                    lengths().map(|(low, _)| low).min().unwrap_or(0),
                    lengths().map(|(_, high)| high).max().unwrap_or(0),
                )
            }
            Self::Repeat(part, times) => {
                let (low, high) = part.lengths();
                let times = usize::try_from(*times).unwrap_or(usize::MAX);
                (low.saturating_mul(times), high.saturating_mul(times))
            }
        }
    }

    /// The text with a number below [`Shape::size`]; empty where the set is.
    pub fn nth(&self, index: u64) -> String {
        let mut out = String::new();
        self.write(&mut Digits::of(index), &mut out);
        out
    }

    fn write(&self, digits: &mut Digits, out: &mut String) {
        match self {
            Self::Literal(text) => out.push_str(text),
            Self::Chars(ranges) => out.extend(char_at(ranges, digits.take(self.size()))),
            Self::Number { low, step, count, decimals } => {
                let steps = i128::from(digits.take(*count)) * i128::from(*step);
                push_decimal(i128::from(*low) + steps, *decimals, out);
            }
            Self::Sequence(parts) => parts.iter().for_each(|part| part.write(digits, out)),
            Self::Choice(parts) => choose(parts, digits.take(self.size()), out),
            Self::Repeat(part, times) => (0..*times).for_each(|_| part.write(digits, out)),
        }
    }
}

fn width((first, last): &(char, char)) -> u64 {
    (u64::from(*last) + 1).saturating_sub(u64::from(*first))
}

/// A number in a range that is no character (a surrogate) is left out of the text, and never asked for by a range
/// that holds none.
fn char_at(ranges: &[(char, char)], mut index: u64) -> Option<char> {
    for range in ranges {
        if index < width(range) {
            return u32::try_from(u64::from(range.0) + index).ok().and_then(char::from_u32);
        }
        index -= width(range);
    }
    None
}

fn choose(parts: &[Shape], mut index: u64, out: &mut String) {
    for part in parts {
        let size = part.size();
        if index < size {
            return part.write(&mut Digits::of(index), out);
        }
        index -= size;
    }
}

fn both(one: (usize, usize), other: (usize, usize)) -> (usize, usize) {
    (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
}

fn push_decimal(scaled: i128, decimals: u8, out: &mut String) {
    let unit = 10_i128.pow(u32::from(decimals));
    if scaled < 0 {
        out.push('-');
    }
    out.push_str(&(scaled.abs() / unit).to_string());
    if decimals > 0 {
        let digits = format!("{:0width$}", scaled.abs() % unit, width = usize::from(decimals));
        out.push('.');
        out.push_str(&digits);
    }
}

/// A number written in mixed radix, the lowest digit first. Once the digits taken tell the number apart from every
/// other, those that follow are free; they are mixed, so that a long text does not end in a row of zeros.
struct Digits {
    index: u64,
    rest: u64,
    told_apart: u64,
}

impl Digits {
    const fn of(index: u64) -> Self {
        Self { index, rest: index, told_apart: 1 }
    }

    const fn take(&mut self, radix: u64) -> u64 {
        if radix < 2 {
            return 0;
        }
        let digit = self.rest % radix;
        self.rest /= radix;
        self.told_apart = self.told_apart.saturating_mul(radix);
        if self.told_apart == u64::MAX {
            self.index = crate::template::mix(self.index.wrapping_add(1));
            (self.rest, self.told_apart) = (self.index, 1);
        }
        digit
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn hex(times: u32) -> Shape {
        Shape::Repeat(Box::new(Shape::Chars(vec![('0', '9'), ('a', 'f')])), times)
    }

    #[track_caller]
    fn check(shape: &Shape, expected: &[&str]) {
        let all: Vec<_> = (0..shape.size()).map(|index| shape.nth(index)).collect();
        assert_eq!(all, expected, "{shape:?}");
        let lengths = || all.iter().map(|text| text.chars().count());
        assert_eq!(shape.lengths(), (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0)));
    }

    #[test]
    fn every_member_is_had_once() {
        check(&Shape::Literal("a".into()), &["a"]);
        check(&Shape::Chars(vec![('a', 'b'), ('x', 'x')]), &["a", "b", "x"]);
        check(&Shape::Number { low: -1, step: 2, count: 3, decimals: 0 }, &["-1", "1", "3"]);
        check(&Shape::Number { low: -5, step: 10, count: 2, decimals: 1 }, &["-0.5", "0.5"]);
        check(&Shape::words([]), &[]);
        let pair = Shape::Sequence(vec![Shape::words(["a", "bb"]), Shape::words(["", "-"])]);
        check(&pair, &["a", "bb", "a-", "bb-"]);
        check(&Shape::Choice(vec![Shape::words(["x"]), pair.clone()]), &["x", "a", "bb", "a-", "bb-"]);
        check(&Shape::Repeat(Box::new(Shape::words(["a", "b"])), 2), &["aa", "ba", "ab", "bb"]);
    }

    #[test]
    fn a_set_beyond_counting_still_gives_another_text_for_each_number() {
        let shape = Shape::Sequence(vec![hex(8), Shape::Literal("-".into()), hex(40)]);
        assert_eq!(shape.size(), u64::MAX);
        let some: BTreeSet<_> = (0..10_000u64).map(|n| shape.nth(n.wrapping_mul(u64::MAX / 9_973))).collect();
        assert_eq!(some.len(), 10_000);
        assert!(some.iter().all(|text| text.len() == 49 && !text.ends_with("00000000")), "{some:?}");
    }
}
