//! TLS as a browser on this machine would speak it: the system's trust store, no exception to it.

use std::sync::{Arc, OnceLock};

use drip_model::{ErrorKind, Origin};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::failure::Failure;

/// Protocol that is offered; without it a server may choose HTTP/2.
const ALPN: &[u8] = b"http/1.1";

/// How to speak, and the name that the certificate must carry.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
}

impl Tls {
    pub(crate) fn new(origin: &Origin) -> Result<Self, Failure> {
        let config = config().map_err(|error| cannot_set_up(&error))?;
        let name = ServerName::try_from(origin.host.clone()).map_err(|_| {
            Failure::new(
                ErrorKind::Tls,
                format!("{:?} is not a name that a certificate can carry", origin.host),
            )
        })?;
        Ok(Self { config, name })
    }

    /// A connection whose handshake is still to come.
    pub(crate) fn begin(&self) -> Result<ClientConnection, Failure> {
        let begun = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        begun.map_err(|error| cannot_set_up(&error))
    }
}

fn cannot_set_up(error: &rustls::Error) -> Failure {
    Failure::new(ErrorKind::Tls, format!("TLS cannot be set up: {error}"))
}

/// Read once: a run has many doses, and the trust store is some hundred certificates. A failure is not kept,
/// since the next attempt may have the descriptor that this one lacked.
fn config() -> Result<Arc<ClientConfig>, rustls::Error> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let config = read_config()?;
    Ok(Arc::clone(CONFIG.get_or_init(|| config)))
}

fn read_config() -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}
