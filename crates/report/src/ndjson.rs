//! One JSON object per line, for programs that follow a run rather than hold a document: `drip.events/1`.
//!
//! Lines in this order: `run` (what was tested, how, where), `vector` for each endpoint and pattern (all but its
//! readings), `reading` for each reading of a signal or gauge in the order of time, `finding`, and last `result`
//! (verdict, score, grade, doubts, cost). A `reading` names its vector by number, from 0, and the vector says the
//! rest; so each line can be taken alone or joined. A file without `result` was cut.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::document::{Document, Point, Unit, Vector};
use crate::{Look, Reporter};

/// The name and version of these lines.
pub const SCHEMA: &str = "drip.events/1";

/// `--format ndjson`.
pub struct Ndjson;

impl Reporter for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn media_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn write(&self, document: &Document, _look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
        event(out, "run", run(document))?;
        for (number, vector) in document.vectors.iter().enumerate() {
            event(out, "vector", described(number, vector)?)?;
        }
        readings(document)
            .iter()
            .try_for_each(|reading| event(out, "reading", serde_json::to_value(reading)?))?;
        document
            .findings
            .iter()
            .try_for_each(|finding| event(out, "finding", serde_json::to_value(finding)?))?;
        event(out, "result", result(document))
    }
}

/// A line; `type` comes first, for the eye.
fn event(out: &mut dyn io::Write, kind: &str, fields: Value) -> io::Result<()> {
    let Value::Object(fields) = fields else { return Ok(()) };
    write!(out, "{{\"type\":\"{kind}\"")?;
    for (name, value) in fields {
        write!(out, ",{}:{value}", Value::String(name))?;
    }
    out.write_all(b"}\n")
}

fn run(document: &Document) -> Value {
    json!({
        "schema": SCHEMA,
        "id": document.id,
        "url": document.url,
        "createdAt": document.created_at,
        "service": document.service,
        "settings": document.settings,
        "environment": document.environment,
    })
}

fn result(document: &Document) -> Value {
    json!({
        "id": document.id,
        "status": document.status,
        "verdict": document.verdict,
        "score": document.score,
        "grade": document.grade,
        "gradeBasis": document.grade_basis,
        "scoring": document.scoring,
        "completedAt": document.completed_at,
        "doubts": document.doubts,
        "footprint": document.footprint,
    })
}

fn described(number: usize, vector: &Vector) -> io::Result<Value> {
    let mut fields = Map::from_iter([("vector".to_owned(), number.into())]);
    if let Value::Object(all) = serde_json::to_value(vector)? {
        fields.extend(all.into_iter().filter(|(name, _)| name != "series" && name != "gauges"));
    }
    Ok(Value::Object(fields))
}

/// One reading, beside what it is a reading of.
#[derive(Serialize)]
struct Reading<'a> {
    vector: usize,
    /// A signal's word, or a gauge's name.
    of: &'a str,
    unit: Unit,
    #[serde(flatten)]
    point: Point,
}

/// In the order of time.
fn readings(document: &Document) -> Vec<Reading<'_>> {
    let mut readings = Vec::new();
    for (vector, of) in document.vectors.iter().enumerate() {
        for (name, unit, points) in of.tracks() {
            readings.extend(points.iter().map(|point| Reading { vector, of: name, unit, point: *point }));
        }
    }
    readings.sort_by(|one, other| one.point.at_seconds.total_cmp(&other.point.at_seconds));
    readings
}
