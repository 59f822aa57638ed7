//! Clients that send the head of a request so slowly that it never ends: whoever holds them all has no limit on it.

use std::time::{Duration, Instant};

use drip_drive::{Endpoint, Stream, connect};
use drip_model::{Scheme, Weakness};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::sleep;

use super::Prober;

const CLIENTS: usize = 8;
/// Longer than the usual limits: nginx and Node.js allow 60 seconds for a head, and Node.js looks every 30.
const HELD: Duration = Duration::from_secs(100);
/// A limit on idle time alone is not enough: something comes all the time.
const STEP: Duration = Duration::from_secs(2);
const WORDS: &[u8] = b"X-Drip: slow\r\n";

impl Prober<'_> {
    pub(super) async fn slow_clients(&mut self) -> Option<Weakness> {
        if self.subject.origin.scheme == Scheme::Https || matches!(self.subject.endpoint, Endpoint::Proxy(_))
        {
            return None;
        }
        self.tell("slow clients");
        let head = format!("GET / HTTP/1.1\r\nHost: {}\r\n", self.subject.origin.authority());
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let mut client = connect(&self.subject.endpoint).await.ok()?;
            client.write_all(head.as_bytes()).await.ok()?;
            clients.push(client);
        }
        self.hold(clients).await
    }

    /// Holds them until one is let go, or long enough.
    async fn hold(&self, mut clients: Vec<Box<dyn Stream>>) -> Option<Weakness> {
        let began = Instant::now();
        while began.elapsed() < HELD {
            tokio::select! { () = sleep(STEP) => (), () = self.halt.token().cancelled() => return None }
            for client in &mut clients {
                if client.write_all(WORDS).await.is_err() || was_told(client).await {
                    return None;
                }
            }
        }
        (!self.is_over()).then_some(Weakness::HoldsSlowClients { clients: CLIENTS, seconds: HELD.as_secs() })
    }
}

/// Whether the service has hung up, or answered a request that is not there yet.
async fn was_told(client: &mut Box<dyn Stream>) -> bool {
    let mut byte = [0];
    tokio::select! {
        biased;
        _ = client.read(&mut byte) => true,
        () = std::future::ready(()) => false,
    }
}
