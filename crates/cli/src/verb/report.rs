//! `drip report`: a saved document, rendered as a live one is.

use crate::args::ReportArgs;
use crate::ask::Wrong;
use crate::gate::{Gate, rule};
use crate::notify::Notify;
use crate::output::{self, Destination};
use crate::signals::Interruption;
use crate::{exit, saved};

pub(crate) fn report(args: &ReportArgs) -> Result<u8, Wrong> {
    let notify = Notify::open(&args.channels.notify, &args.channels.file)?;
    let mut document = saved::document(&args.file)?;
    let interruption = Interruption::default();
    let told = notify.tell_of(&document, &rule(&Gate::default(), &document), &interruption);
    document.notifications.extend(told);
    output::print(&document, &args.show)?;
    output::save(&document, &Destination::all(None, &args.files.reports))?;
    Ok(interruption.code().unwrap_or(exit::PASS))
}
