//! Text from a service or a stranger's description, in every place where a document has such text: no format
//! executes it, and none breaks.

use drip_report::document::Location;
use drip_report::{Document, Look, REPORTERS};

use crate::samples;

/// A piece for each thing that some reader would obey.
const HOSTILE: &str = "</script></title><img src=x onerror=alert(1)><!-- \"'>\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}2J\n\
                       ::error title=owned::owned\n##[add-mask]owned\r\n=HYPERLINK(\"http://owned.example\")\n\
                       - [owned](javascript:alert(1)) ![owned](http://owned.example) <b>owned</b> @owned\n\
                       # owned\n| owned | `owned` ``` ~~owned~~ $owned$ :owned: www.owned.example ]]> &lt; {0} {{7*7}} \
                       {% raw %} \u{202e}owned\u{2066} \u{0}\u{fffe}\u{feff}";

/// A leak whose every text is hostile.
pub(crate) fn document() -> Document {
    let text = || HOSTILE.to_owned();
    let mut document = samples::by_name("leaking-node");
    document.doubts = samples::by_name("partial").doubts;
    document.doubts[0].message = text();
    document.service.command = vec!["node".into(), text()];
    document.service.last_output = HOSTILE.split('\n').map(str::to_owned).collect();
    document.service.log = Some(text());
    document.settings.owned_host = Some(text());
    let vector = &mut document.vectors[0];
    vector.endpoint = format!("GET /{HOSTILE}");
    vector.pattern = text();
    vector.tally.errors.insert(text(), 3);
    vector.tally.first_error = Some(text());
    vector.doubts = document.doubts.clone();
    vector.gauges[0].name = text();
    let mut second = document.vectors[0].clone();
    second.endpoint = text();
    document.vectors.push(second);
    let finding = &mut document.findings[0];
    finding.endpoint = Some(text());
    finding.title = text();
    finding.description = text();
    finding.remediation = text();
    let location = Location { file: text(), line: 5, function: Some(text()), holder: Some(text()) };
    finding.locations = vec![location];
    document
}

/// The samples, and this one.
pub(crate) fn and_all_samples() -> Vec<(&'static str, Document)> {
    let mut documents = samples::all();
    documents.push(("hostile", document()));
    documents
}

/// A document in a format, by the format's name.
pub(crate) fn rendered(format: &str, document: &Document) -> String {
    let reporter = drip_report::by_name(format).expect("a format of this name");
    let mut out = Vec::new();
    reporter.write(document, &Look::default(), &mut out).expect("memory can be written to");
    String::from_utf8(out).expect("every format is UTF-8")
}

#[test]
fn no_format_for_people_lets_a_control_character_through() {
    // JSON and what is made of it is data, in which every control character but those of C1 is an escape.
    for reporter in REPORTERS.iter().filter(|reporter| !reporter.media_type().contains("json")) {
        let text = rendered(reporter.name(), &document());
        let control = |letter: &char| letter.is_control() && !matches!(letter, '\n' | '\r');
        assert_eq!(text.chars().find(control), None, "{}", reporter.name());
        assert!(!text.contains(['\u{202e}', '\u{2066}']), "{}", reporter.name());
    }
}

#[test]
fn what_a_build_prints_begins_no_command() {
    for format in ["text", "markdown", "csv", "junit"] {
        let text = rendered(format, &document());
        let commands: Vec<_> = text.lines().filter(|line| line.trim_start().starts_with("::")).collect();
        assert!(commands.is_empty() && !text.contains("##["), "{format}: {commands:?}");
    }
}

#[test]
fn annotations_are_only_ours() {
    let text = rendered("github", &document());
    for line in text.lines() {
        // As the runner reads it: the command's name, a blank, properties between commas, up to the next `::`.
        let (command, _) = line.strip_prefix("::").expect("a command").split_once("::").expect("a message");
        let (kind, properties) = command.split_once(' ').expect("properties");
        assert!(["error", "warning", "notice"].contains(&kind), "{line:?}");
        let names = properties.split(',').map(|property| property.split_once('=').expect("a value").0);
        assert!(
            names.eq(["title", "file", "line"].into_iter().take(if kind == "notice" { 1 } else { 3 })),
            "{line:?}"
        );
    }
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn every_format_renders_every_sample() {
    for (name, sample) in samples::all() {
        for reporter in REPORTERS {
            let text = rendered(reporter.name(), &sample);
            assert!(text.ends_with('\n') || sample.vectors.is_empty(), "{name} as {}", reporter.name());
        }
    }
}
