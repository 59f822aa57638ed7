//! Floors, one file for each runtime.

pub(crate) mod inspector;
pub mod node;

/// Whether a V8 inspector listens at an address; it speaks HTTP too and is not the service.
pub async fn is_inspector(address: std::net::SocketAddr) -> bool {
    inspector::listens_at(address).await
}
