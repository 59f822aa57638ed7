//! What the guard tells Drip, one line for each event.

use std::fmt;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Its exit status, when it exited by itself.
    pub code: Option<i32>,
    /// The signal that killed it. With neither, nobody saw how it ended.
    pub signal: Option<i32>,
}

impl End {
    /// It is gone, and nobody saw how.
    pub const UNSEEN: Self = Self { code: None, signal: None };

    /// It exited by itself.
    pub const fn code(code: i32) -> Self {
        Self { code: Some(code), signal: None }
    }

    /// A signal killed it.
    pub const fn signal(signal: i32) -> Self {
        Self { code: None, signal: Some(signal) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The service runs; its process.
    Started(u32),
    /// The service could not be started; why.
    Refused(String),
    /// The service's first process ended.
    Exited(End),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started(pid) => write!(f, "started {pid}"),
            Self::Refused(reason) => write!(f, "refused {}", reason.replace('\n', " ")),
            Self::Exited(End { code: Some(code), .. }) => write!(f, "exited code {code}"),
            Self::Exited(End { signal: Some(signal), .. }) => write!(f, "exited signal {signal}"),
            Self::Exited(_) => f.write_str("exited unseen"),
        }
    }
}

impl Event {
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "started" => Some(Self::Started(rest.parse().ok()?)),
            "refused" => Some(Self::Refused(rest.to_owned())),
            "exited" => Some(Self::Exited(parse_end(rest)?)),
            _ => None,
        }
    }
}

fn parse_end(text: &str) -> Option<End> {
    match text.split_once(' ') {
        Some(("code", code)) => Some(End::code(code.parse().ok()?)),
        Some(("signal", signal)) => Some(End::signal(signal.parse().ok()?)),
        Some(_) => None,
        None => (text == "unseen").then_some(End::UNSEEN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let check = |event: Event| assert_eq!(Event::parse(&event.to_string()), Some(event));
        check(Event::Started(4711));
        check(Event::Refused("Exec format error (os error 8)".into()));
        check(Event::Exited(End::code(3)));
        check(Event::Exited(End::signal(9)));
        check(Event::Exited(End::UNSEEN));
    }

    #[test]
    fn an_event_stays_on_its_line() {
        assert_eq!(Event::Refused("two\nlines".into()).to_string(), "refused two lines");
    }

    #[test]
    fn anything_else_is_no_event() {
        for line in ["", "started", "started x", "exited", "exited code", "exited code x", "hello world"] {
            assert_eq!(Event::parse(line), None, "{line}");
        }
    }
}
