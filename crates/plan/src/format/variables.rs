//! `{{name}}` in Postman collections and `.http` files, replaced by what the file says of it.

use std::collections::BTreeMap;

/// Variables within variables.
const ROUNDS_MAX: usize = 8;
/// What a text may grow to.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What is known by name.
#[derive(Debug, Default, Clone)]
pub(super) struct Variables(pub(super) BTreeMap<String, String>);

impl Variables {
    /// A text with all of them replaced; the first name that nobody knows is the error.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let mut text = text.to_owned();
        for _ in 0..ROUNDS_MAX {
            let Some(next) = self.once(&text)? else { return Ok(text) };
            text = next;
        }
        Err("its variables contain each other".to_owned())
    }

    /// One round; `None` when there is nothing to replace.
    fn once(&self, text: &str) -> Result<Option<String>, String> {
        let (mut out, mut rest, mut changed) = (String::new(), text, false);
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else { break };
            let value =
                self.value(name.trim()).ok_or_else(|| format!("variable {} has no value", name.trim()))?;
            out.push_str(before);
            out.push_str(&value);
            (rest, changed) = (after, true);
            if out.len() > TEXT_BYTES_MAX {
                return Err("its variables make a text that is too long".to_owned());
            }
        }
        out.push_str(rest);
        Ok(changed.then_some(out))
    }

    /// Names with a `$` are made anew for each request, so they become slots.
    fn value(&self, name: &str) -> Option<String> {
        if let Some(value) = self.0.get(name) {
            return Some(value.clone());
        }
        let name = name.strip_prefix('$')?.split_whitespace().next()?;
        let slot = match name {
            "guid" | "randomUUID" | "uuid" | "random.uuid" => "{uuid}",
            "randomInt" | "timestamp" | "random.integer" | "isoTimestamp" => "{n}",
            "randomIP" => "{ip}",
            _ if name.starts_with("random") => "{word}",
            _ => return None,
        };
        Some(slot.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        Variables(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn names_are_replaced_and_unknown_ones_said() {
        let known = variables(&[("base", "http://{{host}}"), ("host", "a.test"), ("loop", "{{loop}}")]);
        assert_eq!(known.fill("{{base}}/x?id={{$guid}}").unwrap(), "http://a.test/x?id={uuid}");
        assert_eq!(known.fill("plain {json}").unwrap(), "plain {json}");
        assert!(known.fill("{{secret}}").unwrap_err().contains("variable secret"));
        assert!(known.fill("{{loop}}").unwrap_err().contains("each other"));
        let wide =
            variables(&[("a", &"{{b}}".repeat(1000)), ("b", &"{{c}}".repeat(1000)), ("c", &"x".repeat(100))]);
        assert!(wide.fill("{{a}}").unwrap_err().contains("too long"));
    }
}
