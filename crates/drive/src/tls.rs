//! TLS as a browser on this machine would speak it: the system's trust store and no exception to it, unless the user
//! says whom else to trust.

use std::sync::{Arc, OnceLock};

use drip_model::{ErrorKind, Origin, Protocol};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, ClientConnection, WantsClientCert};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::failure::Failure;
use crate::proxy::Proxy;
use crate::trust::{Identity, Roots, Trust};
use crate::tunnel::Tunnel;

/// What is offered is one protocol and no choice: without an offer a server may take any.
const fn alpn(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::Http1 => b"http/1.1",
        Protocol::Http2 => b"h2",
    }
}

/// How to speak, and the name that the certificate must carry.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    origin: Origin,
    name: ServerName<'static>,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
enum SetUp {
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error("a certificate or key is not PEM: {0}")]
    Pem(#[from] pem::Error),
    #[error("the file of trusted certificates has none")]
    NoRoots,
}

impl Tls {
    pub(crate) fn new(origin: &Origin, trust: &Trust, protocol: Protocol) -> Result<Self, Failure> {
        let mut config = config(trust).map_err(cannot_set_up)?;
        // One clone for a dose; what is dear in it is shared.
        Arc::make_mut(&mut config).alpn_protocols = vec![alpn(protocol).to_vec()];
        let name = ServerName::try_from(origin.host.clone()).map_err(|_| {
            Failure::new(
                ErrorKind::Tls,
                format!("{:?} is not a name that a certificate can carry", origin.host),
            )
        })?;
        Ok(Self { config, origin: origin.clone(), name })
    }

    /// For one connection that is no load.
    pub(crate) fn parts(self) -> (Arc<ClientConfig>, ServerName<'static>) {
        (self.config, self.name)
    }

    /// The way through a proxy to the service.
    pub(crate) fn tunnel(&self, proxy: &Proxy) -> Tunnel {
        Tunnel::new(proxy.connect(&self.origin))
    }

    /// A connection whose handshake is still to come.
    pub(crate) fn begin(&self) -> Result<ClientConnection, Failure> {
        let begun = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        begun.map_err(|error| cannot_set_up(error.into()))
    }
}

fn cannot_set_up(error: SetUp) -> Failure {
    Failure::new(ErrorKind::Tls, format!("TLS cannot be set up: {error}"))
}

/// The system's trust is read once: a run has many doses, and the trust store is some hundred certificates. A failure
/// is not kept, since the next attempt may have the descriptor that this one lacked.
fn config(trust: &Trust) -> Result<Arc<ClientConfig>, SetUp> {
    static USUAL: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if *trust != Trust::default() {
        return read_config(trust);
    }
    if let Some(config) = USUAL.get() {
        return Ok(Arc::clone(config));
    }
    let config = read_config(trust)?;
    Ok(Arc::clone(USUAL.get_or_init(|| config)))
}

fn read_config(trust: &Trust) -> Result<Arc<ClientConfig>, SetUp> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match &trust.roots {
        Roots::System => builder.with_platform_verifier()?,
        Roots::Own(pem) => builder.with_root_certificates(roots(pem)?),
        Roots::Anyone => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        }
    };
    Ok(Arc::new(identify(builder, trust.identity.as_ref())?))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, SetUp> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err(SetUp::NoRoots) } else { Ok(roots) }
}

fn identify(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: Option<&Identity>,
) -> Result<ClientConfig, SetUp> {
    let Some(identity) = identity else { return Ok(builder.with_no_client_auth()) };
    let chain = CertificateDer::pem_slice_iter(&identity.certificates).collect::<Result<_, _>>()?;
    Ok(builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(&identity.key)?)?)
}

/// Any certificate will do. That whoever shows it also has its key is still checked: it costs nothing to ask.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
