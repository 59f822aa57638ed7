//! `drip demo`: the main job on two services that come with the binary, by the path that any service takes.

use std::time::Duration;

use drip_model::{Settings, Verdict};
use drip_plan::{Ask, Credentials, vectors};
use drip_session::{Job, Launch, Place, Reach, Run, Trust};

use crate::args::DemoArgs;
use crate::ask::{Wrong, log_of, own_executable, run_id};
use crate::verb::run::{Conducted, conduct, documented};
use crate::{demo_server, exit, output};

/// Short doses: the demo service answers tens of thousands of requests a second.
const DOSE: Duration = Duration::from_millis(400);
const BUDGET: Duration = Duration::from_secs(20);
const READY_TIME_MAX: Duration = Duration::from_secs(10);

pub(crate) fn demo(args: &DemoArgs) -> Result<u8, Wrong> {
    let twins = [("a service that keeps every request's headers", args.copies), ("its fixed twin", 0)];
    let mut runs = Vec::new();
    for (what, copies) in twins {
        output::say(&format!("drip demo: {what}"));
        let job = job(copies)?;
        let Conducted { run, interruption, .. } = conduct(&job, &args.show)?;
        forget_output(&job);
        if let Some(code) = interruption.code() {
            return Ok(code);
        }
        if args.show.format == "text" {
            output::print(&documented(&run), &args.show)?;
        }
        runs.push(run);
    }
    if args.show.format != "text" {
        print_documents(&runs)?;
    }
    Ok(judged(&runs))
}

/// Both in one array: a program reads one value.
fn print_documents(runs: &[Run]) -> Result<(), Wrong> {
    let documents: Vec<_> = runs.iter().map(documented).collect();
    output::print_text(&format!("{}\n", serde_json::to_string_pretty(&documents)?));
    Ok(())
}

/// The leaking one must leak and its twin must be calm; anything else is our bug.
fn judged(runs: &[Run]) -> u8 {
    let verdict = |run: &Run| run.report.worst().map(|outcome| outcome.verdict.clone());
    let expected = match runs {
        [leaking, fixed] => {
            matches!(verdict(leaking), Some(Verdict::Leaking))
                && matches!(verdict(fixed), Some(Verdict::Steady | Verdict::Settling { .. }))
        }
        _ => false,
    };
    for trouble in runs.iter().filter_map(|run| run.trouble.as_ref()) {
        output::say(&format!("drip: {trouble}"));
    }
    let words = if expected { "both verdicts are right" } else { "these verdicts are not the expected ones" };
    output::say(&format!("drip demo: {words}"));
    if expected { exit::PASS } else { exit::OUR_BUG }
}

/// Nobody needs the log of our own service, which says nothing.
fn forget_output(job: &Job) {
    if let Place::Launch(launch) = &job.place {
        // Not there when the service never started.
        let _ = std::fs::remove_file(&launch.log);
    }
}

fn job(copies: usize) -> Result<Job, Wrong> {
    let id = run_id();
    let guard = own_executable()?;
    let program = guard.display().to_string();
    let ask = Ask { paths: vec!["/data".into()], headers: demo_server::headers(), ..Ask::default() };
    Ok(Job {
        place: Place::Launch(Launch {
            command: vec![program, demo_server::VERB.into(), copies.to_string()],
            port: None,
            ready_path: None,
            withheld: Vec::new(),
            ready_time_max: READY_TIME_MAX,
            log: log_of(&id),
            guard,
        }),
        id,
        reach: Reach::default(),
        trust: Trust::default(),
        vectors: vectors(&ask, &Credentials::default())?,
        settings: Settings {
            users: 20,
            threads: 1,
            rate: None,
            budget: BUDGET,
            requests_max: None,
            seed: 1,
            dose: DOSE,
            continuous: false,
            assume_cache: None,
            limit: None,
            rate_expected: 10.0,
            owned_host: None,
        },
        attach: true,
        preload: false,
        runtime: None,
        credentials: false,
        describes: None,
        probes: false,
        load_is_explicit: false,
    })
}
