//! Memory sources, and floors that force a collection before they read.
//!
//! A [`Meter`] only looks, as often as anybody likes. A [`Floor`] acts on the service and is used only while no
//! request is in flight. Nothing here judges, and nothing here sends load.

mod error;
pub mod floor;
mod runtime;
mod scope;
pub mod source;

use async_trait::async_trait;
use drip_model::{Runtime, Signal};
use drip_proc::Identity;

pub use error::MeterError;
pub use floor::is_inspector;
pub use runtime::runtime_of;
pub use scope::Scope;

/// One reading of a memory source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Bytes or things, by the signal's unit.
    pub value: u64,
    /// The processes that were read: a change of identity is a restart, a fall in memory is not.
    pub processes: Vec<Identity>,
}

/// A source that only looks.
#[async_trait]
pub trait Meter: Send + Sync {
    /// What it reads.
    fn signal(&self) -> Signal;

    /// Reads once.
    ///
    /// # Errors
    /// When the process is gone or its figures cannot be read.
    async fn read(&self) -> Result<Reading, MeterError>;
}

/// A source that forces a collection and reads what is left.
#[async_trait]
pub trait Floor: Send {
    /// What it reads.
    fn signal(&self) -> Signal;

    /// Collects, then reads. Call it only while no request is in flight.
    ///
    /// # Errors
    /// When the process is gone or does not answer within a bounded time.
    async fn collect(&mut self) -> Result<Reading, MeterError>;

    /// The runtime's own heap limit, bytes.
    fn heap_limit(&self) -> Option<u64>;

    /// Leaves the service as it was found.
    async fn close(self: Box<Self>);
}

/// "Does not apply here, because …" is an answer.
pub enum Opened {
    /// Ready to be used.
    Yes(Box<dyn Floor>),
    /// Why not.
    No(String),
}

/// How the floor of a runtime is had.
pub struct FloorSource {
    /// For messages and documentation.
    pub name: &'static str,
    /// Whose floor it is.
    pub runtime: Runtime,
    /// What must stand in the service's environment when we start it, given what stands there already.
    pub environment: fn(existing: Existing<'_>) -> Variables,
    /// Attaches to the processes that own the service's socket.
    pub attach: fn(owners: Vec<u32>) -> Attaching,
}

/// Looks up a variable of the environment that the service would have without us.
pub type Existing<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Variables to be added or replaced, with their values.
pub type Variables = Vec<(String, String)>;

/// An attachment under way.
pub type Attaching = std::pin::Pin<Box<dyn Future<Output = Opened> + Send>>;

/// Every floor there is.
pub static FLOORS: &[&FloorSource] = &[&floor::node::SOURCE];

/// Attaches to the first floor that fits the runtime.
pub async fn attach(runtime: Runtime, owners: Vec<u32>) -> Opened {
    match FLOORS.iter().find(|source| source.runtime == runtime) {
        Some(source) => (source.attach)(owners).await,
        None => Opened::No(format!("no way to force a collection in {runtime} is known yet")),
    }
}

/// What must stand in the environment of a service that we start: its runtime is not known before it runs, so
/// every floor prepares.
pub fn environment(existing: Existing<'_>) -> Variables {
    FLOORS.iter().flat_map(|source| (source.environment)(existing)).collect()
}
