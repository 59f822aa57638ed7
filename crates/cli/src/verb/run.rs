//! `drip run` and `drip scan`: a job, its report, the gate.

use drip_plan::Skipped;
use drip_report::diff::Difference;
use drip_report::text::printable;
use drip_report::{Document, Environment, by_reason, document};
use drip_session::{Event, Job, Place, Run, Trouble, never_began};

use crate::args::{Common, NEW, RunArgs, ScanArgs, Show};
use crate::ask::{self, Planned, Wrong};
use crate::baseline::{self, Baseline};
use crate::config::Project;
use crate::gate::{Gate, Ruling, rule};
use crate::notify::Notify;
use crate::output::{self, Destination};
use crate::progress::Progress;
use crate::requests::not_tested;
use crate::signals::Interruption;
use crate::suppress;
use crate::{exit, replay};

pub(crate) fn run(args: &RunArgs, project: Project) -> Result<u8, Wrong> {
    let planned = ask::run_job(args)?;
    tell_skipped(&planned, &args.common.show);
    test(planned, &args.common, project)
}

pub(crate) fn scan(args: &ScanArgs, project: Project) -> Result<u8, Wrong> {
    let planned = ask::scan_job(args)?;
    tell_skipped(&planned, &args.common.show);
    let place = planned.job.place.clone();
    let code = test(planned, &args.common, project)?;
    if args.memory.is_none() && !args.common.show.quiet && code != exit::NOTHING_MEASURED {
        hint_at_memory(&place);
    }
    Ok(code)
}

/// What is not tested, by its reason.
fn tell_skipped(planned: &Planned, show: &Show) {
    if planned.skipped.is_empty() || show.quiet {
        return;
    }
    output::say(&format!("drip: {} vectors; not tested, and why:", planned.job.vectors.len()));
    for line in by_reason(&not_tested(&planned.skipped)) {
        output::say(&format!("  {}", printable(&line)));
    }
}

/// Tests, rules, tells, prints, saves.
fn test(planned: Planned, common: &Common, project: Project) -> Result<u8, Wrong> {
    let job = &planned.job;
    let destinations = Destination::all(common.output.as_deref(), &common.files.reports);
    destinations.iter().try_for_each(Destination::try_out)?;
    let notify = Notify::of_run(&common.notify)?;
    let mut gate = ask::gate(&common.gate)?;
    let baseline = common.gate.baseline.as_deref().map(Baseline::load).transpose()?;
    let Conducted { run, interruption, unasked } = match planned.trouble {
        Some(trouble) => {
            let (interruption, unasked) = (Interruption::default(), Vec::new());
            Conducted { run: never_began(job, trouble), interruption, unasked }
        }
        None => conduct(job, &common.show)?,
    };
    let mut document = documented(&run);
    document.replay = project.replay.map(|replay| replay::seeded(replay, job.settings.seed));
    if !common.show.quiet {
        unasked.iter().for_each(|Skipped { what, why }| output::say(&format!("drip: {what}: {why}")));
    }
    document.not_tested = not_tested(&[planned.skipped, unasked].concat());
    suppress::mark(&project.suppressions, &mut document);
    suppress::excuse(&mut gate, &document);
    if let Some(trouble) = &run.trouble {
        tell(trouble, Some(job));
    }
    let difference = baseline.as_ref().and_then(|baseline| baseline.compared(&document));
    let ruling = ruling(&run, &mut gate, &document, difference.as_ref());
    // Before the result goes anywhere, so that it says who was told.
    document.notifications = notify.tell_of(&document, &ruling, &interruption);
    if !document.vectors.is_empty() || common.show.format != "text" {
        output::print(&document, &common.show)?;
    }
    // After it was shown: whatever becomes of the files, the result is not lost.
    output::save(&document, &destinations)?;
    if let Some(baseline) = baseline {
        baseline::tell(difference.as_ref());
        baseline.keep(&document)?;
    }
    Ok(interruption.code().unwrap_or_else(|| because(&ruling, &run)))
}

/// Trouble rules before the gate does.
fn ruling(run: &Run, gate: &mut Gate, document: &Document, difference: Option<&Difference>) -> Ruling {
    if let Some(trouble) = &run.trouble {
        return Ruling { code: code_of(trouble), because: Some(trouble.to_string()) };
    }
    if let Some(difference) = difference.filter(|_| gate.fail_on.iter().any(|name| name == NEW)) {
        baseline::narrow(gate, difference);
    }
    rule(gate, document)
}

/// The code; says why it is not a pass, unless it is trouble, which was told.
fn because(ruling: &Ruling, run: &Run) -> u8 {
    if let (Some(because), None) = (&ruling.because, &run.trouble) {
        output::say(&format!("drip: exit code {}: {because}", ruling.code));
    }
    ruling.code
}

/// What came of a job.
pub(crate) struct Conducted {
    pub(crate) run: Run,
    pub(crate) interruption: Interruption,
    /// What the service has besides, as it says itself.
    pub(crate) unasked: Vec<Skipped>,
}

/// Runs a job with progress and signals.
pub(crate) fn conduct(job: &Job, show: &Show) -> Result<Conducted, Wrong> {
    let interruption = Interruption::default();
    let mut progress = Progress::new(show.quiet);
    let mut unasked = Vec::new();
    let mut on_event = |event| {
        unasked.extend(described(&event));
        progress.show(event);
    };
    let run = interruption.attend(drip_session::run(job, &interruption.stop, &mut on_event));
    progress.clear();
    Ok(Conducted { run: run?, interruption, unasked })
}

/// Endpoints that nobody asked for.
fn described(event: &Event) -> Option<Skipped> {
    let Event::Described { path, endpoints } = event else { return None };
    let what = format!("{endpoints} endpoint{} of {path}", if *endpoints == 1 { "" } else { "s" });
    Some(Skipped::new(what, "the service itself describes more than was asked for; --spec auto asks it"))
}

/// The document of a run.
pub(crate) fn documented(run: &Run) -> Document {
    document(&run.report, drip_catalog::SCORING, Environment::here())
}

pub(crate) fn tell(trouble: &Trouble, job: Option<&Job>) {
    output::say(&format!("drip: {trouble}"));
    if let Some(Job { place: Place::Launch(launch), .. }) = job {
        let output = trouble.output();
        for line in output {
            output::say(&format!("  | {}", printable(line)));
        }
        if !output.is_empty() {
            output::say(&format!("  (the service's whole output: {})", launch.log.display()));
        }
    }
}

pub(crate) const fn code_of(trouble: &Trouble) -> u8 {
    match trouble {
        Trouble::Launch(_)
        | Trouble::PortTaken { .. }
        | Trouble::SocketTaken { .. }
        | Trouble::SeveralPorts { .. }
        | Trouble::NoSuchProcess(_) => exit::USAGE,
        Trouble::Ended { .. }
        | Trouble::NeverAnswered { .. }
        | Trouble::UnknownHost { .. }
        | Trouble::Unreachable { .. } => exit::NOTHING_MEASURED,
        Trouble::Refused(_) => exit::REFUSED,
        Trouble::Interrupted => exit::INTERRUPTED,
    }
}

/// Who scans their own machine without a memory source may not know that there is one.
fn hint_at_memory(place: &Place) {
    let Place::Running { origin, .. } = place else { return };
    let local = ["127.0.0.1", "localhost", "::1"].contains(&origin.host.as_str());
    if let Some((pid, name)) = local.then(|| drip_proc::listener_owner(origin.port)).flatten() {
        output::say(&format!(
            "drip: process {pid} ({name}) listens there; add --memory pid:{pid} to read its memory"
        ));
    }
}
