//! `drip diff`: two saved results, and what got worse.

use std::io::{self, Write};

use drip_report::diff::{self, Difference};

use crate::args::{DiffArgs, DiffFormat};
use crate::ask::Wrong;
use crate::{exit, output, saved};

pub(crate) fn diff(args: &DiffArgs) -> Result<u8, Wrong> {
    let difference = diff::compare(&saved::document(&args.old)?, &saved::document(&args.new)?);
    print(&difference, args)?;
    let fails = !args.fail_on.is_empty() && difference.has_new();
    Ok(if fails { exit::GATE_FAILED } else { exit::PASS })
}

fn print(difference: &Difference, args: &DiffArgs) -> Result<(), Wrong> {
    let mut out = io::stdout().lock();
    let written = match args.format {
        DiffFormat::Text => diff::write_text(difference, &output::look(args.no_color), &mut out),
        DiffFormat::Markdown => diff::write_markdown(difference, &mut out),
        DiffFormat::Json => writeln!(out, "{}", serde_json::to_string_pretty(difference)?),
    };
    output::unless_hung_up(written.and_then(|()| out.flush()))
}
