//! The catalogue of findings: their pages, the findings that verdicts amount to, and the score.
//!
//! Pure: plain data and text in, plain data and text out. A page is one file in `page/` and one line in
//! [`PAGES`]. This crate must never decide whether a service leaks, and never say more than was measured.

mod basis;
mod findings;
mod from_outcome;
mod from_symptom;
mod from_weakness;
mod page;
mod render;
mod score;
mod seen;
mod weakness;
pub mod words;

#[cfg(test)]
mod sample;

pub use findings::findings;
pub use page::{Fix, OnPlatform, PAGES, Page, SeverityRule, nearest, page};
pub use render::render;
pub use score::{SCORING, WEIGHTS, Weights, score};
pub use seen::Context;
pub use weakness::{OWASP, cwe_title};
