//! What a person sees while it works: one line on the terminal, gone when the report comes.

use std::io::IsTerminal;
use std::time::Duration;

use drip_model::{Signal, Unit};
use drip_session::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TICK: Duration = Duration::from_millis(120);

/// The line.
pub(crate) struct Progress {
    bar: ProgressBar,
    reading: String,
}

impl Progress {
    /// On a terminal, unless nobody wants it.
    pub(crate) fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        bar.set_message("starting");
        Self { bar, reading: String::new() }
    }

    /// Before there is anything to follow.
    pub(crate) fn say(&self, words: &'static str) {
        self.bar.set_message(words);
    }

    /// Follows the run.
    pub(crate) fn show(&mut self, event: Event) {
        if let Event::Reading { signal, value, requests } = &event {
            self.reading = format!(" · {} at {requests} requests", amount(*signal, *value));
        }
        if let Some(words) = self.words(&event) {
            self.bar.set_message(words);
        }
    }

    fn words(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::Started { pid } => format!("started process {pid}, waiting until it answers"),
            Event::Answering { url, runtime, signal } => answering(url, runtime.as_ref(), signal.as_ref()),
            Event::FloorRefused { reason } => format!("live heap cannot be read: {reason}"),
            Event::Dose { endpoint, done, planned } => {
                format!("{endpoint}: dose {} of {planned}{}", done + 1, self.reading)
            }
            Event::Reading { .. } | Event::Described { .. } => return None,
            Event::Open { question } => format!("not decided yet: {question}"),
            Event::Suspects { endpoints } => {
                self.bar.println(format!("stands out, and is asked alone now: {}", endpoints.join(", ")));
                return None;
            }
            Event::Probe { what } => format!("probing: {what}"),
            Event::Stopping => "stopping".to_owned(),
        })
    }

    /// Removes the line.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn answering(url: &str, runtime: Option<&drip_model::Runtime>, signal: Option<&Signal>) -> String {
    let runtime = runtime.map(|runtime| format!(" ({runtime})")).unwrap_or_default();
    let signal = signal.map_or_else(|| "memory not seen".to_owned(), |signal| format!("reading {signal}"));
    format!("{url} answers{runtime}, {signal}")
}

fn amount(signal: Signal, value: u64) -> String {
    match signal.unit() {
        Unit::Bytes => format!("{}.{} MB", value / 1_000_000, value / 100_000 % 10),
        Unit::Count => value.to_string(),
    }
}
