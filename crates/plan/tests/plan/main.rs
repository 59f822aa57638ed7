//! What users rely on: descriptions of every kind become requests that fit them, and what does not is said.

mod arbitrary;
mod bad_input;
mod formats;
mod patterns;
mod source;
mod values;
