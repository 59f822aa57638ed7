//! Through a proxy: by the whole URL, or in a tunnel under TLS; and a proxy that does not want to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use drip_drive::{Endpoint, Proxies, Roots, Trust, fetch};
use drip_model::{ErrorKind, Protocol, Scheme};
use h2::server::Builder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::http2;
use crate::http2_server;
use crate::scenario::Scenario;
use crate::server::{Reply, Server, answer};
use crate::tls::start_answering;

/// The proxy at an address, as a user would name it.
fn proxied(address: SocketAddr, scenario: &mut Scenario) {
    let named = format!("http://me:hunter2@{address}");
    let proxies = Proxies::of_environment(|name| (name == "ALL_PROXY").then(|| named.clone())).unwrap();
    scenario.endpoint = Endpoint::Proxy(proxies.to(&scenario.origin()).unwrap().at(address));
}

/// Makes tunnels to a server, or answers CONNECT so; the heads of what it was asked.
async fn start(
    server: SocketAddr,
    answer: &'static str,
) -> (SocketAddr, Arc<Mutex<Vec<String>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let (mut serving, seen) = (JoinSet::new(), Arc::clone(&heads));
    serving.spawn(async move {
        let mut tunnels = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tunnels.spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = client.read_u8().await else { return };
                    head.push(byte);
                }
                seen.lock().unwrap().push(String::from_utf8(head).unwrap());
                let _ = client.write_all(answer.as_bytes()).await;
                let Ok(mut server) = TcpStream::connect(server).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, heads, serving)
}

const STANDS: &str = "HTTP/1.1 200 Connection established\r\nVia: toy\r\n\r\n";

#[tokio::test]
async fn without_tls_the_proxy_is_told_the_whole_url() {
    let proxy = Server::start(|_| Reply::ok()).await;
    let mut scenario = Scenario::new(([192, 0, 2, 1], 8080).into(), 2, 20);
    proxied(proxy.address, &mut scenario);
    let tally = scenario.play().await;
    assert_eq!(tally.completed, 20, "{tally:?}");
    for request in proxy.seen() {
        assert!(request.starts_with("GET http://192.0.2.1:8080/ HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nproxy-authorization: Basic bWU6aHVudGVyMg==\r\n"), "{request}");
        assert!(request.contains("\r\nhost: 192.0.2.1:8080\r\n"), "{request}");
    }
    assert_eq!(proxy.connections_when_all_ended().await, 2);
}

#[tokio::test]
async fn a_document_comes_the_same_way() {
    let proxy = Server::start(|_| Reply::SendAndClose(answer("200 OK", ""))).await;
    let mut scenario = Scenario::new(([192, 0, 2, 1], 8080).into(), 1, 1);
    proxied(proxy.address, &mut scenario);
    let fetched =
        fetch(&scenario.origin(), scenario.endpoint.clone(), &scenario.trust, "/openapi.json", 100).await;
    assert_eq!(fetched.unwrap(), b"ok");
    assert!(proxy.seen()[0].starts_with("GET http://192.0.2.1:8080/openapi.json HTTP/1.0\r\n"));
}

#[tokio::test]
async fn under_tls_it_makes_a_tunnel_and_sees_nothing() {
    let (acceptor, pem) = crate::tls::acceptor(None);
    let (server, _, _answering) = start_answering(acceptor).await;
    let (address, heads, _serving) = start(server, STANDS).await;
    let mut scenario = Scenario::new(server, 1, 40);
    scenario.scheme = Scheme::Https;
    scenario.trust = Trust { roots: Roots::Own(pem), identity: None };
    proxied(address, &mut scenario);
    let tally = scenario.play().await;
    assert_eq!((tally.completed, tally.failed()), (40, 0), "{tally:?}");
    let heads = heads.lock().unwrap();
    let expected = format!(
        "CONNECT {server} HTTP/1.1\r\nHost: {server}\r\nProxy-Authorization: Basic bWU6aHVudGVyMg==\r\n\r\n"
    );
    assert_eq!(*heads, [expected]);
}

#[tokio::test]
async fn http_2_goes_through_the_tunnel_too() {
    let (tls, trust) = http2::tls_that_speaks(&[b"h2"]);
    let server = http2_server::Server::with(Builder::new(), Some(tls), |_| http2_server::Reply::ok()).await;
    let (address, heads, _serving) = start(server.address, STANDS).await;
    let mut scenario = http2::scenario(server.address, 12, 100);
    (scenario.scheme, scenario.trust) = (Scheme::Https, trust);
    proxied(address, &mut scenario);
    let tally = scenario.play().await;
    assert_eq!((tally.completed, tally.failed()), (100, 0), "{tally:?}");
    assert_eq!(heads.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_proxy_that_does_not_want_to_is_named_with_its_answer() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (answer, words) in [
        ("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno", "answered CONNECT with status 407"),
        ("SSH-2.0-OpenSSH\r\n", "answered CONNECT badly"),
        ("", "the proxy"),
    ] {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let (address, _, _serving) = start(nobody, answer).await;
            let mut scenario = Scenario::new(([192, 0, 2, 1], 443).into(), 1, 2);
            (scenario.scheme, scenario.protocol) = (Scheme::Https, protocol);
            scenario.trust = Trust { roots: Roots::Anyone, identity: None };
            proxied(address, &mut scenario);
            let tally = scenario.play().await;
            let error = tally.first_error.unwrap();
            assert_eq!(tally.errors, [(ErrorKind::Refused, 2)].into(), "{answer:?}: {error}");
            assert!(error.contains(words) && !error.contains("hunter2"), "{answer:?}: {error}");
        }
    }
}
