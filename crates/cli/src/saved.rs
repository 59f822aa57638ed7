//! Results that were saved, read back. A file is data from outside: its size is bounded, and what is wrong with it is
//! said.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use drip_report::Document;

use crate::ask::Wrong;

/// The largest document that is read; ours are below a megabyte.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// The document in a file.
pub(crate) fn document(path: &Path) -> Result<Document, Wrong> {
    let wrong = |why: String| Wrong(format!("{}: {why}", path.display()));
    let bytes = bounded(path).map_err(|error| wrong(error.to_string()))?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(wrong(format!(
            "larger than {} MiB, which no result of drip is",
            DOCUMENT_BYTES_MAX >> 20
        )));
    }
    drip_report::read(&bytes).map_err(|error| wrong(error.to_string()))
}

/// A byte more than the bound at most.
fn bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
