//! Annotations of a build.

use drip_report::document::Location;

use crate::hostile::rendered;
use crate::samples;

#[test]
fn a_finding_is_an_annotation_on_its_line() {
    let mut document = samples::by_name("leaking-node");
    let file = "src/a,b:c.js".to_owned();
    document.findings[0].locations = vec![Location { file, line: 5, function: None, holder: None }];
    let text = rendered("github", &document);
    let begin = "::error title=DRIP001 Memory grows with each request on GET /data,file=src/a%2Cb%3Ac.js,line=5::GET /data";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.contains("The growth did not stop.%0A%0AFix: Look for"), "{text}");
}

#[test]
fn the_worst_ten_of_a_kind_are_shown_and_the_verdict_always() {
    let mut document = samples::by_name("leaking-node");
    document.findings = vec![document.findings[0].clone(); 30];
    let text = rendered("github", &document);
    assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), 10);
    assert!(text.contains("::notice title=Drip::LEAKING: GET /data keeps about 439 bytes"), "{text}");
}

#[test]
fn unclear_is_a_warning() {
    let text = rendered("github", &samples::by_name("unclear-cache"));
    assert!(
        text.starts_with("::warning title=Unclear%3A GET /data::whether GET /data leaks is not decided"),
        "{text}"
    );
}
