//! `drip notify`: shows whether messages arrive, before a failed build has to.

use drip_notify::Notice;
use jiff::Timestamp;

use crate::args::NotifyTestArgs;
use crate::ask::Wrong;
use crate::notify::Notify;
use crate::signals::Interruption;
use crate::{exit, output};

pub(crate) fn notify(args: &NotifyTestArgs) -> Result<u8, Wrong> {
    let notify = Notify::open(&args.test, &args.file)?;
    let interruption = Interruption::default();
    let told = notify.tell(Notice::test(Timestamp::now(), env!("CARGO_PKG_VERSION")), &interruption);
    for notification in told.iter().filter(|notification| notification.delivered) {
        output::say(&format!("drip: {} took the message", notification.channel));
    }
    let all = told.iter().all(|notification| notification.delivered);
    Ok(interruption.code().unwrap_or(if all { exit::PASS } else { exit::GATE_FAILED }))
}
