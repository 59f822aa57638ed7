//! The report in a terminal.

use drip_report::document::Status;
use drip_report::{Document, Look, text};

use crate::samples;

fn shown(document: &Document, look: &Look) -> String {
    let mut out = Vec::new();
    text::write(document, look, &mut out).expect("memory can be written to");
    String::from_utf8(out).expect("text is UTF-8")
}

fn first_line(name: &str) -> String {
    let text = shown(&samples::by_name(name), &Look { width: 120, ..Look::default() });
    text.lines().take_while(|line| !line.starts_with("Score")).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_sample_reads_as_it_was_meant() {
    for (name, document) in samples::all() {
        insta::assert_snapshot!(name, shown(&document, &Look::default()));
    }
}

#[test]
fn narrow_wide_and_plain_screens() {
    let leaking = samples::by_name("leaking-node");
    insta::assert_snapshot!("leaking-node-40", shown(&leaking, &Look { width: 40, ..Look::default() }));
    insta::assert_snapshot!("leaking-node-120", shown(&leaking, &Look { width: 120, ..Look::default() }));
    insta::assert_snapshot!(
        "leaking-node-ascii",
        shown(&leaking, &Look { unicode: false, ..Look::default() })
    );
}

/// Words that cannot be broken: paths, command lines and the like.
fn has_long_word(line: &str, width: usize) -> bool {
    line.split_whitespace().any(|word| word.chars().count() > width - 16)
}

#[test]
fn no_line_is_wider_than_the_page() {
    for (name, document) in samples::all() {
        for (width, unicode) in [(40, true), (80, true), (120, true), (40, false), (80, false)] {
            for line in shown(&document, &Look { width, unicode, color: false }).lines() {
                let columns = line.chars().count();
                assert!(columns <= width || has_long_word(line, width), "{name}, {width}: {line:?}");
            }
        }
    }
}

#[test]
fn a_width_outside_the_bounds_is_the_nearest_bound() {
    let document = samples::by_name("several");
    for (asked, used) in [(0, 40), (7, 40), (121, 120), (usize::MAX, 120)] {
        let look = |width| Look { width, ..Look::default() };
        assert_eq!(shown(&document, &look(asked)), shown(&document, &look(used)));
    }
}

/// What is left when the codes that set colours are taken out.
fn without_colour(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let plain = parts.next().unwrap_or_default().to_owned();
    plain + &parts.map(|part| part.split_once('m').expect("a colour code ends with m").1).collect::<String>()
}

#[test]
fn colour_adds_codes_and_changes_nothing_else() {
    for (name, document) in samples::all() {
        let plain = shown(&document, &Look::default());
        let colored = shown(&document, &Look { color: true, ..Look::default() });
        assert!(!plain.contains('\u{1b}'), "{name}");
        assert!(colored.contains('\u{1b}'), "{name}");
        assert_eq!(without_colour(&colored), plain, "{name}");
    }
}

#[test]
fn without_unicode_only_ascii_is_written() {
    for (name, document) in samples::all() {
        let text = shown(&document, &Look { unicode: false, ..Look::default() });
        assert!(text.is_ascii(), "{name}");
    }
}

#[test]
fn the_first_line_is_the_verdict() {
    let check = |name, expected: &str| assert_eq!(first_line(name), expected);
    check(
        "leaking-node",
        "LEAKING: GET /data keeps about 439 bytes of every request and did not stop in 41,200 requests.",
    );
    check(
        "steady",
        "STEADY: no growth that matters on GET /data; a leak of 35 bytes per request or more would have been seen.",
    );
    check("several", &first_line("leaking-node"));
    check(
        "crashed",
        "CRASHED: the service died after 18,432 requests (exit status 134 = 128 + signal 6, aborted; out of memory: \
         its last output says \"JavaScript heap out of memory\").",
    );
}

#[test]
fn the_first_line_hides_no_reservation() {
    assert!(first_line("unclear-black-box").starts_with("UNCLEAR (memory was not seen): "));
    assert!(first_line("partial").starts_with("UNCLEAR (partial: interrupted): "));
    assert!(first_line("nothing").starts_with("NOTHING MEASURED (failed): "));
    let mut both = samples::by_name("unclear-black-box");
    both.status = Status::Partial;
    let text = shown(&both, &Look { width: 120, ..Look::default() });
    assert!(text.starts_with("UNCLEAR (partial: interrupted; memory was not seen): "), "{text}");
}

#[test]
fn many_steady_vectors_promise_only_what_the_least_sharp_one_can() {
    let mut document = samples::by_name("steady");
    document.vectors.push(document.vectors[0].clone());
    document.vectors[1].smallest_detectable = Some(1_234.0);
    let text = shown(&document, &Look { width: 120, ..Look::default() });
    let expected = "STEADY: no growth that matters on GET /data and 1 other vector; a leak of 1.23 KB per request or more";
    assert!(text.starts_with(expected), "{text}");
}
