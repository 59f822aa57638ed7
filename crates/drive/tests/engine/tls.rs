//! A certificate that nobody vouches for is refused, and so is plain text where TLS was asked for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use drip_drive::{ProbeError, probe};
use drip_model::{ErrorKind, Scheme};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::scenario::Scenario;

fn self_signed() -> TlsAcceptor {
    let own = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.into()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Lets `serve` have each connection, until the returned value is dropped.
async fn start<F: Future<Output = ()> + Send>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve(stream).await;
        }
    });
    (address, serving)
}

async fn assert_refused(address: SocketAddr) {
    let mut scenario = Scenario::new(address, 1, 3);
    scenario.scheme = Scheme::Https;
    let tally = scenario.play().await;
    assert_eq!(tally.errors, BTreeMap::from([(ErrorKind::Tls, 3)]), "{tally:?}");
    assert!(tally.first_error.as_ref().unwrap().starts_with("TLS with "), "{tally:?}");
    let error = probe(&scenario.origin(), address, "/", Duration::from_secs(5)).await.unwrap_err();
    assert!(matches!(error, ProbeError::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let acceptor = self_signed();
    let (address, mut serving) = start(move |stream| {
        let shaken = acceptor.accept(stream);
        async { assert!(shaken.await.is_err(), "the client trusted a certificate that nobody signed") }
    })
    .await;
    assert_refused(address).await;
    assert!(serving.try_join_next().is_none(), "the server has seen a handshake succeed");
}

#[tokio::test]
async fn plain_text_where_tls_was_asked_for_is_a_tls_error() {
    let plain = |mut stream: TcpStream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    let (address, _serving) = start(plain).await;
    assert_refused(address).await;
}
