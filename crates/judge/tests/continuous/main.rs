//! The judge of readings under load: laws on curves without noise, readings that make no sense, simulated and recorded
//! services.
#![expect(clippy::unwrap_used, reason = "a test may fail at any line")]

mod curve;
mod laws;
mod nonsense;
mod recorded;
mod recycling;
mod simulated;
