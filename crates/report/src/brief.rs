//! A result in a few lines, for places that have no room for more: a message in a chat, the page of a pager.

use crate::document::Document;
use crate::text::{headline, score, target};

/// What there is to tell in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// `LEAKING`.
    pub word: String,
    /// The verdict in a sentence, with what one must know to believe it.
    pub sentence: String,
    /// Score and grade in a sentence.
    pub score: String,
    /// What was tested: address, runtime, process, command.
    pub target: String,
    /// What was tested, in letters that fit any key and that are the same in every run: `drip/node-server.js`.
    pub subject: String,
}

/// The result in brief.
pub fn brief(document: &Document) -> Brief {
    let headline = headline::of(document);
    Brief {
        word: headline.word,
        sentence: headline.rest.trim_start_matches([':', ' ']).to_owned(),
        score: score(document),
        target: target(document),
        subject: subject(document),
    }
}

/// The command, or the host where nothing was started. A port is left out, since it may be another one each time.
pub(crate) fn subject(document: &Document) -> String {
    let command = document.service.command.join(" ");
    let target = if command.is_empty() { host(&document.url) } else { &command };
    let kept =
        |letter: char| if letter.is_ascii_alphanumeric() || ".-_".contains(letter) { letter } else { '-' };
    format!("drip/{}", target.chars().map(kept).collect::<String>())
}

fn host(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}
