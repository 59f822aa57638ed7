//! TLS as a browser on this machine would speak it: the system's trust store, no exception to it.

use std::sync::{Arc, OnceLock};

use drip_model::{ErrorKind, Origin};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig};

use crate::failure::Failure;

/// Protocol that is offered; without it a server may choose HTTP/2.
const ALPN: &[u8] = b"http/1.1";

/// A connector and the name that the certificate must carry.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) connector: TlsConnector,
    pub(crate) name: ServerName<'static>,
}

impl Tls {
    pub(crate) fn new(origin: &Origin) -> Result<Self, Failure> {
        let failure = |words: String| Failure::new(ErrorKind::Tls, words);
        let config = config().map_err(|error| failure(format!("TLS cannot be set up: {error}")))?;
        let name = ServerName::try_from(origin.host.clone())
            .map_err(|_| failure(format!("{:?} is not a name that a certificate can carry", origin.host)))?;
        Ok(Self { connector: TlsConnector::from(config), name })
    }
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
