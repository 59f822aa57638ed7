//! The conductor: the only place where the stages meet.
//!
//! [`run`] launches or finds the service, drives doses at it, reads its memory at rest between them, asks the judge
//! whether that is enough, and makes a report of it. It prints nothing and decides no statistics. Whatever happens
//! on the way, a report comes back: what was measured is never lost.

mod bench;
mod black_box;
mod checkup;
mod crash;
mod described;
mod event;
mod experiment;
mod flags;
mod folder;
mod footprint;
mod gauges;
mod halt;
mod job;
mod keys;
mod ledger;
mod limits;
mod manners;
mod opinions;
mod order;
mod outcome;
mod preparation;
mod probes;
mod reach;
mod readings;
mod ready;
mod recycling;
mod room;
mod run;
mod sampler;
mod search;
mod secret;
mod subject;
mod telemetry;
mod together;
mod trial;
mod trouble;
mod under_load;
mod undo;
mod verdict;
mod visit;
mod witness;

pub use checkup::checkup;
pub use drip_drive::{Endpoint, Identity, Proxies, Roots, Trust, Versions};
pub use event::Event;
pub use job::{Describes, Job, Launch, Place};
pub use manners::is_metadata;
pub use reach::{Pinned, Reach, ways};
pub use run::{Run, never_began, run};
pub use search::TOGETHER_MIN;
pub use secret::{hidden, is_secret};
pub use trouble::Trouble;
pub use visit::visit;
