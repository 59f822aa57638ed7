//! Which operations are asked at all: safe methods, and none whose name says that it does something.

use crate::endpoint::Endpoint;

const SAFE_METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// Words that say that something happens which nobody wants a thousand times.
const WORDS: [&str; 53] = [
    "abort",
    "buy",
    "cancel",
    "charge",
    "checkout",
    "clear",
    "deactivate",
    "delete",
    "deploy",
    "destroy",
    "disable",
    "disconnect",
    "drop",
    "erase",
    "flush",
    "invite",
    "invoke",
    "kick",
    "kill",
    "logoff",
    "logout",
    "notify",
    "pay",
    "payout",
    "publish",
    "purchase",
    "purge",
    "reboot",
    "refund",
    "remove",
    "reset",
    "restart",
    "restore",
    "resume",
    "revoke",
    "rollback",
    "run",
    "send",
    "shutdown",
    "signout",
    "sms",
    "start",
    "stop",
    "subscribe",
    "suspend",
    "terminate",
    "transfer",
    "trigger",
    "truncate",
    "uninstall",
    "unsubscribe",
    "wipe",
    "withdraw",
];

/// Why an endpoint is not asked, unless the user allows it.
pub(crate) fn refusal(endpoint: &Endpoint) -> Option<String> {
    if !SAFE_METHODS.contains(&endpoint.method.as_str()) {
        return Some(format!("{} may change something; allow it with --unsafe-methods", endpoint.method));
    }
    let word = dangerous(&endpoint.path).or_else(|| dangerous(endpoint.name.as_deref()?))?;
    Some(format!("its name says {word}; allow it with --unsafe-methods"))
}

/// The first word of a name that is one of those.
fn dangerous(name: &str) -> Option<&'static str> {
    let words = words(name);
    let pairs = words.windows(2).map(|pair| pair.concat());
    let all: Vec<String> = words.iter().cloned().chain(pairs).collect();
    WORDS.into_iter().find(|word| all.iter().any(|other| other == word))
}

/// `logOut`, `log-out` and `/log_out` are all two words; a parameter in braces is none.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut word, mut before_small, mut in_braces) = (Vec::new(), String::new(), false, false);
    for c in name.chars() {
        let begins = !c.is_alphanumeric() || (c.is_uppercase() && before_small);
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        in_braces = (in_braces || c == '{') && c != '}';
        if c.is_alphanumeric() && !in_braces {
            word.extend(c.to_lowercase());
        }
        before_small = c.is_lowercase();
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, name: Option<&str>, expected: Option<&str>) {
        let endpoint = Endpoint {
            method: method.into(),
            path: path.into(),
            name: name.map(Into::into),
            ..Endpoint::default()
        };
        let found = refusal(&endpoint);
        match (&found, expected) {
            (Some(found), Some(words)) => assert!(found.contains(words), "{found}"),
            (found, expected) => assert_eq!(found.as_deref(), expected, "{method} {path}"),
        }
    }

    #[test]
    fn only_what_does_nothing_is_asked() {
        check("GET", "/users/{id}", Some("getUser"), None);
        check("HEAD", "/", None, None);
        check("POST", "/users", None, Some("POST may change"));
        check("GET", "/logout", None, Some("logout"));
        check("GET", "/session/log-out", None, Some("logout"));
        check("GET", "/x", Some("sendMail"), Some("send"));
        check("GET", "/users/{id}/deleteAll", None, Some("delete"));
    }

    #[test]
    fn a_thing_that_is_named_after_a_deed_is_no_deed() {
        check("GET", "/payments", None, None);
        check("GET", "/orders", None, None);
        check("GET", "/deleted-items", None, None);
        check("GET", "/x/{reset}", None, None);
    }
}
