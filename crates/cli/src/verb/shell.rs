//! `drip completions` and `drip man`: made from the same definitions as the help.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::ask::Wrong;
use crate::{exit, output};

pub(crate) fn completions(args: &CompletionsArgs) -> Result<u8, Wrong> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "drip", &mut script);
    output::print_text(&String::from_utf8_lossy(&script));
    Ok(exit::PASS)
}

/// The page of the program, then those of its verbs: `drip man | man -l -` shows them all.
pub(crate) fn man() -> Result<u8, Wrong> {
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut pages)?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let name = format!("drip-{}", verb.get_name());
        clap_mangen::Man::new(verb.clone().name(name)).render(&mut pages)?;
    }
    output::print_text(&String::from_utf8_lossy(&pages));
    Ok(exit::PASS)
}
