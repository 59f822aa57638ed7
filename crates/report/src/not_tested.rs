//! What of a description or plan was not tested, told by its reason.

use crate::document::NotTested;

/// How many of those that were left out for one reason are named.
const NAMED_MAX: usize = 4;

/// One line for each reason, in the order in which they came up: `GET /a; GET /b; 12 more: it has no body`.
pub fn by_reason(all: &[NotTested]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for NotTested { what, why } in all {
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, all)) => all.push(what),
            None => reasons.push((why, vec![what])),
        }
    }
    reasons.into_iter().map(|(why, all)| line(why, &all)).collect()
}

fn line(why: &str, all: &[&str]) -> String {
    let named = all[..all.len().min(NAMED_MAX)].join("; ");
    match all.len().saturating_sub(NAMED_MAX) {
        0 => format!("{named}: {why}"),
        more => format!("{named}; {more} more: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_tested_is_told_by_its_reason() {
        let not = |what: &str, why: &str| NotTested { what: what.to_owned(), why: why.to_owned() };
        let mut all: Vec<_> = (0..6).map(|n| not(&format!("GET /{n}"), "dull")).collect();
        all.insert(1, not("POST /", "unsafe"));
        assert_eq!(by_reason(&all), ["GET /0; GET /1; GET /2; GET /3; 2 more: dull", "POST /: unsafe"]);
    }
}
