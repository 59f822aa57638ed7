//! HTTP/2: frames, header compression and flow control are the `h2` crate's; when anything of it happens is ours.
//!
//! Nothing here waits, wakes or spawns: the loop polls a connection when its socket is ready or has something to send,
//! and then every stream on it. There are few of them, so that looking at each costs less than keeping account of who
//! is to be woken.

mod letter;
mod stream;
mod trunk;
mod wire;

pub(crate) use self::letter::{Letter, Letters};
pub(crate) use self::stream::{Heard, Stream};
pub(crate) use self::trunk::{News, Trunk};
