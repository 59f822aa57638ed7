//! One HTTP/1.1 connection and the exchanges on it. It never reconnects and never retries.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use drip_model::{Origin, Scheme};
use http::Request;
use http::response::Parts;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::bounds::{BODY_BYTES_MAX, CLOSE_TIME_MAX, HEAD_BYTES_MAX, HEADERS_MAX};
use crate::failure::Failure;
use crate::stream::{Received, Stream, Transport};
use crate::tls::Tls;

/// Where connections go.
pub(crate) struct Dial {
    address: SocketAddr,
    tls: Option<Tls>,
    builder: http1::Builder,
}

impl Dial {
    pub(crate) fn new(origin: &Origin, address: SocketAddr) -> Result<Self, Failure> {
        let tls = match origin.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Tls::new(origin)?),
        };
        let mut builder = http1::Builder::new();
        // One write for head and body: what we send is small, and `writev` costs more than the copy.
        builder.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX).writev(false);
        Ok(Self { address, tls, builder })
    }

    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        let connected = TcpStream::connect(self.address).await;
        let socket = connected.map_err(|error| Failure::of_connect(&error, self.address))?;
        socket.set_nodelay(true).map_err(|error| Failure::of_connect(&error, self.address))?;
        let transport = self.secure(socket).await?;
        let received = Received::default();
        let stream = Stream { transport, received: received.clone() };
        let (sender, driver) = self
            .builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Failure::of_exchange(&error, 0))?;
        Ok(Connection { sender, driver: Driver(Some(Box::new(driver))), received })
    }

    async fn secure(&self, socket: TcpStream) -> Result<Transport, Failure> {
        let Some(Tls { connector, name }) = &self.tls else { return Ok(Transport::Plain(socket)) };
        let shaken = connector.connect(name.clone(), socket).await;
        let stream = shaken.map_err(|error| Failure::of_handshake(&error, self.address))?;
        Ok(Transport::Tls(Box::new(stream)))
    }
}

/// What has come of an answer. It fills while an exchange runs, so that a timeout can tell how far it came.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    pub(crate) head: Option<Parts>,
    pub(crate) body_bytes: u64,
    pub(crate) cut: bool,
}

pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: Driver,
    received: Received,
}

impl Connection {
    /// Whether another request can be sent on it.
    pub(crate) async fn is_open(&mut self) -> bool {
        self.driver.during(self.sender.ready()).await.is_ok()
    }

    /// Sends a request and reads its answer. After an error or a cut body the connection must be dropped.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        answered: &mut Answered,
    ) -> Result<(), Failure> {
        self.received.reset();
        let sent = self.sender.send_request(request);
        let result = self
            .driver
            .during(async {
                let (head, body) = sent.await?.into_parts();
                answered.head = Some(head);
                read(body, answered).await
            })
            .await;
        result.map_err(|error| Failure::of_exchange(&error, self.received.bytes()))
    }

    /// Says goodbye and gives the socket back to the system.
    pub(crate) async fn close(self) {
        let Self { sender, mut driver, .. } = self;
        drop(sender);
        // A peer that does not let us end is left without a goodbye: dropping closes the socket all the same.
        let _ = tokio::time::timeout(CLOSE_TIME_MAX, poll_fn(|cx| driver.poll(cx))).await;
    }
}

async fn read(mut body: Incoming, answered: &mut Answered) -> Result<(), hyper::Error> {
    while let Some(frame) = body.frame().await {
        answered.body_bytes += frame?.data_ref().map_or(0, Bytes::len) as u64;
        if answered.body_bytes > BODY_BYTES_MAX {
            answered.cut = true;
            return Ok(());
        }
    }
    Ok(())
}

type Driving = http1::Connection<TokioIo<Stream>, Full<Bytes>>;

/// The half that moves bytes. It runs inside the task that waits for the answer, so that nothing is detached;
/// `None` once the connection has ended, which closes the socket at once.
struct Driver(Option<Box<Driving>>);

impl Driver {
    /// Runs `work` while the connection moves.
    async fn during<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            // How the connection ended is told to `work`, which is polled again because of it.
            let _ = self.poll(cx);
            work.as_mut().poll(cx)
        })
        .await
    }

    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> Poll<()> {
        let Some(driving) = &mut self.0 else { return Poll::Ready(()) };
        if Pin::new(driving.as_mut()).poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.0 = None;
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    /// A server with a certificate of its own, and a client that trusts it.
    fn tls_pair() -> (TlsAcceptor, Tls) {
        let own = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let certificate: CertificateDer<'static> = own.cert.into();
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        (TlsAcceptor::from(Arc::new(server)), Tls { connector: TlsConnector::from(Arc::new(client)), name })
    }

    /// Answers two requests on one connection, and tells whether the client then said goodbye in TLS.
    async fn answer_twice(listener: TcpListener, acceptor: TlsAcceptor) -> bool {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(socket).await.unwrap();
        for _ in 0..2 {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await.unwrap();
        }
        stream.read(&mut [0]).await.is_ok_and(|bytes| bytes == 0)
    }

    #[tokio::test]
    async fn a_connection_under_tls_is_kept_and_ends_with_a_goodbye() {
        let (acceptor, tls) = tls_pair();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let dial = Dial { address, tls: Some(tls), builder: http1::Builder::new() };
        let client = async {
            let mut connection = dial.connect().await.unwrap();
            for _ in 0..2 {
                assert!(connection.is_open().await);
                let mut answered = Answered::default();
                let request = Request::builder().header("host", "localhost").body(Full::default()).unwrap();
                connection.exchange(request, &mut answered).await.unwrap();
                assert_eq!((answered.head.unwrap().status.as_u16(), answered.body_bytes), (200, 5));
            }
            connection.close().await;
        };
        let ((), said_goodbye) = tokio::join!(client, answer_twice(listener, acceptor));
        assert!(said_goodbye);
    }
}
