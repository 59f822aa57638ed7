//! Readings whose truth is known, recorded and simulated, and the judge tried on them.
//!
//! No part of the product: the tests of `drip-judge` and the chores use it. It draws random numbers from seeds alone,
//! and opens no file.

pub mod dice;
pub mod doses;
pub mod load;
pub mod trace;
pub mod trial;
