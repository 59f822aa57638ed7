//! What users rely on: descriptions of every kind become requests that fit them, and what does not is said.

#![expect(clippy::unwrap_used, reason = "what these functions unwrap is what the tests assert")]

mod arbitrary;
mod bad_input;
mod formats;
mod patterns;
mod source;
mod values;
