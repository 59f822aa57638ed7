//! A tunnel through a proxy: `CONNECT`, and the proxy's answer to it. What follows belongs to the origin.

use std::io::{self, ErrorKind, Read, Write};

use crate::answer::{Progress, Reader};

#[derive(Debug)]
pub(crate) struct Tunnel {
    request: Vec<u8>,
    sent: usize,
    answer: Reader,
}

impl Tunnel {
    pub(crate) fn new(request: Vec<u8>) -> Self {
        let mut answer = Reader::default();
        // An answer to CONNECT has no body if it is a good one (RFC 9112, section 6.3); of another, the head will do.
        answer.begin(true);
        Self { request, sent: 0, answer }
    }

    /// Goes on; whether the tunnel stands.
    pub(crate) fn dig(&mut self, proxy: &mut (impl Read + Write)) -> io::Result<bool> {
        while self.sent < self.request.len() {
            match proxy.write(&self.request[self.sent..]) {
                Ok(taken) => self.sent += taken,
                // Not connected yet is not writable yet.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        // The origin speaks only after us, so that the proxy's answer is all that can be there.
        let mut bytes = [0; 1024];
        loop {
            let length = match proxy.read(&mut bytes) {
                Ok(0) => return Err(refused("closed the connection on CONNECT")),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
            match self.answer.feed(&bytes[..length]) {
                Ok(Progress::More) => {}
                Ok(Progress::Whole(used)) => return self.stands(used < length),
                Err(malformed) => return Err(refused(&format!("answered CONNECT badly: {malformed}"))),
            }
        }
    }

    fn stands(&self, is_followed: bool) -> io::Result<bool> {
        match self.answer.head().map(|head| head.status) {
            Some(200..=299) if !is_followed => Ok(true),
            Some(200..=299) => Err(refused("said more than its answer to CONNECT")),
            status => Err(refused(&format!("answered CONNECT with status {}", status.unwrap_or_default()))),
        }
    }
}

/// A proxy that does not go on is a connection that was refused, whoever refused it.
fn refused(what: &str) -> io::Error {
    io::Error::new(ErrorKind::ConnectionRefused, format!("the proxy {what}"))
}
