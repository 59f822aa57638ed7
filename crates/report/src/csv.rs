//! Every reading of every series and gauge, one row each, for a spreadsheet or a notebook.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets hide.

use std::io;

use crate::document::{Document, Point};
use crate::text::printable;
use crate::{Look, Reporter};

/// `--format csv`.
pub struct Csv;

/// The first row.
const HEADER: [&str; 9] =
    ["run", "endpoint", "pattern", "reading", "unit", "stage", "at_seconds", "requests", "value"];

impl Reporter for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn media_type(&self) -> &'static str {
        "text/csv; charset=utf-8"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rows = ::csv::Writer::from_writer(out);
        rows.write_record(HEADER)?;
        for vector in &document.vectors {
            let of = [&document.id, &vector.endpoint, &vector.pattern].map(|text| cell(text));
            for (name, unit, points) in vector.tracks() {
                let what = [cell(name), unit.name().to_owned()];
                for point in points {
                    rows.write_record(of.iter().chain(&what).chain(&numbers(point)))?;
                }
            }
        }
        rows.flush()
    }
}

fn numbers(point: &Point) -> [String; 4] {
    [
        point.stage.name().to_owned(),
        point.at_seconds.to_string(),
        point.requests.to_string(),
        point.value.to_string(),
    ]
}

/// Text on one line that no spreadsheet computes (OWASP, CSV Injection).
fn cell(text: &str) -> String {
    let text = printable(text).replace('\n', " ");
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    if is_formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in
            ["=1+1", " =HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "%0A=1"]
        {
            let cell = cell(formula);
            assert!(cell.starts_with('\'') || cell.starts_with('?'), "{formula:?}: {cell:?}");
        }
        assert_eq!(cell("GET /a=1"), "GET /a=1");
    }
}
