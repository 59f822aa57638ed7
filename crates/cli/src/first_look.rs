//! `drip run --spec auto`: a service describes itself only while it runs, so it is started once for that alone, before the
//! run that is planned by what it says.

use drip_plan::{Description, Home};
use drip_session::{Job, Trouble, visit};

use crate::args::Show;
use crate::ask::Wrong;
use crate::progress::Progress;
use crate::signals::Interruption;
use crate::spec;

/// What the service of a job publishes, or why it could not be asked.
pub(crate) fn published(job: &Job, home: &Home, show: &Show) -> Result<Result<Description, Trouble>, Wrong> {
    // Nothing is read of it, so that nothing need be prepared.
    let job = Job { attach: false, preload: false, ..job.clone() };
    let interruption = Interruption::default();
    let progress = Progress::new(show.quiet);
    progress.say("starting it once, to read its description");
    let look = visit(&job, &interruption.stop, async |origin| {
        spec::published(origin, &job.reach, &job.trust, home).await
    });
    let found = interruption.attend(look);
    progress.clear();
    Ok(match found? {
        Ok(found) => Ok(found?),
        Err(trouble) => Err(trouble),
    })
}
