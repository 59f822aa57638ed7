//! The nouns of Drip: what is tested, what was read, what it means, what is said about it.
//!
//! Public fields, no I/O, no async, no serialization. Every stage takes some of these and returns some of
//! these; this crate knows none of the stages.

pub mod checkup;
pub mod conduct;
pub mod finding;
mod latency;
pub mod outcome;
pub mod place;
pub mod report;
pub mod series;
pub mod shape;
pub mod symptom;
pub mod tally;
pub mod target;
pub mod template;
pub mod undo;
pub mod value;
pub mod varying;
pub mod vector;

pub use checkup::{Checkup, KnownFloor, LimitSeen, Machine, ProcessSeen, ServiceSeen};
pub use conduct::{Conduct, HangUp, Trickle};
pub use finding::{BodyTrick, Category, Confidence, Exposure, Finding, Severity, Weakness};
pub use latency::{LATENCY_EDGES, LatencyCounts, LatencyWindow, latency_class};
pub use outcome::{
    ByRequests, Crash, Doubt, DoubtKind, Evidence, Exit, Growth, Interval, Threshold, ToLimit, Verdict,
};
pub use place::{Platform, Runtime};
pub use report::{
    FloorUsed, Footprint, GradeBasis, Outcome, Report, Score, Service, ServiceCost, Settings, Status,
};
pub use series::{Gap, Gauge, Point, Series, Signal, Stage, Unit, begin};
pub use shape::Shape;
pub use symptom::{Pair, Symptom};
pub use tally::{ErrorKind, Expected, Shortage, Tally};
pub use target::{Origin, Protocol, Scheme};
pub use template::{Body, Draw, Part, Rendered, Slot, Template, Text};
pub use undo::{Undo, Undone};
pub use value::{Escape, Value};
pub use varying::Varying;
pub use vector::{Key, Pattern, Vector, VectorId};
