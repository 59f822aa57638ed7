//! `drip doctor`: what can be measured here, of which service, how, and what that costs.

use std::io::{self, Write};

use drip_model::Checkup;
use drip_session::{Job, Trouble, checkup};

use crate::args::DoctorArgs;
use crate::ask::{self, Wrong};
use crate::signals::Interruption;
use crate::verb::run::{code_of, tell};
use crate::{exit, output};

pub(crate) fn doctor(args: &DoctorArgs) -> Result<u8, Wrong> {
    let job = ask::doctor_job(args)?;
    let (found, interruption) = examine(job.as_ref())?;
    if let Some(code) = interruption.code() {
        forget_output(args, job.as_ref());
        return Ok(code);
    }
    match found {
        Ok(checkup) => {
            forget_output(args, job.as_ref());
            print(&checkup, args)?;
            Ok(code(&checkup))
        }
        Err(trouble) => {
            tell(&trouble, job.as_ref());
            Ok(code_of(&trouble))
        }
    }
}

/// A service whose live memory cannot be read is no error, but a script may want to know.
fn code(checkup: &Checkup) -> u8 {
    match &checkup.service {
        Some(service) if service.floor.is_none() || service.stranger.is_some() => exit::UNCLEAR,
        _ => exit::PASS,
    }
}

fn examine(job: Option<&Job>) -> Result<(Result<Checkup, Trouble>, Interruption), Wrong> {
    let interruption = Interruption::default();
    let found = interruption.attend(checkup(job, &interruption.stop))?;
    Ok((found, interruption))
}

/// Nobody reads the log of a service that was only looked at, unless it was asked for.
fn forget_output(args: &DoctorArgs, job: Option<&Job>) {
    if let Some(Job { place: drip_session::Place::Launch(launch), .. }) = job
        && args.service.service_log.is_none()
    {
        // Not there when the service never started.
        let _ = std::fs::remove_file(&launch.log);
    }
}

fn print(checkup: &Checkup, args: &DoctorArgs) -> Result<(), Wrong> {
    if args.format == "json" {
        output::print_text(&format!(
            "{}\n",
            serde_json::to_string_pretty(&drip_report::checkup::json(checkup))?
        ));
        return Ok(());
    }
    let mut out = io::stdout().lock();
    let look = output::look(args.no_color);
    let written = drip_report::text::checkup::write(checkup, &look, &mut out);
    output::unless_hung_up(written.and_then(|()| out.flush()))
}
