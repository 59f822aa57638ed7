//! What of a command line must not stand in a report.

/// Names whose values are secrets, in any case and as part of a longer name.
const NAMES: [&str; 8] =
    ["token", "password", "passwd", "secret", "credential", "api-key", "apikey", "private-key"];
const HIDDEN: &str = "***";

/// The words of a command with secret values hidden: `NAME=value`, `--name=value`, `--name value`.
pub fn hidden(words: &[String]) -> Vec<String> {
    let mut follows = false;
    words
        .iter()
        .map(|word| {
            let value_of_last = std::mem::replace(&mut follows, false);
            match word.split_once('=') {
                Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
                _ if value_of_last => HIDDEN.to_owned(),
                _ => {
                    follows = word.starts_with('-') && is_secret(word);
                    word.clone()
                }
            }
        })
        .collect()
}

/// Whether a name says that its value is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    NAMES.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &str, expected: &str) {
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        assert_eq!(hidden(&words).join(" "), expected);
    }

    #[test]
    fn values_of_secrets_are_hidden_and_nothing_else() {
        check("node server.js --port 8080", "node server.js --port 8080");
        check("env DB_PASSWORD=x API_KEY=y node s.js", "env DB_PASSWORD=*** API_KEY=*** node s.js");
        check("./app --auth-token=abc --token def --verbose", "./app --auth-token=*** --token *** --verbose");
        check("python app.py KEYS=3", "python app.py KEYS=3");
    }
}
