//! `drip doctor` for a person: the service first, since that is what was asked; then the machine and what is known.

use std::io;

use drip_model::{Checkup, KnownFloor, LimitSeen, Machine, ProcessSeen, ServiceSeen, Unit};

use super::page::{DIM, GOOD, OPEN, Page, STRONG};
use crate::{Look, quantity};

/// Writes the whole checkup.
pub fn write(checkup: &Checkup, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    if let Some(seen) = &checkup.service {
        service(seen, &mut page)?;
        page.blank()?;
    }
    machine(&checkup.machine, &mut page)?;
    if checkup.service.is_some() {
        return Ok(());
    }
    page.blank()?;
    page.paragraph(STRONG, 0, "How live memory is read, by runtime")?;
    checkup.floors.iter().try_for_each(|floor| known(floor, &mut page))
}

fn service(seen: &ServiceSeen, page: &mut Page<'_>) -> io::Result<()> {
    match (&seen.floor, seen.signal) {
        _ if seen.stranger.is_some() => {
            page.titled(OPEN, "NOT THE SERVICE", "  a run would judge nothing")?
        }
        (Some(floor), _) => {
            page.titled(GOOD, "READY", &format!("  live memory is read by {}", floor.name))?
        }
        (None, Some(signal)) => page.titled(OPEN, "LESS CERTAIN", &format!("  {signal} will be judged"))?,
        (None, None) => page.titled(OPEN, "NOT SEEN", "  no memory of this service can be read")?,
    }
    page.entry("Target", &seen.url)?;
    if let Some(why) = &seen.stranger {
        page.entry("Doubt", why)?;
    }
    seen.processes.iter().try_for_each(|seen| page.entry("Process", &process(seen)))?;
    if let Some(floor) = &seen.floor {
        page.entry("How", &floor.how)?;
        floor.passed_over.iter().try_for_each(|reason| page.entry("Passed over", reason))?;
    }
    if let Some(reason) = &seen.refused {
        page.entry(if seen.floor.is_some() { "Doubt" } else { "Because" }, reason)?;
    }
    if let Some((signal, value)) = seen.signal.zip(seen.value) {
        page.entry("Now", &format!("{} of {signal}", quantity::bytes(value as f64)))?;
    }
    if let Some(longest) = seen.longest_reading {
        page.entry("Cost", &format!("readings of up to {}", quantity::milliseconds(longest.as_secs_f64())))?;
    }
    page.entry("At rest", &at_rest(seen))?;
    seen.limits.iter().try_for_each(|seen| page.entry("Limit", &limit(seen)))
}

fn process(seen: &ProcessSeen) -> String {
    let listens = if seen.listens { ", owns the socket" } else { "" };
    format!("{} {} ({}){listens}", seen.pid, seen.name, seen.runtime)
}

/// `heap used 6.1 MB; descriptors 22; …`; counts of nothing are left out.
fn at_rest(seen: &ServiceSeen) -> String {
    let last = seen.gauges.iter().filter_map(|gauge| Some((gauge, gauge.points.last()?.value)));
    let words = last.filter(|(_, value)| *value > 0).map(|(gauge, value)| match gauge.unit {
        Unit::Bytes => format!("{} {}", gauge.name, quantity::bytes(value as f64)),
        Unit::Count => format!("{} {}", gauge.name, quantity::count(value)),
    });
    words.collect::<Vec<_>>().join("; ")
}

fn limit(seen: &LimitSeen) -> String {
    format!(
        "{} ({}), of which {} is used",
        quantity::limit(seen.bytes),
        seen.what,
        quantity::bytes(seen.used as f64)
    )
}

fn machine(machine: &Machine, page: &mut Page<'_>) -> io::Result<()> {
    page.paragraph(STRONG, 0, "This machine")?;
    if let Some((total, available)) = machine.memory_total.zip(machine.memory_available) {
        let memory =
            format!("{}, of which {} could be had", quantity::limit(total), quantity::limit(available));
        page.entry("Memory", &memory)?;
    }
    if let Some((bytes, what)) = &machine.container_limit {
        page.entry("Limit", &format!("{} ({what})", quantity::limit(*bytes)))?;
    }
    let shares = match machine.shares_are_told {
        true => "memory shared by forked workers counts once",
        false => {
            "memory shared by forked workers counts in each: this kernel does not tell proportional shares"
        }
    };
    page.entry("Shares", shares)
}

fn known(floor: &KnownFloor, page: &mut Page<'_>) -> io::Result<()> {
    let program = floor.program.as_ref().map_or_else(|| "not in PATH".to_owned(), Clone::clone);
    page.entry(&floor.runtime.to_string(), &format!("{}: {} ({program})", floor.name, floor.how))?;
    page.entry_in(DIM, "", &format!("cost: {}", floor.cost))
}
