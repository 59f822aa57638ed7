//! One connection to the service, plain or under TLS. It never reconnects and never waits.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};

use rustls::ClientConnection;

use crate::failure::Failure;
use crate::load::Endpoint;
use crate::socket::Socket;
use crate::tls::Tls;
use crate::tunnel::Tunnel;

#[derive(Debug)]
pub(crate) struct Line {
    socket: Socket,
    /// The tunnel that TLS goes through, until it stands.
    tunnel: Option<Box<Tunnel>>,
    tls: Option<Box<ClientConnection>>,
    /// An answer has come on it, so that its end may be no more than the end of the service's patience.
    pub(crate) is_proven: bool,
}

impl Line {
    /// Begins to connect.
    pub(crate) fn connect(
        endpoint: &Endpoint,
        tls: Option<&Tls>,
        receive_bytes: Option<usize>,
    ) -> Result<Self, Failure> {
        let socket = Socket::connect(endpoint, receive_bytes)
            .map_err(|error| Failure::of_connect(&error, endpoint))?;
        let tunnel = tls.zip(endpoint.proxy()).map(|(tls, proxy)| tls.tunnel(proxy));
        let tls = tls.map(|tls| tls.begin().map(Box::new)).transpose()?;
        Ok(Self { socket, tunnel: tunnel.map(Box::new), tls, is_proven: false })
    }

    /// The error that connecting has run into.
    pub(crate) fn fault(&self) -> io::Result<()> {
        self.socket.fault()
    }

    pub(crate) const fn is_in_tunnel(&self) -> bool {
        self.tunnel.is_some()
    }

    /// Goes on with the tunnel, if there is one; an error that blocks until it stands.
    fn dig(&mut self) -> io::Result<()> {
        if let Some(tunnel) = &mut self.tunnel {
            if !tunnel.dig(&mut self.socket)? {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.tunnel = None;
        }
        Ok(())
    }

    pub(crate) fn is_shaking_hands(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// Goes on with the handshake; whether it is over. Without TLS there is none.
    pub(crate) fn shake_hands(&mut self) -> io::Result<bool> {
        match self.dig() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            dug => dug?,
        }
        let Some(tls) = &mut self.tls else { return Ok(true) };
        send_records(&mut self.socket, tls)?;
        while tls.is_handshaking() {
            match receive_records(&mut self.socket, tls) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// The poll has told of the socket.
    pub(crate) fn stir(&mut self, ended: bool) {
        self.socket.stir(ended);
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.socket.has_ended()
    }

    /// Reads what has come; nothing is the end of the connection.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.dig()?;
        match &mut self.tls {
            None => self.socket.read(into),
            Some(tls) => read_secured(&mut self.socket, tls, into),
        }
    }

    /// Writes as much as can be taken now.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.dig()?;
        let Some(tls) = &mut self.tls else { return self.socket.write(bytes) };
        send_records(&mut self.socket, tls)?;
        let taken = tls.writer().write(bytes)?;
        send_records(&mut self.socket, tls)?;
        // Its buffer is bounded, and full until the peer reads on.
        if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    /// Sends what TLS has yet to send.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.tunnel.is_some() {
            // Reading goes on with it, and tells how it ends.
            return Ok(());
        }
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => send_records(&mut self.socket, tls),
        }
    }

    /// Tells that we have nothing more to say; what the peer says can still be read.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
        self.flush()?;
        self.socket.finish()
    }

    /// Says goodbye, as far as the peer takes it at once, and gives the socket back to the system.
    pub(crate) fn close(mut self) {
        if let Some(tls) = self.tls.as_mut().filter(|_| self.tunnel.is_none()) {
            tls.send_close_notify();
            // A peer that does not listen any more is left without a goodbye.
            let _ = send_records(&mut self.socket, tls);
        }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn read_secured(socket: &mut Socket, tls: &mut ClientConnection, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match tls.reader().read(into) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => return read,
        }
        receive_records(socket, tls)?;
    }
}

fn receive_records(socket: &mut Socket, tls: &mut ClientConnection) -> io::Result<usize> {
    let length = tls.read_tls(socket)?;
    let processed = tls.process_new_packets();
    // Answers to the handshake; after an error, the alert that tells the peer why, if it can still be told.
    let sent = send_records(socket, tls);
    processed.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    sent?;
    Ok(length)
}

fn send_records(socket: &mut Socket, tls: &mut ClientConnection) -> io::Result<()> {
    while tls.wants_write() {
        match tls.write_tls(socket) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
