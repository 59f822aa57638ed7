//! Markdown, read by a parser of its own as GitHub's would.

use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::hostile::{self, rendered};
use crate::samples;

#[test]
fn every_sample_reads_as_it_was_meant() {
    for name in ["several", "crashed", "unclear-black-box", "nothing"] {
        insta::assert_snapshot!(format!("markdown-{name}"), rendered("markdown", &samples::by_name(name)));
    }
}

/// All that is not text: formatting, links, HTML.
fn structure(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                found.push(dest_url.to_string())
            }
            Event::Start(
                tag @ (Tag::Emphasis | Tag::Strikethrough | Tag::BlockQuote(_) | Tag::CodeBlock(_)),
            ) => {
                found.push(format!("{tag:?}"));
            }
            Event::InlineMath(math) | Event::DisplayMath(math) => found.push(math.to_string()),
            Event::Html(html) | Event::InlineHtml(html) => found.push(html.to_string()),
            Event::TaskListMarker(_) | Event::FootnoteReference(_) => found.push(format!("{event:?}")),
            _ => {}
        }
    }
    found
}

/// Our own HTML folds; a summary is one code span.
fn is_ours(found: &str) -> bool {
    let summary = found.trim_end().strip_prefix("<details><summary>");
    let summary = summary.and_then(|rest| rest.strip_suffix("</summary>"));
    let plain = |text: &str| text.strip_prefix("<code>").unwrap_or(text).replace("</code>", "");
    found.trim_end() == "</details>" || summary.is_some_and(|text| !plain(text).contains(['<', '>']))
}

#[test]
fn hostile_text_formats_links_and_mentions_nothing() {
    let text = rendered("markdown", &hostile::document());
    let foreign: Vec<_> = structure(&text).into_iter().filter(|found| !is_ours(found)).collect();
    assert!(foreign.is_empty(), "{foreign:?}\n{text}");
}

#[test]
fn outside_of_code_nobody_is_mentioned() {
    for text in shown(&rendered("markdown", &hostile::document())) {
        assert!(!text.contains("@owned") && !text.contains("www.owned"), "{text}");
    }
}

/// Running text, as a reader sees it.
fn shown(text: &str) -> Vec<String> {
    let text_of = |event| match event {
        Event::Text(text) => Some(text.to_string()),
        _ => None,
    };
    Parser::new_ext(text, Options::all()).filter_map(text_of).collect()
}

#[test]
fn text_is_shown_as_it_is() {
    let mut document = samples::by_name("leaking-node");
    document.findings[0].description = r"a*b*c _d_ \e [f](g) <h> | ~~i~~ &amp; $j$ # k! 50% - l".into();
    let shown = shown(&rendered("markdown", &document)).concat();
    assert!(shown.contains(&document.findings[0].description), "{shown}");
}

#[test]
fn a_table_has_a_row_for_each_vector_whatever_their_names() {
    let text = rendered("markdown", &hostile::document());
    let rows =
        Parser::new_ext(&text, Options::all()).filter(|event| matches!(event, Event::Start(Tag::TableRow)));
    assert_eq!(rows.count(), 2, "{text}");
}
