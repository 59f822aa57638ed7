//! `drip report`: a saved document, rendered as a live one is.

use crate::args::ReportArgs;
use crate::ask::Wrong;
use crate::output::{self, Destination};
use crate::{exit, saved};

pub(crate) fn report(args: &ReportArgs) -> Result<u8, Wrong> {
    let document = saved::document(&args.file)?;
    output::print(&document, &args.show)?;
    output::save(&document, &Destination::all(None, &args.files.reports))?;
    Ok(exit::PASS)
}
