//! What each verb does, one file each.

mod demo;
mod diff;
mod doctor;
mod explain;
mod init;
mod notify;
mod report;
mod run;
mod shell;
mod verify;

use std::ffi::OsString;

use crate::args::{Cli, Verb};
use crate::ask::Wrong;
use crate::config::Project;
use crate::{demo_server, exit, output};

/// Does what the arguments say; the exit code.
pub(crate) fn dispatch(cli: Cli, project: Project) -> u8 {
    let done = match cli.verb {
        Verb::Run(args) => run::run(&args, project),
        Verb::Scan(args) => run::scan(&args, project),
        Verb::Demo(args) => demo::demo(&args),
        Verb::Report(args) => report::report(&args),
        Verb::Diff(args) => diff::diff(&args),
        Verb::Notify(args) => notify::notify(&args),
        Verb::Verify(args) => verify::verify(&args),
        Verb::Explain(args) => explain::explain(&args),
        Verb::Doctor(args) => doctor::doctor(&args),
        Verb::Init => init::init(),
        Verb::Completions(args) => shell::completions(&args),
        Verb::Man => shell::man(),
    };
    done.unwrap_or_else(|Wrong(why)| {
        output::say(&format!("drip: {why}"));
        exit::USAGE
    })
}

/// The exit code in the words of who calls: `git bisect run` reads that of `verify`.
pub(crate) fn translated(words: &[OsString], code: u8) -> u8 {
    if words.get(1).is_some_and(|verb| verb == "verify") { exit::for_bisect(code) } else { code }
}

/// Verbs that we call ourselves by; they take no part in help.
pub(crate) fn hidden(words: &[OsString]) -> Option<u8> {
    let (verb, rest) = (words.get(1)?.to_str()?, words.get(2..)?);
    let code = match verb {
        drip_launch::guard::GUARD_VERB => drip_launch::guard::main(rest),
        drip_launch::guard::EXEC_VERB => drip_launch::guard::exec(rest),
        demo_server::VERB => demo_server::main(rest),
        _ => return None,
    };
    Some(u8::try_from(code).unwrap_or(exit::OUR_BUG))
}
