//! Readings under continuous load, for services that cannot be paused or read at rest.

mod decision;
mod facts;
mod level_shifts;
mod lives;
mod looks;
mod mann_kendall;
mod reading;
mod teeth;
mod terms;
mod watch;

pub use reading::{Flaws, Identity, Reading, Record};
pub use terms::Terms;
pub use watch::Watch;
