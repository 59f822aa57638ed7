//! `cargo xtask bench floor [NAME…]`: healthy and leaking services of every runtime, and what their floors showed
//! beside the services' own counts and beside anonymous memory; then what attaching cost them.
//!
//! A name is that of a service, or its beginning. With names, the table is only printed: a dated one is whole.

mod cost;
mod growth;
mod run;
mod service;
pub(super) mod toolchain;

use std::fmt::Write as _;

use self::run::Runner;
use self::service::{SERVICES, Service};
use self::toolchain::{Folders, VERSIONED};
use crate::bench::{build, keep};
use crate::failure::Failure;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, names: &[String]) -> Result<(), Failure> {
    let chosen = chosen(names)?;
    let runner = Runner { drip: build(workspace)?, folders: Folders::of(workspace) };
    let table = table(&runner, &chosen);
    print!("{table}");
    if names.is_empty() { keep(workspace, "floor", &table) } else { Ok(()) }
}

fn chosen(names: &[String]) -> Result<Vec<&'static Service>, Failure> {
    let begins = |name: &String| SERVICES.iter().any(|service| service.name.starts_with(name.as_str()));
    if let Some(unknown) = names.iter().find(|name| !begins(name)) {
        let known: Vec<_> = SERVICES.iter().map(|service| service.name).collect();
        return Err(Failure::Usage(format!(
            "no service begins with {unknown}; there are {}",
            known.join(", ")
        )));
    }
    let named =
        |service: &&Service| names.is_empty() || names.iter().any(|name| service.name.starts_with(name));
    Ok(SERVICES.iter().filter(named).collect())
}

/// Everything that could be measured; what could not is named with its reason.
fn table(runner: &Runner, chosen: &[&'static Service]) -> String {
    let mut left_out = Vec::new();
    let ready = ready(runner, chosen, &mut left_out);
    let rows = each("growth", &ready, &mut left_out, |service| growth::measure(runner, service));
    let shown: Vec<_> = ready.into_iter().filter(|service| service.shows_cost).collect();
    let costs = each("cost", &shown, &mut left_out, |service| cost::measure(runner, service));
    let mut text = String::from(
        "# Floors, beside what the services count themselves\n\nRepeat: `cargo xtask bench floor`. Times are of this machine on this day; compare within a table only.\n",
    );
    text.push_str(&growth::tables(&rows));
    text.push_str(&cost::table(&costs));
    text.push_str(&versions());
    text + &skipped(&left_out)
}

/// The services that can be run here.
fn ready(runner: &Runner, chosen: &[&'static Service], left_out: &mut Vec<String>) -> Vec<&'static Service> {
    let mut ready = Vec::new();
    let mut tried: Vec<(&toolchain::Toolchain, Result<(), String>)> = Vec::new();
    for service in chosen {
        let toolchain = service.toolchain;
        if !tried.iter().any(|(known, _)| std::ptr::eq(*known, toolchain)) {
            tried.push((toolchain, toolchain.prepare(&runner.folders)));
        }
        let outcome = tried.iter().find(|(known, _)| std::ptr::eq(*known, toolchain));
        match outcome.map(|(_, outcome)| outcome) {
            Some(Err(reason)) => leave_out(service, reason, left_out),
            _ => ready.push(*service),
        }
    }
    ready
}

/// Measures one service after the other, and goes on when one of them fails.
fn each<T>(
    what: &str,
    services: &[&'static Service],
    left_out: &mut Vec<String>,
    measure: impl Fn(&'static Service) -> Result<T, String>,
) -> Vec<T> {
    let mut measured = Vec::new();
    for (number, service) in services.iter().enumerate() {
        eprintln!("xtask: {what} {} of {}: {}", number + 1, services.len(), service.name);
        match measure(service) {
            Ok(one) => measured.push(one),
            Err(reason) => leave_out(service, &reason, left_out),
        }
    }
    measured
}

fn leave_out(service: &Service, reason: &str, left_out: &mut Vec<String>) {
    eprintln!("xtask: {} is left out: {reason}", service.name);
    left_out.push(format!("{}: {reason}", service.name));
}

fn versions() -> String {
    let mut text = String::from("\n## Versions really run\n\n| runtime | version |\n|---|---|\n");
    for toolchain in VERSIONED {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | {} |", toolchain.folder, toolchain.version());
    }
    text
}

fn skipped(left_out: &[String]) -> String {
    if left_out.is_empty() {
        return "\nNothing was left out.\n".to_owned();
    }
    format!("\n## Left out\n\n- {}\n", left_out.join("\n- "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_chooses_what_begins_with_it() {
        let names = |names: &[&str]| {
            chosen(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
                .map(|chosen| chosen.len())
        };
        assert_eq!(names(&[]).unwrap(), SERVICES.len());
        assert_eq!(names(&["node-lru"]).unwrap(), 1);
        assert!(names(&["ruby", "go-ring"]).unwrap() > 2);
        assert!(names(&["cobol"]).is_err());
    }
}
