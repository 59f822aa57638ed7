//! Floors, one file for each way in which one is had.

pub mod go;
mod hook;
pub(crate) mod inspector;
pub mod jvm;
pub mod native;
pub mod node;
pub mod python;
pub mod ruby;

use crate::FloorSource;

/// Every floor there is. Of several for one runtime, the better one comes first.
pub static FLOORS: &[&FloorSource] = &[
    &node::SOURCE,
    &python::SOURCE,
    &go::overlay::SOURCE,
    &go::pprof::SOURCE,
    &go::gctrace::SOURCE,
    &jvm::SOURCE,
    &ruby::SOURCE,
    &native::SOURCE,
];

/// Whether a V8 inspector listens at an address; it speaks HTTP too and is not the service.
pub async fn is_inspector(address: std::net::SocketAddr) -> bool {
    inspector::listens_at(address).await
}
