//! A socket that never blocks, and whether anything is left in it to be read. It knows neither TLS nor HTTP.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::sockopt::{set_socket_recv_buffer_size, set_tcp_nodelay, socket_error};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, shutdown, socket_with,
};

use crate::load::Endpoint;
use crate::proxy::Proxy;

#[derive(Debug)]
pub(crate) struct Socket {
    descriptor: OwnedFd,
    /// Nothing is left to be read, until the poll tells of more.
    drained: bool,
    /// The peer has ended its direction, or the connection is broken; what came before can still be read.
    ended: bool,
}

impl Socket {
    /// Begins to connect. Whether it succeeded is told by [`Socket::fault`] once the socket can be written to.
    /// With `receive_bytes` the system keeps about so much that is not read, instead of as much as it likes.
    pub(crate) fn connect(endpoint: &Endpoint, receive_bytes: Option<usize>) -> io::Result<Self> {
        let family = match endpoint {
            Endpoint::Unix(_) => AddressFamily::UNIX,
            Endpoint::Tcp(address) | Endpoint::Proxy(Proxy { address, .. }) => {
                if address.is_ipv4() {
                    AddressFamily::INET
                } else {
                    AddressFamily::INET6
                }
            }
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let descriptor = socket_with(family, SocketType::STREAM, flags, None)?;
        if let Some(bytes) = receive_bytes {
            set_socket_recv_buffer_size(&descriptor, bytes)?;
        }
        let begun = match endpoint {
            Endpoint::Tcp(address) | Endpoint::Proxy(Proxy { address, .. }) => {
                // The last piece of a long request must not wait for an acknowledgement of the others.
                set_tcp_nodelay(&descriptor, true)?;
                connect(&descriptor, address)
            }
            Endpoint::Unix(path) => connect(&descriptor, &SocketAddrUnix::new(path)?),
        };
        match begun {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {
                Ok(Self { descriptor, drained: false, ended: false })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The error that the connection has run into.
    pub(crate) fn fault(&self) -> io::Result<()> {
        Ok(socket_error(&self.descriptor)??)
    }

    /// The poll has told of something to read.
    pub(crate) const fn stir(&mut self, ended: bool) {
        self.drained = false;
        self.ended |= ended;
    }

    /// Ends our direction.
    pub(crate) fn finish(&self) -> io::Result<()> {
        Ok(shutdown(&self.descriptor, Shutdown::Write)?)
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.ended
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Read for Socket {
    /// A read that is not filled has emptied the socket: the poll is edge-triggered and tells when more comes, so that
    /// no read is spent on learning that there is nothing. Only the end of a connection has to be read to be known.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.drained {
            return Err(ErrorKind::WouldBlock.into());
        }
        let (length, _) = recv(&self.descriptor, &mut *into, RecvFlags::empty())?;
        self.drained = length < into.len() && !self.ended;
        Ok(length)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(&self.descriptor, bytes, SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
