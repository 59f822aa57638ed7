//! TLS as a user relies on it: whom nobody vouches for is refused, whom the user trusts is not, and a broken
//! connection is an error.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64;
use drip_drive::{Identity, ProbeError, Question, Roots, Trust, Versions, probe};
use drip_model::{ErrorKind, Protocol, Scheme, Tally};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::scenario::Scenario;

/// A certificate that vouches for itself, its key, and both in PEM.
fn own_certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>, Identity) {
    let own = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let identity = Identity {
        certificates: pem("CERTIFICATE", own.cert.der()),
        key: pem("PRIVATE KEY", &own.signing_key.serialize_der()),
    };
    (own.cert.into(), key, identity)
}

fn pem(what: &str, der: &[u8]) -> Vec<u8> {
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", BASE64.encode(der)).into_bytes()
}

/// A server with such a certificate, and the certificate in PEM. It asks for the client's if there is one to ask for.
pub(crate) fn acceptor(client: Option<CertificateDer<'static>>) -> (TlsAcceptor, Vec<u8>) {
    let (certificate, key, identity) = own_certificate();
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(client).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder.with_single_cert(vec![certificate], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), identity.certificates)
}

fn self_signed() -> TlsAcceptor {
    acceptor(None).0
}

/// What a connection under TLS has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    connections: usize,
    requests: usize,
    goodbyes: usize,
}

/// Answers everything, over connections that are kept.
pub(crate) async fn start_answering(acceptor: TlsAcceptor) -> (SocketAddr, Arc<Mutex<Seen>>, JoinSet<()>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = Arc::clone(&seen);
    let (address, serving) = start(move |socket| {
        let (acceptor, seen) = (acceptor.clone(), Arc::clone(&shared));
        async move {
            let Ok(mut stream) = acceptor.accept(socket).await else { return };
            seen.lock().unwrap().connections += 1;
            let mut request = Vec::new();
            loop {
                match stream.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(error) => {
                        // An end without a goodbye has words of its own.
                        let is_goodbye = !error.to_string().contains("close_notify");
                        seen.lock().unwrap().goodbyes += usize::from(is_goodbye);
                        return;
                    }
                }
                if request.ends_with(b"\r\n\r\n") {
                    request.clear();
                    seen.lock().unwrap().requests += 1;
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await.unwrap();
                    stream.flush().await.unwrap();
                }
            }
        }
    })
    .await;
    (address, seen, serving)
}

async fn play(address: SocketAddr, trust: Trust) -> Tally {
    let mut scenario = Scenario::new(address, 1, 20);
    scenario.scheme = Scheme::Https;
    scenario.trust = trust;
    scenario.play().await
}

#[tokio::test]
async fn a_connection_under_tls_is_kept_and_ends_with_a_goodbye() {
    let (acceptor, pem) = acceptor(None);
    let (address, seen, mut serving) = start_answering(acceptor).await;
    let tally = play(address, Trust { roots: Roots::Own(pem), identity: None }).await;
    assert_eq!((tally.completed, tally.body_bytes, tally.failed()), (20, 100, 0), "{tally:?}");
    while seen.lock().unwrap().goodbyes == 0 {
        assert!(serving.try_join_next().is_none());
        tokio::task::yield_now().await;
    }
    let seen = seen.lock().unwrap();
    assert_eq!((seen.connections, seen.requests, seen.goodbyes), (1, 20, 1));
}

#[tokio::test]
async fn whoever_trusts_anybody_trusts_this_one_too() {
    let (address, _, _serving) = start_answering(self_signed()).await;
    let tally = play(address, Trust { roots: Roots::Anyone, identity: None }).await;
    assert_eq!(tally.completed, 20, "{tally:?}");
}

#[tokio::test]
async fn a_service_that_asks_who_we_are_is_shown_our_certificate() {
    let (own, _, identity) = own_certificate();
    let (acceptor, pem) = acceptor(Some(own));
    let (address, _, _serving) = start_answering(acceptor).await;
    let trust = Trust { roots: Roots::Own(pem), identity: Some(identity) };
    assert_eq!(play(address, trust.clone()).await.completed, 20);
    let nobody = play(address, Trust { identity: None, ..trust }).await;
    assert_eq!((nobody.completed, nobody.errors.get(&ErrorKind::Tls)), (0, Some(&20)), "{nobody:?}");
}

#[tokio::test]
async fn trust_that_cannot_be_read_is_one_error_and_sends_nothing() {
    let (address, seen, _serving) = start_answering(self_signed()).await;
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let tally = play(address, Trust { roots: Roots::Own(pem.into()), identity: None }).await;
        assert_eq!(tally.errors, BTreeMap::from([(ErrorKind::Tls, 1)]), "{tally:?}");
        assert!(tally.first_error.unwrap().starts_with("TLS cannot be set up: "));
    }
    assert_eq!(seen.lock().unwrap().connections, 0);
}

/// Passes bytes on until so many have come from the server, then ends both connections.
async fn start_cutting_after(bytes: usize, server: SocketAddr) -> (SocketAddr, JoinSet<()>) {
    start(move |mut client: TcpStream| async move {
        let Ok(mut server) = TcpStream::connect(server).await else { return };
        let (mut from_server, mut to_server) = server.split();
        let (mut from_client, mut to_client) = client.split();
        let mut limited = (&mut from_server).take(bytes as u64);
        tokio::select! {
            _ = tokio::io::copy(&mut limited, &mut to_client) => {}
            _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        }
    })
    .await
}

#[tokio::test]
async fn tls_that_is_broken_in_the_middle_is_an_error_wherever_it_breaks() {
    let (server, _, _serving) = start_answering(self_signed()).await;
    for bytes in [0, 1, 100, 500, 900, 1300, 1500] {
        let (address, _cutting) = start_cutting_after(bytes, server).await;
        let mut scenario = Scenario::new(address, 1, 40);
        scenario.scheme = Scheme::Https;
        scenario.trust = Trust { roots: Roots::Anyone, identity: None };
        scenario.request_time_max = Duration::from_secs(2);
        let tally = scenario.play().await;
        assert_eq!(tally.sent(), 40, "{bytes}: {tally:?}");
        assert!(tally.failed() + tally.resent > 0, "{bytes}: {tally:?}");
        let known = |kind: &ErrorKind| matches!(kind, ErrorKind::Tls | ErrorKind::Reset);
        assert!(tally.errors.keys().all(known), "{bytes}: {tally:?}");
    }
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
    let (origin, trust, time_max) = (scenario.origin(), Trust::default(), Duration::from_secs(5));
    let question = Question { origin: &origin, endpoint: address.into(), trust: &trust, path: "/", time_max };
    let error = probe(&question, Versions::Only(Protocol::Http1)).await.unwrap_err();
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

#[tokio::test]
async fn a_document_comes_over_tls_from_whom_the_user_trusts() {
    let (acceptor, pem) = acceptor(None);
    let (address, _, _serving) = start_answering(acceptor).await;
    let origin = Scenario { scheme: Scheme::Https, ..Scenario::new(address, 1, 1) }.origin();
    let fetched =
        |trust| async move { drip_drive::fetch(&origin, address, &trust, "/openapi.json", 100).await };
    let own = Trust { roots: Roots::Own(pem), identity: None };
    assert_eq!(fetched.clone()(own).await.unwrap(), b"hello");
    let refused = fetched(Trust::default()).await.unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
}
