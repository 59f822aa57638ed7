//! The page that people send around. What a browser makes of it is tried by hand; here is what must hold of the text.

use drip_report::Document;

use crate::hostile::{self, rendered};
use crate::{samples, strangers};

/// Room for a mail's attachment.
const BYTES_MAX: usize = 1_000_000;

fn html(name: &str) -> String {
    rendered("html", &samples::by_name(name))
}

/// The values of an attribute, wherever it stands.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    html.split(&begin).skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect()
}

/// The names of all elements that begin.
fn elements(html: &str) -> Vec<&str> {
    let begins = html.split('<').skip(1).filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    begins.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()).collect()
}

#[test]
fn the_verdict_comes_first_and_alone_tells_the_answer() {
    let page = html("leaking-node");
    let body = page.split("<body>").nth(1).unwrap();
    let first = body.find("<h1>LEAKING<span class=\"rest\">GET /data keeps about 439 bytes of every request");
    assert!(first.is_some_and(|at| at < 400), "{}", &body[..600]);
    assert!(page.contains("<title>LEAKING: http://127.0.0.1:8080 – Drip</title>"));
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    for (name, document) in hostile::and_all_samples() {
        let page = rendered("html", &document);
        assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"), "{name}");
        for active in
            ["script", "img", "iframe", "object", "embed", "form", "base", "b", "image", "foreignObject"]
        {
            assert!(!elements(&page).contains(&active), "{name}: {active}");
        }
        let is_inside = |target: &&str| target.starts_with('#') || *target == "data:,";
        assert!(attributes(&page, "href").iter().all(is_inside), "{name}");
        assert!(attributes(&page, "src").is_empty() && !page.contains("url("), "{name}");
    }
}

/// html-validate, and axe-core in a browser that runs whatever the page would run.
#[test]
fn strangers_find_nothing_wrong() {
    let page = |(name, document)| (format!("{name}.html"), rendered("html", &document));
    let pages: Vec<_> = hostile::and_all_samples().into_iter().map(page).collect();
    strangers::find_nothing_wrong("check.mjs", &pages);
}

#[test]
fn forty_vectors_fit_into_a_mail() {
    let mut document = samples::by_name("leaking-node");
    document.vectors = vec![document.vectors[0].clone(); 40];
    let bytes = rendered("html", &document).len();
    assert!(bytes < BYTES_MAX, "{bytes}");
}

#[test]
fn a_leak_is_drawn_with_its_growth_its_cache_bound_and_its_limit() {
    let page = html("leaking-node");
    for words in [
        "growth as estimated: 439 bytes per request",
        "its 99 % interval",
        "growth up to here (16 MB) could be a cache that is filling",
        "If it goes on like this: 259 MiB is reached in about 17 hours at 10 requests per second",
        "limit: V8 heap limit in a container of 512 MiB",
        "stroke-dasharray",
    ] {
        assert!(page.contains(words), "{words}");
    }
    // Each line in two sizes, each of them named for those who do not see it; and the map of latencies, which stretches.
    assert_eq!(elements(&page).iter().filter(|name| **name == "svg").count(), 5);
    assert_eq!(page.matches("role=\"img\" aria-label=\"Line chart: ").count(), 4);
}

#[test]
fn latencies_of_every_dose_are_a_map_that_says_what_it_shows() {
    let page = html("leaking-node");
    let said =
        "Heat map of latencies in 16 doses: most were 1 to 2 ms in the first and 1 to 2 ms in the last.";
    assert_eq!(page.matches(said).count(), 1, "{page}");
    for words in ["<li>20 to 50 ms</li>", "<li>1 to 2 ms</li>", "a column for each dose"] {
        assert!(page.contains(words), "{words}");
    }
    let mut document = samples::by_name("leaking-node");
    document.vectors[0].latencies.as_mut().unwrap().doses.truncate(1);
    assert!(!rendered("html", &document).contains("Heat map"));
}

#[test]
fn colours_follow_the_page() {
    for (name, document) in samples::all() {
        let page = rendered("html", &document);
        let pictures = page.split("<svg").skip(1).map(|rest| rest.split("</svg>").next().unwrap_or_default());
        pictures
            .for_each(|picture| assert!(!picture.contains("=\"#"), "{name}: a colour that is no variable"));
    }
}

#[test]
fn a_limit_on_another_clock_is_told_and_not_drawn() {
    let mut document = samples::by_name("leaking-node");
    let to_limit = document.vectors[0].to_limit.as_mut().unwrap();
    to_limit.by_requests.as_mut().unwrap().requests *= 3;
    let page = rendered("html", &document);
    assert!(!page.contains("If it goes on like this") && page.contains("259 MiB (V8 heap limit"), "drawn");
}

#[test]
fn what_was_cleared_says_how_small_a_leak_would_have_been_seen() {
    let page = html("several");
    assert_eq!(page.matches("a leak of 35 bytes per request or more would have been seen").count(), 3);
    let rows = page.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    assert_eq!(rows.matches("<td>35 bytes</td>").count(), 3);
}

#[test]
fn odd_numbers_draw_something_or_nothing_but_never_fail() {
    let check = |change: &dyn Fn(&mut Document)| {
        let mut document = samples::by_name("leaking-node");
        change(&mut document);
        assert!(rendered("html", &document).ends_with("</html>\n"));
    };
    check(&|document| document.vectors[0].series[0].points.iter_mut().for_each(|point| point.value = 0));
    check(&|document| {
        document.vectors[0].series[0].points.iter_mut().for_each(|point| point.value = u64::MAX)
    });
    check(&|document| document.vectors[0].series[0].points.iter_mut().for_each(|point| point.requests = 7));
    check(&|document| document.vectors[0].series[0].points.truncate(1));
    check(&|document| document.vectors[0].series.clear());
    check(&|document| document.vectors[0].per_request.as_mut().unwrap().high = f64::MAX);
    check(&|document| document.vectors[0].tally.latency_ms.p99 = f64::MAX);
    check(&|document| document.vectors[0].thresholds[1].value = f64::MAX);
}
