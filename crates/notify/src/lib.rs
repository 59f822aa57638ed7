//! A result told where people look: in a chat, on a pager, to a program.
//!
//! A [`Notice`] is what is told, as plain data. A [`Channel`] is one way to tell it, in a file of its own: what it needs
//! to be reached, how a message to it looks, and when an answer of it is a refusal although its status is not one.
//! [`deliver`] brings a message there, within bounds. Addresses and keys are secrets: nothing here shows one, in no
//! error either.

mod address;
mod clip;
mod delivery;
mod notice;
mod pagerduty;
mod post;
mod slack;
mod teams;
#[cfg(test)]
mod testing;
mod webhook;

pub use address::Address;
pub use delivery::{ATTEMPTS_MAX, Delivery, TIME_MAX, deliver};
pub use notice::{Notice, Seen, State};
pub use post::Answer;

use jiff::Timestamp;

/// One way to tell.
pub trait Channel: Sync {
    /// As `--notify` takes it.
    fn name(&self) -> &'static str;
    /// What must be known to reach it.
    fn needs(&self) -> &'static [Need];
    /// Opens it with what `given` has of its needs.
    ///
    /// # Errors
    /// When something is missing or cannot be used; never tells a value.
    fn open(&self, given: &dyn Fn(&Need) -> Option<String>) -> Result<Box<dyn Outlet>, Unusable>;
}

/// A channel that can be reached.
pub trait Outlet: Send + Sync {
    /// Where its messages go.
    fn address(&self) -> &Address;
    /// The message of a notice, as it is sent at this moment.
    fn message(&self, notice: &Notice, at: Timestamp) -> Message;
    /// Why an answer with a status of success is none, where the channel says so in its body.
    fn refusal(&self, answer: &Answer) -> Option<String>;
}

/// One thing that must be known of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Its key in a file.
    pub key: &'static str,
    /// Its variable in the environment.
    pub variable: &'static str,
    /// Whether there is a usual value.
    pub is_optional: bool,
}

/// What is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Besides the type of the content, which is JSON.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// Why a channel cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nobody said where it is, or who we are to it.
    #[error("{channel} needs {variable} in the environment, or {key} in the file of --notify-file")]
    Missing {
        /// Which channel.
        channel: &'static str,
        /// The variable.
        variable: &'static str,
        /// The key of the file.
        key: &'static str,
    },
    /// It was said and is of no use.
    #[error("{variable} (or {key} of --notify-file) {why}")]
    Wrong {
        /// The variable.
        variable: &'static str,
        /// The key of the file.
        key: &'static str,
        /// What is expected instead.
        why: &'static str,
    },
}

impl Need {
    /// The value, where there must be one.
    fn of(&self, channel: &'static str, given: &dyn Fn(&Self) -> Option<String>) -> Result<String, Unusable> {
        let Self { key, variable, .. } = *self;
        let value = given(self).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        value.ok_or(Unusable::Missing { channel, variable, key })
    }

    const fn wrong(&self, why: &'static str) -> Unusable {
        Unusable::Wrong { variable: self.variable, key: self.key, why }
    }
}

/// Every channel, in the order in which help lists them.
pub static CHANNELS: &[&dyn Channel] =
    &[&slack::Slack, &teams::Teams, &webhook::Webhook, &pagerduty::PagerDuty];

/// The channel of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Channel> {
    CHANNELS.iter().copied().find(|channel| channel.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_what_each_channel_needs() {
        let page = include_str!("../../../docs/notifications.md");
        for channel in CHANNELS {
            assert!(page.contains(&format!("| `{}` |", channel.name())), "{}", channel.name());
            for need in channel.needs() {
                assert!(page.contains(need.variable) && page.contains(need.key), "{need:?}");
            }
        }
    }
}
