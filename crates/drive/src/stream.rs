//! One connection that is no load, of either kind.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::load::Endpoint;
use crate::proxy::Proxy;

/// Bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Connects; of a service behind a proxy, to the proxy.
///
/// # Errors
/// When nobody listens there.
pub async fn connect(endpoint: &Endpoint) -> std::io::Result<Box<dyn Stream>> {
    Ok(match endpoint {
        Endpoint::Tcp(address) | Endpoint::Proxy(Proxy { address, .. }) => {
            Box::new(TcpStream::connect(address).await?)
        }
        Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await?),
    })
}
