//! A case of a corpus: its manifest `case.toml`, and what is true of the service.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One service with what is known of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    /// Its name, which is that of its folder.
    pub(crate) name: String,
    /// What is true of it.
    pub(crate) label: Label,
    /// Growth per request as it was measured in one run: a guide to the size of a leak.
    #[serde(flatten)]
    pub(crate) truth: Truth,
    /// The package that it is about.
    #[serde(default)]
    pub(crate) package: String,
    /// The shell command that makes it ready to run; empty where it is.
    #[serde(default)]
    pub(crate) install: String,
    /// The shell command that starts it, on the port that `PORT` names.
    pub(crate) run: String,
    /// The path that answers once it is ready, or `tcp`.
    #[serde(default = "root")]
    pub(crate) ready: String,
    /// What triggers the leak, if there is one.
    pub(crate) load: Load,
    /// Where it is.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// What is true of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Label {
    /// It keeps something of each request.
    #[serde(rename = "leak")]
    Leak,
    /// So it does, and something hides it: workers that are replaced, garbage that floats.
    #[serde(rename = "leak (hidden)")]
    LeakHidden,
    /// It grows without requests.
    #[serde(rename = "leak-by-time")]
    LeakByTime,
    /// It keeps descriptors rather than memory.
    #[serde(rename = "leak (fd)")]
    LeakOfDescriptors,
    /// It keeps nothing, whatever it looks like.
    #[serde(rename = "clean")]
    Clean,
    /// Measurement did not tell.
    #[serde(rename = "ambiguous")]
    Ambiguous,
}

impl Label {
    /// As the manifest has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Leak => "leak",
            Self::LeakHidden => "leak (hidden)",
            Self::LeakByTime => "leak-by-time",
            Self::LeakOfDescriptors => "leak (fd)",
            Self::Clean => "clean",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// What one run of the service showed to whoever made the manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub(crate) struct Truth {
    /// Live bytes.
    #[serde(rename = "bytes_per_request_live")]
    pub(crate) live: Option<f64>,
    /// Resident bytes.
    #[serde(rename = "bytes_per_request_rss")]
    pub(crate) rss: Option<f64>,
    /// Descriptors.
    #[serde(rename = "fds_per_request")]
    pub(crate) descriptors: Option<f64>,
}

/// The requests of a case.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Load {
    /// The kinds of request, drawn at random by their weights.
    #[serde(default)]
    pub(crate) req: Vec<Request>,
    /// Bytes that `{pad}` stands for.
    #[serde(default)]
    pub(crate) pad: usize,
    /// A client of the case's own.
    pub(crate) custom: Option<String>,
}

/// One kind of request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Request {
    /// Its method.
    #[serde(default = "get")]
    pub(crate) method: String,
    /// Path and query.
    #[serde(default = "root")]
    pub(crate) path: String,
    /// Each `Name: value`.
    #[serde(default)]
    pub(crate) headers: Vec<String>,
    /// Empty where there is none.
    #[serde(default)]
    pub(crate) body: String,
    /// How often it is sent beside the others.
    #[serde(default = "one")]
    pub(crate) weight: f64,
    /// A connection of its own.
    #[serde(default)]
    pub(crate) close: bool,
    /// Anything but sending it whole and reading the answer.
    pub(crate) mode: Option<String>,
    /// Whatever else the manifest asks for, so that nothing is left out in silence.
    #[serde(flatten)]
    pub(crate) beyond: toml::Table,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: get(),
            path: root(),
            headers: Vec::new(),
            body: String::new(),
            weight: one(),
            close: false,
            mode: None,
            beyond: toml::Table::new(),
        }
    }
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

const fn one() -> f64 {
    1.0
}

/// The folders of all cases of a corpus, sorted; `None` where there is no corpus.
pub(crate) fn folders(corpus: &Path) -> Option<Vec<PathBuf>> {
    let entries = fs::read_dir(corpus.join("cases")).ok()?;
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut cases: Vec<_> = folders.filter(|folder| folder.join("case.toml").is_file()).collect();
    cases.sort();
    Some(cases)
}

/// Reads the manifest in a case's folder.
pub(crate) fn read(folder: &Path) -> Result<Case, String> {
    let file = folder.join("case.toml");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let case: Case = toml::from_str(&text).map_err(|error| format!("case.toml: {}", error.message()))?;
    Ok(Case { folder: folder.to_owned(), ..case })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        name = "js-upload-leak"
        label = "leak (fd)"
        verified = "yes"
        fds_per_request = 1.0
        bytes_per_request_rss = 12.5
        package = "multer"
        install = "npm i multer"
        run = "node server.js"
        ready = "/ready"

        [load]
        conns = 16
        pad = 8192

        [[load.req]]
        method = "POST"
        path = "/upload"
        body = "{pad}"
        mode = "abort_body"
        declare_length = 65536

        [[load.req]]
        weight = 3
    "#;

    #[test]
    fn a_manifest_is_read_whole() {
        let case: Case = toml::from_str(MANIFEST).unwrap();
        assert_eq!((case.label, case.label.name()), (Label::LeakOfDescriptors, "leak (fd)"));
        assert_eq!(case.truth, Truth { live: None, rss: Some(12.5), descriptors: Some(1.0) });
        let [upload, plain] = &case.load.req[..] else { panic!("two requests") };
        assert_eq!(upload.beyond.keys().collect::<Vec<_>>(), ["declare_length"]);
        assert_eq!(upload.mode.as_deref(), Some("abort_body"));
        assert_eq!(*plain, Request { weight: 3.0, ..Request::default() });
    }

    #[test]
    fn every_label_is_known_by_its_name() {
        #[derive(Deserialize)]
        struct Labelled {
            label: Label,
        }
        for label in ["leak", "leak (hidden)", "leak-by-time", "leak (fd)", "clean", "ambiguous"] {
            let read: Labelled = toml::from_str(&format!("label = {label:?}")).unwrap();
            assert_eq!(read.label.name(), label);
        }
        assert!(toml::from_str::<Labelled>("label = 'leaky'").is_err());
    }
}
