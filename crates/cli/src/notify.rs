//! Who is told of a result. Told or not, the exit code is the gate's: a channel that is dead is said, no more.

use std::path::Path;
use std::sync::Arc;

use drip_notify::{ATTEMPTS_MAX, CHANNELS, Delivery, Need, Notice, Outlet, State, deliver};
use drip_report::Document;
use drip_report::document::Notification;
use toml::Table;

use crate::args::{NotifyArgs, NotifyFile, NotifyOn};
use crate::ask::Wrong;
use crate::gate::Ruling;
use crate::signals::Interruption;
use crate::{config, exit, output, requests};

/// A larger one is no list of addresses and keys.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Channels that can be reached.
pub(crate) struct Notify {
    channels: Vec<(&'static str, Arc<dyn Outlet>)>,
    on: NotifyOn,
}

impl Notify {
    /// Those of a run.
    pub(crate) fn of_run(args: &NotifyArgs) -> Result<Self, Wrong> {
        Ok(Self { on: args.notify_on, ..Self::open(&args.channels.notify, &args.channels.file)? })
    }

    /// Those that are named, told whatever the result is.
    pub(crate) fn open(named: &[String], file: &NotifyFile) -> Result<Self, Wrong> {
        let file = file.notify_file.as_deref().map(table).transpose()?.unwrap_or_default();
        let given = |need: &Need| {
            let of_file = || file.get(need.key).and_then(|value| value.as_str()).map(str::to_owned);
            std::env::var(need.variable).ok().or_else(of_file)
        };
        let mut channels: Vec<(&'static str, Arc<dyn Outlet>)> = Vec::new();
        for channel in CHANNELS.iter().filter(|channel| named.iter().any(|name| name == channel.name())) {
            let outlet = channel.open(&given).map_err(|why| Wrong(format!("--notify: {why}")))?;
            channels.push((channel.name(), outlet.into()));
        }
        Ok(Self { channels, on: NotifyOn::Always })
    }

    /// Tells of a result where that is wanted; who was told.
    pub(crate) fn tell_of(
        &self,
        document: &Document,
        ruling: &Ruling,
        interruption: &Interruption,
    ) -> Vec<Notification> {
        let passed = ruling.code == exit::PASS;
        // Who interrupts a run knows it.
        if interruption.code().is_some() || (passed && self.on == NotifyOn::Failure) {
            return Vec::new();
        }
        let state = if passed { State::Passed } else { State::Failed };
        self.tell(Notice::of(document, state, ruling.because.clone()), interruption)
    }

    /// Tells all channels at once; who was told. What failed is said.
    pub(crate) fn tell(&self, notice: Notice, interruption: &Interruption) -> Vec<Notification> {
        let deliveries = self.deliveries(&Arc::new(notice), interruption);
        let told = self.channels.iter().zip(deliveries).map(|((name, outlet), delivery)| {
            if let Some(why) = &delivery.failure {
                let (address, attempts) = (outlet.address(), delivery.attempts);
                output::say(&format!(
                    "drip: {name} was not told: {why} ({address}, attempt {attempts} of at most {ATTEMPTS_MAX})"
                ));
            }
            Notification {
                channel: (*name).to_owned(),
                delivered: delivery.failure.is_none(),
                attempts: delivery.attempts,
                reason: delivery.failure,
            }
        });
        told.collect()
    }

    /// One for each channel, also when a signal ends the waiting.
    fn deliveries(&self, notice: &Arc<Notice>, interruption: &Interruption) -> Vec<Delivery> {
        if self.channels.is_empty() {
            return Vec::new();
        }
        let given_up = |why: &str| {
            let failure = Some(why.to_owned());
            self.channels.iter().map(|_| Delivery { attempts: 0, failure: failure.clone() }).collect()
        };
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return given_up("there are no resources to send with");
        };
        let sent = runtime.block_on(async {
            tokio::select! {
                sent = self.send(notice) => Some(sent),
                () = interruption.stop.cancelled() => None,
                _ = interruption.listen() => None,
            }
        });
        // An attempt that is under way does not hold us up.
        runtime.shutdown_background();
        sent.unwrap_or_else(|| given_up("interrupted"))
    }

    async fn send(&self, notice: &Arc<Notice>) -> Vec<Delivery> {
        let begin = |outlet: &Arc<dyn Outlet>| {
            let (outlet, notice) = (Arc::clone(outlet), Arc::clone(notice));
            tokio::task::spawn_blocking(move || deliver(outlet.as_ref(), &notice))
        };
        let under_way: Vec<_> = self.channels.iter().map(|(_, outlet)| begin(outlet)).collect();
        let mut deliveries = Vec::new();
        for delivery in under_way {
            let broken = |_| Delivery { attempts: 0, failure: Some("drip broke while it sent".to_owned()) };
            deliveries.push(delivery.await.unwrap_or_else(broken));
        }
        deliveries
    }
}

/// Addresses and keys of a file. Its values stay out of every message.
fn table(file: &Path) -> Result<Table, Wrong> {
    let wrong = |why: String| Wrong(format!("--notify-file {}: {why}", file.display()));
    let bytes = requests::bytes("--notify-file", file, FILE_BYTES_MAX)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("not UTF-8 text".to_owned()))?;
    let table: Table = toml::from_str(&text).map_err(|error| {
        let begin = error.span().map_or(0, |span| span.start.min(text.len()));
        wrong(format!("line {} is not TOML", 1 + text[..begin].matches('\n').count()))
    })?;
    let known: Vec<String> =
        CHANNELS.iter().flat_map(|channel| channel.needs()).map(|need| need.key.to_owned()).collect();
    for (key, value) in &table {
        if !known.contains(key) {
            return Err(wrong(config::unknown(key, &known)));
        }
        if !value.is_str() {
            return Err(wrong(format!("{key}: a text is expected")));
        }
    }
    Ok(table)
}
