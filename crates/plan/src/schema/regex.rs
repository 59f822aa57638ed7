//! From a regular expression to the set of texts that it matches, bounded whatever it says.
//!
//! Every repetition gets one count: so each text can be made in one way only, and their number is known.

use drip_model::Shape;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::known::literal;

const PATTERN_BYTES_MAX: usize = 10_000;
const NESTING_MAX: u32 = 64;
/// Characters of a text; longer ones would be a load of their own.
const LENGTH_MAX: usize = 4096;
/// So many texts are as good as any number.
const ENOUGH: u64 = 1 << 40;
/// How often more than at least something repeats, tried in this order.
const EXTRAS: [u32; 12] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64];

/// How often more than at least: single characters, and groups of them.
#[derive(Debug, Clone, Copy)]
struct Extra {
    letters: u32,
    groups: u32,
}

impl Extra {
    fn times(self, repeated: &Repetition) -> u32 {
        let is_letter = matches!(repeated.sub.kind(), HirKind::Class(_) | HirKind::Literal(_));
        let extra = if is_letter { self.letters } else { self.groups };
        repeated.min.saturating_add(extra).min(repeated.max.unwrap_or(u32::MAX))
    }
}

/// The texts that an expression matches, of a length within these bounds.
pub(super) fn shape(pattern: &str, lengths: (usize, usize)) -> Result<Shape, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("its pattern is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    let hir = regex_syntax::ParserBuilder::new()
        .nest_limit(NESTING_MAX)
        .build()
        .parse(pattern)
        .map_err(|_| format!("its pattern {pattern:?} is none that can be turned into texts"))?;
    let (low, high) = lengths;
    let mut best: Option<Shape> = None;
    let letters = EXTRAS.into_iter().chain([clamped(low), clamped(high)]);
    for extra in letters.flat_map(|letters| [1, 0].map(|groups| Extra { letters, groups })) {
        if length(&hir, extra) > LENGTH_MAX {
            continue;
        }
        let shape = Shape::Sequence(vec![texts(&hir, extra)?]);
        let (shortest, longest) = shape.lengths();
        if shortest < low || longest > high || shape.size() == 0 {
            continue;
        }
        if shape.size() > best.as_ref().map_or(0, Shape::size) {
            best = Some(shape);
        }
        if best.as_ref().is_some_and(|best| best.size() >= ENOUGH) {
            break;
        }
    }
    best.ok_or_else(|| format!("no text of the length that it asks for matches its pattern {pattern:?}"))
}

fn clamped(length: usize) -> u32 {
    u32::try_from(length.min(LENGTH_MAX)).unwrap_or(0)
}

/// The longest text, reckoned before any is made.
fn length(hir: &Hir, extra: Extra) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(text) => text.0.len(),
        HirKind::Class(_) => 1,
        HirKind::Capture(capture) => length(&capture.sub, extra),
        HirKind::Repetition(repeated) => {
            let times = extra.times(repeated);
            length(&repeated.sub, extra).saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
        }
        HirKind::Concat(parts) => {
            parts.iter().fold(0, |sum: usize, part| sum.saturating_add(length(part, extra)))
        }
        HirKind::Alternation(parts) => parts.iter().map(|part| length(part, extra)).max().unwrap_or(0),
    }
}

fn texts(hir: &Hir, extra: Extra) -> Result<Shape, String> {
    let all = |parts: &[Hir]| parts.iter().map(|part| texts(part, extra)).collect::<Result<Vec<_>, _>>();
    Ok(match hir.kind() {
        HirKind::Empty | HirKind::Look(Look::Start | Look::End | Look::StartLF | Look::EndLF) => literal(""),
        HirKind::Look(_) => return Err("its pattern asks what stands beside a text".to_owned()),
        HirKind::Literal(text) => literal(&String::from_utf8_lossy(&text.0)),
        HirKind::Class(class) => Shape::Chars(characters(class)),
        HirKind::Capture(capture) => texts(&capture.sub, extra)?,
        HirKind::Repetition(repeated) => {
            let times = extra.times(repeated);
            Shape::Repeat(Box::new(texts(&repeated.sub, extra)?), times)
        }
        HirKind::Concat(parts) => Shape::Sequence(all(parts)?),
        HirKind::Alternation(parts) => Shape::Choice(all(parts)?),
    })
}

