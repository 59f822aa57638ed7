//! The binary: arguments in, exit code out. The only place that reads argv and the environment, prints and exits.

mod args;
mod ask;
mod baseline;
mod config;
mod demo_server;
mod exit;
mod first_look;
mod gate;
mod notify;
mod output;
mod progress;
mod replay;
mod requests;
mod saved;
mod signals;
mod spec;
mod suppress;
mod verb;

use std::panic::catch_unwind;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(code) = verb::hidden(&words) {
        return ExitCode::from(code);
    }
    // A panic unwinds to here: the pipe to the guard closes on the way, so the service is stopped.
    let code = catch_unwind(|| match config::parse(&words) {
        Ok((cli, project)) => verb::dispatch(cli, project),
        Err(code) => code,
    })
    .unwrap_or_else(|_| exit::our_bug());
    ExitCode::from(verb::translated(&words, code))
}
