//! What users and other programs rely on, tried on a sample of each verdict.

mod chart;
mod json;
mod samples;
mod schema;
mod text;
