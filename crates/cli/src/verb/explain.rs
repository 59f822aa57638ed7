//! `drip explain`: the page of a finding, or the list.

use std::fmt::Write as _;

use crate::args::ExplainArgs;
use crate::ask::Wrong;
use crate::{exit, output};

pub(crate) fn explain(args: &ExplainArgs) -> Result<u8, Wrong> {
    let Some(id) = &args.id else {
        output::print_text(&list());
        return Ok(exit::PASS);
    };
    let page = drip_catalog::page(id).ok_or_else(|| unknown(id))?;
    output::print_text(&drip_catalog::render(page));
    Ok(exit::PASS)
}

fn list() -> String {
    drip_catalog::PAGES.iter().fold(String::new(), |mut text, page| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {}", page.id, page.title);
        text
    })
}

fn unknown(id: &str) -> Wrong {
    Wrong(format!("{id}: no such finding; did you mean {}?", drip_catalog::nearest(id).join(", ")))
}