/// Of a class, what is plainest: letters and digits, else what can be printed, else all of it.
fn characters(class: &Class) -> Vec<(char, char)> {
    let all: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    let plain = [('0', '9'), ('A', 'Z'), ('a', 'z')];
    [within(&all, &plain), within(&all, &[('!', '~')])]
        .into_iter()
        .find(|some| !some.is_empty())
        .unwrap_or_else(|| all.iter().copied().flat_map(without_surrogates).collect())
}

fn within(ranges: &[(char, char)], bounds: &[(char, char)]) -> Vec<(char, char)> {
    let both = |(a, b): &(char, char), (c, d): &(char, char)| (*a.max(c), *b.min(d));
    ranges
        .iter()
        .flat_map(|range| bounds.iter().map(move |bound| both(range, bound)))
        .filter(|(low, high)| low <= high)
        .collect()
}

/// Surrogates are no characters, though a range may go over them.
fn without_surrogates(range: (char, char)) -> Vec<(char, char)> {
    within(&[range], &[('\0', '\u{d7ff}'), ('\u{e000}', char::MAX)])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ANY: (usize, usize) = (0, 4096);

    #[track_caller]
    fn check(pattern: &str, lengths: (usize, usize)) -> u64 {
        let shape = shape(pattern, lengths).unwrap();
        let regex = regex::Regex::new(pattern).unwrap();
        let some = shape.size().min(1000);
        let texts: HashSet<_> = (0..some).map(|n| shape.nth(n * (shape.size() / some))).collect();
        assert_eq!(texts.len() as u64, some, "{pattern}");
        for text in texts {
            let length = text.chars().count();
            assert!(regex.is_match(&text), "{pattern}: {text:?}");
            assert!((lengths.0..=lengths.1).contains(&length), "{pattern}: {text:?} of {lengths:?}");
        }
        shape.size()
    }

    #[test]
    fn texts_match_the_expression_that_they_were_made_from() {
        for pattern in [
            "^[a-z]{3}-[0-9]{4}$",
            "[A-Z][a-z]+",
            r"^\d{4}-\d{2}-\d{2}T(0|1)\d:[0-5]\d$",
            r"^(cat|dog|\w{4,9})$",
            "^[^/]+$",
            r"^\+?[1-9]\d{1,14}$",
            r"^.*$",
            r"^[\p{Greek}]{5}$",
            "",
            r"^#([A-Fa-f0-9]{6})$",
            r"^\\\/\.$",
        ] {
            check(pattern, ANY);
        }
    }

    #[test]
    fn there_are_enough_where_the_expression_allows_it() {
        assert!(check("^[a-z]+$", ANY) >= ENOUGH);
        assert!(check(r"^\w{1,64}$", ANY) >= ENOUGH);
        assert_eq!(check("^[ab]{1,2}$", ANY), 4);
    }

    #[test]
    fn length_is_kept() {
        check("^[a-z]+$", (3, 5));
        check("^[a-z]*$", (100, 200));
        check("^[a-z]+(-[a-z]+)*$", (9, 20));
        assert!(shape("^[a-z]{3}$", (5, 9)).unwrap_err().contains("length"));
    }

    #[test]
    fn what_explodes_or_looks_around_is_refused() {
        for pattern in ["((((a{100}){100}){100}){100}){100}", "(?=a)b", r"\bword\b", "[", "^(a{9999}){9999}$"]
        {
            assert!(shape(pattern, ANY).is_err(), "{pattern}");
        }
        assert!(shape(&"(".repeat(5000), ANY).is_err());
        assert!(shape(&"a".repeat(20_000), ANY).is_err());
    }
}
