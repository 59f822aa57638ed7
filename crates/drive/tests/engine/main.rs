//! The engine against real servers on loopback: one binary, one module for each promise.
#![expect(clippy::unwrap_used, reason = "a test may fail at any line")]

mod conducts;
mod counts;
mod faults;
mod hostile;
mod http2;
mod http2_hostile;
mod http2_server;
mod keep_alive;
mod pace;
mod pairs;
mod probe;
mod proxy;
mod scenario;
mod server;
mod threads;
mod tls;
