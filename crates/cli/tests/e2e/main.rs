//! Promises of the real binary, kept on real services: what a user types, sees, and finds afterwards.

#![expect(clippy::unwrap_used, reason = "what these functions unwrap is what the tests assert")]

mod action;
mod answers;
mod black_box;
mod book;
mod config;
mod continuous;
mod counts;
mod crash;
mod demo;
mod description;
mod diff;
mod doctor;
mod drip;
mod examples;
mod explain;
mod floors;
mod gate;
mod http2;
mod init;
mod keys;
mod leftovers;
mod notify;
mod npm;
mod output;
mod probes;
mod recycling;
mod request;
mod scan;
mod search;
mod several;
mod shell;
mod start;
mod telemetry;
mod undo;
mod verdict;
mod verify;
mod ways;
