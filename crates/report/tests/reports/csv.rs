//! The readings as a table.

use crate::hostile::{self, rendered};
use crate::samples;

fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = ::csv::Reader::from_reader(text.as_bytes()).into_records();
    rows.map(|row| row.expect("every row has as many cells").iter().map(str::to_owned).collect()).collect()
}

#[test]
fn every_reading_of_a_document_is_a_row() {
    let document = samples::by_name("leaking-node");
    let vector = &document.vectors[0];
    let points = vector.series.iter().map(|series| series.points.len()).sum::<usize>()
        + vector.gauges.iter().map(|gauge| gauge.points.len()).sum::<usize>();
    let rows = rows(&rendered("csv", &document));
    assert_eq!(rows.len(), points);
    let first =
        ["01k6f2zq9v3c", "GET /data", "repeated", "live_heap", "bytes", "baseline", "0.8", "0", "9582480"];
    assert_eq!(rows[0][..8], first[..8]);
    assert_eq!(rows[0][8].parse::<u64>().unwrap(), vector.series[0].points[0].value);
}

#[test]
fn no_cell_is_computed() {
    for row in rows(&rendered("csv", &hostile::document())) {
        let formula = row.iter().find(|cell| cell.trim_start().starts_with(['=', '+', '-', '@', '|', '%']));
        assert_eq!(formula, None);
        assert!(row.iter().all(|cell| !cell.contains('\n')), "{row:?}");
    }
}
