//! `drip report`: a saved document, rendered as a live one is.

use std::fs::File;
use std::io::Read;

use crate::args::ReportArgs;
use crate::ask::Wrong;
use crate::{exit, output};

/// The largest document that is read; ours are below a megabyte.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

pub(crate) fn report(args: &ReportArgs) -> Result<u8, Wrong> {
    let name = args.file.display();
    let mut bytes = Vec::new();
    let file = File::open(&args.file).map_err(|error| Wrong(format!("{name}: {error}")))?;
    file.take(DOCUMENT_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(|error| Wrong(format!("{name}: {error}")))?;
    let document = drip_report::read(&bytes).map_err(|error| Wrong(format!("{name}: {error}")))?;
    output::print(&document, &args.show)?;
    Ok(exit::PASS)
}
