//! What the tests run in place of Drip: the hidden verbs, and a holder that starts a service and waits to be
//! killed.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use drip_launch::{Command, guard};

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (verb, rest) = args.split_first().expect("a verb");
    let status = match verb.to_str() {
        Some(guard::GUARD_VERB) => guard::main(rest),
        Some(guard::EXEC_VERB) => guard::exec(rest),
        Some("hold") => hold(rest),
        other => panic!("unknown verb: {other:?}"),
    };
    ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX))
}

/// Starts a service, says the guard's process, and does nothing more. `args` are log, program, arguments.
#[tokio::main(flavor = "current_thread")]
async fn hold(args: &[OsString]) -> i32 {
    let mut words = args.iter().map(|word| word.to_str().expect("plain text").to_owned());
    let (log, program) = (words.next().expect("a log"), words.next().expect("a program"));
    let mut command = Command::new(program, words.collect(), log);
    command.grace = Duration::from_millis(300);
    let service = drip_launch::start(&command).await.expect("it starts");
    #[expect(clippy::print_stdout, reason = "the test reads it")]
    {
        println!("{}", service.guard_pid());
    }
    std::future::pending().await
}
