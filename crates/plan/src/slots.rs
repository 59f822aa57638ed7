//! Slots in a text: `{n}`, `{uuid}`, `{hex}`, `{word}`, `{ip}`, `{pad:N}`.

use drip_model::{Part, Slot, Text};

/// The longest filler; beyond it a request is no longer one that a server must accept.
const PAD_MAX: usize = 1 << 20;

/// What the slots are, for messages.
pub(crate) const KNOWN: &str = "{n}, {uuid}, {hex}, {word}, {ip} and {pad:N}";

/// Reads a text; whatever is in braces and no slot stays as it is, since JSON is full of braces.
pub(crate) fn parse(text: &str) -> Text {
    let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some((before, slot, after)) = next_slot(rest) {
        plain.push_str(before);
        if !plain.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut plain).into_bytes()));
        }
        parts.push(Part::Slot(slot));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.as_bytes().to_vec()));
    }
    Text(parts)
}

fn next_slot(text: &str) -> Option<(&str, Slot, &str)> {
    text.match_indices('{').find_map(|(open, _)| {
        let close = open + text[open..].find('}')?;
        let slot = named(&text[open + 1..close])?;
        Some((&text[..open], slot, &text[close + 1..]))
    })
}

fn named(name: &str) -> Option<Slot> {
    match name {
        "n" => Some(Slot::Counter),
        "uuid" => Some(Slot::Uuid),
        "hex" => Some(Slot::Hex),
        "word" => Some(Slot::Word),
        "ip" => Some(Slot::Ip),
        _ => name.strip_prefix("pad:")?.parse().ok().filter(|length| *length <= PAD_MAX).map(Slot::Pad),
    }
}

/// The first thing in braces that is no slot.
pub(crate) fn unknown(text: &Text) -> Option<String> {
    text.0.iter().find_map(|part| {
        let Part::Literal(bytes) = part else { return None };
        let literal = String::from_utf8_lossy(bytes);
        let open = literal.find('{')?;
        Some(literal[open..].split_inclusive('}').next()?.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Part]) {
        assert_eq!(parse(text).0, expected, "{text}");
    }

    fn plain(text: &str) -> Part {
        Part::Literal(text.into())
    }

    #[test]
    fn slots_are_found_and_other_braces_stay() {
        check("", &[]);
        check("/data", &[plain("/data")]);
        check(
            "/u/{n}?q={hex}",
            &[plain("/u/"), Part::Slot(Slot::Counter), plain("?q="), Part::Slot(Slot::Hex)],
        );
        check("{pad:12}", &[Part::Slot(Slot::Pad(12))]);
        check("{pad:x}", &[plain("{pad:x}")]);
        check(r#"{"id":{n}}"#, &[plain(r#"{"id":"#), Part::Slot(Slot::Counter), plain("}")]);
        check("{{uuid}", &[plain("{"), Part::Slot(Slot::Uuid)]);
        check("{n", &[plain("{n")]);
    }

    #[test]
    fn an_unknown_slot_is_named() {
        assert_eq!(unknown(&parse("/user/{id}/x")), Some("{id}".into()));
        assert_eq!(unknown(&parse("/user/{n}")), None);
    }
}
