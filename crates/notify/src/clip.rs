//! Text from outside within a bound: escaped letter by letter, so that no cut goes through the middle of an escape.

use drip_report::text::printable;

/// What stands for the rest.
const MORE: char = '…';

/// Text without control characters, each letter as `escape` writes it, in no more than `chars_max` characters.
pub(crate) fn clipped(text: &str, chars_max: usize, escape: fn(char, &mut String)) -> String {
    let (mut out, mut chars, mut letter_out) = (String::new(), 0, String::new());
    let text = printable(text);
    let mut letters = text.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        letter_out.clear();
        escape(letter, &mut letter_out);
        let room = chars_max - chars - usize::from(letters.peek().is_some());
        let width = letter_out.chars().count();
        if width > room {
            out.push(MORE);
            break;
        }
        out.push_str(&letter_out);
        chars += width;
    }
    out
}

/// Letters as they are.
pub(crate) fn as_it_is(letter: char, out: &mut String) {
    out.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ampersands(letter: char, out: &mut String) {
        if letter == '&' { out.push_str("&amp;") } else { out.push(letter) }
    }

    #[test]
    fn what_is_too_long_ends_with_a_sign_of_it_and_within_the_bound() {
        let check = |text: &str, chars_max, expected: &str| {
            let clipped = clipped(text, chars_max, ampersands);
            assert_eq!(clipped, expected);
            assert!(clipped.chars().count() <= chars_max);
        };
        check("abc", 3, "abc");
        check("abcd", 3, "ab…");
        check("a&b", 7, "a&amp;b");
        check("a&b", 6, "a…");
        check("&", 5, "&amp;");
        check("äöü\u{1b}[31m", 3, "äöü");
    }
}
