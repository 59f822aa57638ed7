//! The published JSON Schema of the wire form, made from its types so that the two cannot differ.

use schemars::generate::SchemaSettings;

use crate::document::Document;

/// Where the schema is published, from the root of the repository.
pub const PATH: &str = "docs/schema/drip.report-1.schema.json";

/// The schema (JSON Schema, draft 2020-12) of a document as it is written.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document>().to_value()
}

/// The published file, to the byte.
pub fn file() -> String {
    format!("{:#}\n", schema())
}
