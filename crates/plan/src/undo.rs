//! Which operation deletes what another one makes: the path of the `DELETE` is that of the `POST` and one parameter more.

use drip_model::{Template, Text, Undo};

use crate::endpoint::Endpoint;

/// What answers call the thing, if not by the name of the parameter.
const USUAL_NAMES: [&str; 5] = ["id", "_id", "uuid", "key", "slug"];

/// How what a `POST` makes is deleted again, where one of the operations does that.
pub(crate) fn undo_of(endpoint: &Endpoint, template: &Template, all: &[&Endpoint]) -> Option<Undo> {
    if template.method != "POST" {
        return None;
    }
    let deletes = all.iter().filter(|other| other.method == "DELETE");
    let (delete, name) =
        deletes.filter_map(|other| Some((*other, added(&endpoint.path, &other.path)?))).next()?;
    let usual = delete.template(&|_, _| false);
    let headers = usual.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    let slash = if delete.path.ends_with('/') { "/" } else { "" };
    Some(Undo {
        endpoint: delete.label(),
        before: format!("{}/", constant_path(template)?.trim_end_matches('/')),
        after: format!("{slash}{}", query(&usual.target)),
        headers: headers.cloned().collect(),
        names: names(name),
    })
}

/// The likeliest first.
pub(crate) fn names(parameter: &str) -> Vec<String> {
    let usual = USUAL_NAMES.into_iter().filter(|usual| *usual != parameter);
    std::iter::once(parameter).chain(usual).map(str::to_owned).collect()
}

/// The parameter that one path has more than the other, at its end.
fn added<'a>(path: &str, longer: &'a str) -> Option<&'a str> {
    let rest = longer.trim_end_matches('/').strip_prefix(path.trim_end_matches('/'))?;
    rest.strip_prefix("/{")?.strip_suffix('}').filter(|name| !name.contains(['/', '{', '}']))
}

/// The path of a request, where it is the same each time.
fn constant_path(template: &Template) -> Option<String> {
    let path = |seed, n| {
        let target = template.render(seed, n).target;
        let end = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
        String::from_utf8(target[..end].to_vec()).ok()
    };
    path(0, 0).filter(|one| path(1, 1).as_ref() == Some(one))
}

fn query(target: &Text) -> String {
    let rendered = Template { target: target.clone(), ..Template::default() }.render(0, 0).target;
    let begin = rendered.iter().position(|byte| *byte == b'?').unwrap_or(rendered.len());
    String::from_utf8_lossy(&rendered[begin..]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parameter_more_is_what_was_made() {
        assert_eq!(added("/items", "/items/{id}"), Some("id"));
        assert_eq!(added("/items/", "/items/{itemId}/"), Some("itemId"));
        for longer in
            ["/items", "/items/{id}/tags/{tag}", "/item/{id}", "/items/all", "/items2/{id}", "/items/{a}{b}"]
        {
            assert_eq!(added("/items", longer), None, "{longer}");
        }
    }

    #[test]
    fn a_path_that_varies_has_nothing_that_stays() {
        let template = |words: &str| Template { target: crate::slots::parse(words), ..Template::default() };
        assert_eq!(constant_path(&template("/items?q={uuid}")).unwrap(), "/items");
        assert_eq!(constant_path(&template("/users/{n}/items")), None);
    }
}
