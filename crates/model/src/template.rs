//! A request with slots. The n-th request is a pure function of (template, seed, n), so a run can be replayed.

use crate::value::Value;

/// A hole in a text that is filled anew for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// `{n}`: the number of the request, from 0.
    Counter,
    /// `{uuid}`: a random version 4 UUID.
    Uuid,
    /// `{hex}`: 16 random hexadecimal digits.
    Hex,
    /// `{word}`: a random lower-case word of 8 letters.
    Word,
    /// `{ip}`: a random IPv4 address of a private range.
    Ip,
    /// `{pad:N}`: N letters, the same each time.
    Pad(usize),
}

impl Slot {
    /// Whether its text differs between requests.
    pub const fn varies(self) -> bool {
        !matches!(self, Self::Pad(_))
    }
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Bytes as they are.
    Literal(Vec<u8>),
    /// A slot.
    Slot(Slot),
    /// Another member of a set each time.
    Value(Value),
}

impl Part {
    /// Whether it differs between requests.
    pub fn varies(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Slot(slot) => slot.varies(),
            Self::Value(value) => value.size() > 1,
        }
    }
}

/// A text with slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Part>);

impl Text {
    /// A text without slots.
    pub fn literal(bytes: impl Into<Vec<u8>>) -> Self {
        Self(vec![Part::Literal(bytes.into())])
    }

    /// Whether it differs between requests.
    pub fn varies(&self) -> bool {
        self.0.iter().any(Part::varies)
    }

    /// Appends the text with its slots filled.
    pub fn fill(&self, draw: &mut Draw, out: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Slot(slot) => draw.fill(*slot, out),
                Part::Value(value) => value.write(draw.seed, draw.n, out),
            }
        }
    }
}

/// What a request carries after its head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// A text with slots.
    Text(Text),
    /// Bytes from a file, sent as they are.
    Bytes(Vec<u8>),
}

/// One request with slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, beginning with `/`.
    pub target: Text,
    /// Name and value, in the order given.
    pub headers: Vec<(String, Text)>,
    /// The body.
    pub body: Body,
}

/// A request ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Path and query.
    pub target: Vec<u8>,
    /// Name and value.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; `None` sends no body at all.
    pub body: Option<Vec<u8>>,
}

impl Template {
    /// The `n`-th request of a run with this seed.
    pub fn render(&self, seed: u64, n: u64) -> Rendered {
        let mut draw = Draw::new(seed, n);
        let mut filled = |text: &Text| {
            let mut out = Vec::new();
            text.fill(&mut draw, &mut out);
            out
        };
        Rendered {
            target: filled(&self.target),
            headers: self.headers.iter().map(|(name, value)| (name.clone(), filled(value))).collect(),
            body: match &self.body {
                Body::None => None,
                Body::Text(text) => Some(filled(text)),
                Body::Bytes(bytes) => Some(bytes.clone()),
            },
        }
    }

    /// Whether any part differs between requests.
    pub fn varies(&self) -> bool {
        self.target.varies()
            || self.headers.iter().any(|(_, value)| value.varies())
            || matches!(&self.body, Body::Text(text) if text.varies())
    }
}

/// The random stream of one request: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, fig. 16), keyed by seed and
/// number. It must be reproducible and cheap, nothing more: no slot allocates.
#[derive(Debug, Clone)]
pub struct Draw {
    seed: u64,
    n: u64,
    state: u64,
}

impl Draw {
    /// The stream of the `n`-th request. Texts are filled in the order target, headers, body.
    ///
    /// The number is mixed before it is added: neighbours would otherwise walk through the same stream.
    pub const fn new(seed: u64, n: u64) -> Self {
        Self { seed, n, state: mix(seed).wrapping_add(mix(n ^ 0x5851_F42D_4C95_7F2D)) }
    }

