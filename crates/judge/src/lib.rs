//! Readings in, growth out: the statistics of the verdict.
//!
//! Pure: it opens nothing, waits for nothing and draws no random number. [`assess`] says what one signal did
//! over the doses of a run, with interval, thresholds and doubts, and whether more requests would decide what
//! is open. It must never call a filling cache a leak, nor memory that was not measured steady.
//!
//! "Leak" means growth per request that does not saturate within what was tested. No finite experiment tells a
//! leak from a cache larger than what was filled, so every answer is relative to two printed numbers: the
//! *allowance* (what a healthy service of this runtime may grow during a run) and the *cache* (what a cache may
//! hold before we call it a leak).

mod answers;
mod assess;
mod black_box;
mod confirm;
mod continuous;
mod forecast;
mod holm;
mod idle;
mod least_squares;
mod lifetimes;
mod policy;
mod profile;
mod shape;
mod together;

pub use answers::growing_answers;
pub use assess::{Assessment, More, assess};
pub use black_box::{needs_second_run, symptoms};
pub use confirm::{confirmed, confirming_requests, lasting};
pub use continuous::{Flaws, Identity, Reading, Record, Terms, Watch};
pub use forecast::{Limit, forecast, forecast_of_time};
pub use holm::holm;
pub use idle::{Cause, cause};
pub use lifetimes::{Life, pooled};
pub use policy::{ALPHA, DOSES_MIN, Policy, Subject};
pub use together::{member_of, too_coarse};
