//! A function fits on a screen; past that there is a seam to be found.

use super::Breach;
use super::source::Source;

const LINES_MAX: usize = 70;

/// A function that may be longer.
struct Allowed {
    path: &'static str,
    name: &'static str,
    /// Why no seam was found.
    #[expect(dead_code, reason = "for the reader of the list")]
    reason: &'static str,
}

/// Lists that read alone, entry by entry, may be long. Nothing else belongs here.
static ALLOWED: &[Allowed] = &[];

pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    sources.iter().flat_map(breaches_of).collect()
}

fn breaches_of(source: &Source) -> Vec<Breach> {
    let allowed = |name: &str| ALLOWED.iter().any(|entry| entry.path == source.path && entry.name == name);
    let long = functions(&source.code).into_iter().filter(|function| {
        source.code[function.start..function.end].lines().count() > LINES_MAX && !allowed(function.name)
    });
    long.map(|function| {
        let what =
            format!("fn {} has more than {LINES_MAX} lines: cut it where a name can be given", function.name);
        Breach::new(&source.path, source.line_at(function.start), what)
    })
    .collect()
}

/// A function with a body, by offsets.
struct Function<'a> {
    name: &'a str,
    start: usize,
    end: usize,
}

fn functions(code: &str) -> Vec<Function<'_>> {
    let starts = code.match_indices("fn ").map(|(at, _)| at);
    starts
        .filter(|at| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .filter_map(|start| function(code, start))
        .collect()
}

/// `None` for a declaration without a body.
fn function(code: &str, start: usize) -> Option<Function<'_>> {
    let after = code[start + "fn ".len()..].trim_start();
    let name =
        after.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())?;
    let open = body(code, start)?;
    let mut depth = 0usize;
    let close = code[open..].char_indices().find(|(_, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some(Function { name, start, end: open + close.0 + 1 })
}

/// Where the body opens. A semicolon ends a declaration, unless it stands in an array's type.
fn body(code: &str, start: usize) -> Option<usize> {
    let mut depth = 0i32;
    for (at, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(start + at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_lines(signature: &str, lines: usize) -> Source {
        Source::new("a.rs", format!("//! A.\n\n{signature} {{\n{}}}\n", "    x();\n".repeat(lines - 2)))
    }

    #[test]
    fn a_function_may_fill_a_screen_and_no_more() {
        for signature in
            ["fn f()", "pub(crate) async fn f<T>(a: [u8; 3], b: fn(u8)) -> [T; 2]\nwhere\n    T: Copy,"]
        {
            let lines = signature.lines().count() - 1;
            assert_eq!(check(&[with_lines(signature, LINES_MAX - lines)]), [], "{signature}");
            let breaches = check(&[with_lines(signature, LINES_MAX + 1 - lines)]);
            assert_eq!(breaches.iter().map(|breach| breach.line).collect::<Vec<_>>(), [3], "{signature}");
        }
    }

    #[test]
    fn what_has_no_body_is_no_function() {
        let code = "trait A { fn a(&self) -> [u8; 2]; fn b(&self) {} }\nstruct S { run: fn (u8), hyfn : u8 }";
        assert_eq!(functions(code).iter().map(|function| function.name).collect::<Vec<_>>(), ["b"]);
    }
}
