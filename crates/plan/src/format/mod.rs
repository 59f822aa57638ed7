//! Descriptions of an API, by format. Each is one file and one line of [`FORMATS`].

mod curl;
mod har;
mod http_file;
mod openapi;
mod operation;
mod postman;
mod recorded;
mod swagger;
mod variables;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use drip_model::Origin;
use serde_json::Value;

use crate::PlanError;
use crate::document::{Base, DESCRIPTION_BYTES_MAX, tree};
use crate::endpoint::Description;

/// One way to describe an API.
pub struct Format {
    /// As help and reports have it.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Whether a text is of it.
    pub(crate) sniff: fn(&Opened<'_>) -> bool,
    /// What it says.
    pub(crate) read: fn(Opened<'_>) -> Result<Description, String>,
}

/// All formats, the more telling sign first: a text is read as the first one that knows it.
pub static FORMATS: &[Format] =
    &[har::FORMAT, curl::FORMAT, http_file::FORMAT, openapi::FORMAT, swagger::FORMAT, postman::FORMAT];

/// Whose requests are ours to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// Those to this origin.
    Origin(Origin),
    /// Those to this machine, at this port when it is known: the service is not started yet.
    Loopback(Option<u16>),
}

impl Home {
    /// Whether a recorded request went to the service under test.
    pub(crate) fn is(&self, origin: &Origin) -> bool {
        let local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "::1" | "0.0.0.0");
        match self {
            Self::Origin(home) => {
                let same = home.host.eq_ignore_ascii_case(&origin.host);
                home.port == origin.port && (same || (local(&home.host) && local(&origin.host)))
            }
            Self::Loopback(port) => local(&origin.host) && port.is_none_or(|port| port == origin.port),
        }
    }
}

/// A description as it was found.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// Its file's name or its URL, for messages and for what its ending says.
    pub name: &'a str,
    /// What stands in it.
    pub bytes: &'a [u8],
    /// What its references may lead to.
    pub base: Base,
    /// Which requests of it may be sent.
    pub home: Home,
    /// Documents that an earlier reading wanted, by the name under which it wanted them.
    pub fetched: BTreeMap<String, String>,
}

/// A source whose text is known to be one.
pub(crate) struct Opened<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) text: &'a str,
    tree: OnceCell<Result<Value, String>>,
}

impl Opened<'_> {
    /// As JSON or YAML.
    pub(crate) fn tree(&self) -> Result<&Value, String> {
        self.tree.get_or_init(|| tree(self.text)).as_ref().map_err(Clone::clone)
    }

    /// The tree itself: of a large description, two would be too many.
    fn into_tree(self) -> Result<Value, String> {
        let text = self.text;
        self.tree.into_inner().unwrap_or_else(|| tree(text))
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.tree().ok()?.get(name)?.as_str()
    }

    fn has_ending(&self, endings: &[&str]) -> bool {
        let ending = self.source.name.rsplit_once('.').map_or("", |(_, ending)| ending);
        endings.iter().any(|known| known.eq_ignore_ascii_case(ending))
    }
}

/// Reads a description of any format.
///
/// # Errors
/// When it is none, is too large, or is not a text.
pub fn read(source: &Source<'_>) -> Result<Description, PlanError> {
    let fault = |why: String| PlanError::Description { name: source.name.to_owned(), why };
    if source.bytes.len() > DESCRIPTION_BYTES_MAX {
        return Err(fault(too_large(source.bytes.len() as u64)));
    }
    let text = std::str::from_utf8(source.bytes)
        .map_err(|error| fault(format!("not UTF-8 text (byte {})", error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let opened = Opened { source, text, tree: OnceCell::new() };
    let format =
        FORMATS.iter().find(|format| (format.sniff)(&opened)).ok_or_else(|| fault(unknown(&opened)))?;
    let description = (format.read)(opened).map_err(fault)?;
    Ok(Description { format: format.name, ..description })
}

/// Why a description of so many bytes is refused, and what to do.
pub fn too_large(bytes: u64) -> String {
    format!(
        "{} MiB are more than the {} MiB that are read; a HAR without the bodies of answers is small",
        bytes >> 20,
        DESCRIPTION_BYTES_MAX >> 20
    )
}

fn unknown(opened: &Opened<'_>) -> String {
    let names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
    let known = format!("known are {}", names.join(", "));
    let begins = opened.text.trim_start().to_ascii_lowercase();
    if begins.starts_with("<!doctype") || begins.starts_with("<html") {
        return format!("an HTML page and no description; {known}");
    }
    match opened.tree() {
        Err(why) => format!("no description ({why}); {known}"),
        Ok(tree) => {
            match tree.get("openapi").or_else(|| tree.get("swagger")).or_else(|| tree.get("swaggerVersion")) {
                Some(version) => {
                    format!("version {version} of OpenAPI is not known; known are 2.0, 3.0 and 3.1")
                }
                None => format!("no description; {known}"),
            }
        }
    }
}