    /// The next random number, all 64 bits of it.
    pub const fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    fn fill(&mut self, slot: Slot, out: &mut Vec<u8>) {
        match slot {
            Slot::Counter => decimal(self.n, out),
            Slot::Uuid => self.uuid(out),
            Slot::Hex => out.extend_from_slice(&hexadecimal(self.number())),
            Slot::Word => self.word(out),
            Slot::Ip => self.ip(out),
            Slot::Pad(length) => out.resize(out.len() + length, b'x'),
        }
    }

    /// Version and variant are those of a random UUID (RFC 9562, section 5.4).
    fn uuid(&mut self, out: &mut Vec<u8>) {
        let (high, low) = (self.number(), self.number());
        let high = (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let low = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        let (high, low) = (hexadecimal(high), hexadecimal(low));
        let mut text = [b'-'; 36];
        text[..8].copy_from_slice(&high[..8]);
        text[9..13].copy_from_slice(&high[8..12]);
        text[14..18].copy_from_slice(&high[12..]);
        text[19..23].copy_from_slice(&low[..4]);
        text[24..].copy_from_slice(&low[4..]);
        out.extend_from_slice(&text);
    }

    fn word(&mut self, out: &mut Vec<u8>) {
        let mut bits = self.number();
        for _ in 0..8 {
            out.push(b'a' + u8::try_from(bits % 26).unwrap_or(0));
            bits /= 26;
        }
    }

    /// An address of 10.0.0.0/8, which is no stranger's: so many that they hardly repeat within a run.
    fn ip(&mut self, out: &mut Vec<u8>) {
        let bits = self.number();
        out.extend_from_slice(b"10");
        for byte in [bits, bits >> 8, bits >> 16] {
            out.push(b'.');
            decimal(byte & 0xFF, out);
        }
    }
}

/// Appends a number as people write it.
fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(digit(number % 10));
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out[start..].reverse();
}

/// All sixteen hexadecimal digits of a number.
fn hexadecimal(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (place, byte) in number.to_be_bytes().into_iter().enumerate() {
        digits[2 * place] = digit(u64::from(byte >> 4));
        digits[2 * place + 1] = digit(u64::from(byte));
    }
    digits
}

/// One digit of a base up to 16.
const fn digit(value: u64) -> u8 {
    b"0123456789abcdef"[(value & 0xF) as usize]
}

/// The finalizer of SplitMix64.
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(slot: Slot, seed: u64, n: u64) -> String {
        let template = Template { target: Text(vec![Part::Slot(slot)]), ..Template::default() };
        String::from_utf8(template.render(seed, n).target).unwrap()
    }

    #[test]
    fn the_nth_request_is_a_function_of_seed_and_n() {
        for slot in [Slot::Counter, Slot::Uuid, Slot::Hex, Slot::Word, Slot::Ip, Slot::Pad(5)] {
            assert_eq!(render(slot, 7, 41), render(slot, 7, 41), "{slot:?}");
            assert_eq!(render(slot, 7, 41) == render(slot, 7, 42), !slot.varies(), "{slot:?}");
        }
    }

    #[test]
    fn a_slot_has_the_form_that_its_name_promises() {
        assert_eq!(render(Slot::Counter, 1, 12), "12");
        assert_eq!(render(Slot::Counter, 1, u64::MAX), u64::MAX.to_string());
        assert_eq!(render(Slot::Counter, 1, 0), "0");
        assert_eq!(render(Slot::Pad(4), 1, 12), "xxxx");
        let uuid = render(Slot::Uuid, 1, 12);
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        assert_eq!(hexadecimal(0x0123_4567_89AB_CDEF), *b"0123456789abcdef");
        assert!(render(Slot::Hex, 1, 12).chars().all(|c| c.is_ascii_hexdigit()));
        assert!(render(Slot::Word, 1, 12).chars().all(|c| c.is_ascii_lowercase()));
        assert!(render(Slot::Ip, 1, 12).parse::<std::net::Ipv4Addr>().is_ok());
    }

    #[test]
    fn another_seed_is_another_run() {
        assert_ne!(render(Slot::Hex, 1, 0), render(Slot::Hex, 2, 0));
    }
}
