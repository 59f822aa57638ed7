//! What users and other programs rely on, tried on a sample of each verdict.

mod chart;
mod csv;
mod diff;
mod github;
mod hostile;
mod html;
mod json;
mod junit;
mod markdown;
mod ndjson;
mod outputs;
mod samples;
mod sarif;
mod schema;
mod strangers;
mod text;
