//! `drip verify`: runs again just what showed a finding, and says whether it is gone.
//!
//! The answer is an exit code for `git bisect run`. Gone is only what was measured and found calm: a service that does
//! not start, or a verdict that is unclear, is neither.

use drip_model::{Vector, VectorId};
use drip_report::document::{self, Document, Finding, Verdict};
use drip_report::text::printable;
use drip_report::{Brief, brief};
use drip_session::{Job, Trouble};

use crate::args::{Common, Verb, VerifyArgs};
use crate::ask::{self, Planned, Wrong};
use crate::output::{self, Destination};
use crate::suppress::findings_of;
use crate::verb::run::{Conducted, conduct, documented, tell};
use crate::{config, exit, saved};

/// What stands before a command.
const COMMAND: &str = "--";
/// Growth whose upper bound is below this share of the lower bound that it had is not that growth.
const GONE_SHARE_MAX: f64 = 0.1;
/// Of fewer requests nothing is said.
const REQUESTS_MIN: u64 = 500;
/// Doubts about how small growth may be, not about the measurement.
const OPEN_DOUBTS: [&str; 4] =
    ["budget-spent", "cache-may-be-filling", "not-enough-data", "pool-may-be-filling"];
const RULED_OUT: &str = "growth as large as a tenth of it is ruled out";

pub(crate) fn verify(args: &VerifyArgs) -> Result<u8, Wrong> {
    let old = saved::document(&args.result)?;
    let shown = shown(args, &old)?;
    let cli = config::again(replayed(&old, args)?)?;
    let (planned, common) = match &cli.verb {
        Verb::Run(args) => (ask::run_job(args)?, &args.common),
        Verb::Scan(args) => (ask::scan_job(args)?, &args.common),
        _ => return Err(Wrong("the result names neither run nor scan".to_owned())),
    };
    let Some(job) = narrowed(planned, &shown) else {
        return Ok(say(&Answer::Unclear("what showed it is not asked any more".to_owned()), &shown));
    };
    test(&job, common, &shown)
}

/// What showed a finding.
struct Shown<'a> {
    findings: Vec<&'a Finding>,
    vectors: Vec<&'a document::Vector>,
}

fn shown<'a>(args: &VerifyArgs, old: &'a Document) -> Result<Shown<'a>, Wrong> {
    let is_meant = |finding: &&Finding| {
        let here = args.endpoint.is_none() || args.endpoint == finding.endpoint;
        here && finding.id.eq_ignore_ascii_case(&args.finding)
    };
    let findings: Vec<_> = old.findings.iter().filter(is_meant).collect();
    if findings.is_empty() {
        return Err(Wrong(format!("{}: {}", args.result.display(), has_not(args, old))));
    }
    let vectors = findings.iter().flat_map(|finding| vectors_of(finding, old)).collect();
    Ok(Shown { findings, vectors })
}

fn has_not(args: &VerifyArgs, old: &Document) -> String {
    let place = args.endpoint.as_ref().map(|endpoint| format!(" on {endpoint}")).unwrap_or_default();
    let named = |finding: &Finding| {
        let endpoint = finding.endpoint.as_ref().map(|endpoint| format!(" on {endpoint}"));
        format!("{}{}", finding.id, endpoint.unwrap_or_default())
    };
    let has: Vec<_> = old.findings.iter().map(named).collect();
    let has = if has.is_empty() { "no finding".to_owned() } else { has.join(", ") };
    printable(&format!("it has no {}{place}; it has {has}", args.finding))
}

/// Those whose verdict tells the finding; else all of its endpoint.
fn vectors_of<'a>(finding: &Finding, old: &'a Document) -> Vec<&'a document::Vector> {
    let here = |vector: &&document::Vector| {
        finding.endpoint.as_ref().is_none_or(|endpoint| *endpoint == vector.endpoint)
    };
    let all: Vec<_> = old.vectors.iter().filter(here).collect();
    let tells = |vector: &&&document::Vector| findings_of(vector.verdict).contains(&finding.id.as_str());
    let telling: Vec<_> = all.iter().filter(tells).copied().collect();
    if telling.is_empty() { all } else { telling }
}

/// The words of the result with further ones, which win.
fn replayed(old: &Document, args: &VerifyArgs) -> Result<Vec<String>, Wrong> {
    let Some(replay) = &old.replay else {
        let why = "the result does not say how it was asked for; make it anew with this version";
        return Err(Wrong(why.to_owned()));
    };
    if let Some(what) = replay.withheld.iter().find(|what| !is_given(what, args)) {
        let why = format!("the result does not hold {}; say it again after the finding", told(what));
        return Err(Wrong(printable(&why)));
    }
    let end = replay.words.iter().position(|word| word == COMMAND).unwrap_or(replay.words.len());
    let (words, command) = replay.words.split_at(end);
    if args.command.is_empty() {
        return Ok([words, &args.words, command].concat());
    }
    Ok([words, &args.words, &[COMMAND.to_owned()], &args.command].concat())
}

/// Whether what was withheld is said again, by its long or short name.
fn is_given(what: &str, args: &VerifyArgs) -> bool {
    let long = what.split(' ').next().unwrap_or_default();
    let begins = |short: &str| {
        let is_long = |word: &String| word == long || word.starts_with(&format!("{long}="));
        args.words.iter().any(|word| is_long(word) || word.starts_with(short))
    };
    match long {
        COMMAND => !args.command.is_empty(),
        "--header" => begins("-H"),
        "--data" => begins("-d"),
        "URL" => begins("http"),
        long => begins(&format!("{long}=")),
    }
}

fn told(what: &str) -> String {
    match what {
        COMMAND => "its whole command, which has a secret in it (after --)".to_owned(),
        "--memory" => "the number of the process (--memory pid:N)".to_owned(),
        what => format!("{what}, which may be a secret"),
    }
}

/// The job, of the vectors that showed it alone.
fn narrowed(planned: Planned, shown: &Shown<'_>) -> Option<Job> {
    let mut job = planned.job;
    let is_wanted = |vector: &Vector| {
        shown.vectors.iter().any(|old| old.endpoint == vector.endpoint && old.pattern == vector.pattern.name)
    };
    job.vectors.retain(is_wanted);
    job.vectors.iter_mut().enumerate().for_each(|(place, vector)| vector.id = VectorId(place));
    (!job.vectors.is_empty()).then_some(job)
}

fn test(job: &Job, common: &Common, shown: &Shown<'_>) -> Result<u8, Wrong> {
    let destinations = Destination::all(common.output.as_deref(), &common.files.reports);
    destinations.iter().try_for_each(Destination::try_out)?;
    let Conducted { run, interruption, .. } = conduct(job, &common.show)?;
    let document = documented(&run);
    output::save(&document, &destinations)?;
    if let Some(code) = interruption.code() {
        return Ok(code);
    }
    if let Some(trouble) = &run.trouble {
        tell(trouble, Some(job));
        return Ok(if matches!(trouble, Trouble::Refused(_)) { exit::REFUSED } else { exit::UNCLEAR });
    }
    Ok(say(&answer(&document, shown), shown))
}

/// Whether it is gone.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Gone(String),
    Still(String),
    Unclear(String),
}

fn answer(new: &Document, shown: &Shown<'_>) -> Answer {
    let again = |finding: &&Finding| {
        shown.findings.iter().any(|old| old.id == finding.id && old.endpoint == finding.endpoint)
    };
    if let Some(finding) = new.findings.iter().find(again) {
        return Answer::Still(finding.description.clone());
    }
    let Brief { sentence, .. } = brief(new);
    let pairs = || shown.vectors.iter().map(|old| (*old, counterpart(old, new)));
    let is_calm = |new: &document::Vector| matches!(new.verdict, Verdict::Steady | Verdict::Settling);
    if pairs().all(|(_, new)| new.is_some_and(is_calm)) {
        return Answer::Gone(sentence);
    }
    let is_gone = |(old, new): (_, Option<&_>)| new.is_some_and(|new| is_calm(new) || is_ruled_out(old, new));
    if pairs().all(is_gone) {
        Answer::Gone(format!("{RULED_OUT}; {sentence}"))
    } else {
        Answer::Unclear(sentence)
    }
}

fn counterpart<'a>(old: &document::Vector, new: &'a Document) -> Option<&'a document::Vector> {
    new.vectors.iter().find(|new| new.endpoint == old.endpoint && new.pattern == old.pattern)
}

/// Whether a verdict is open only on growth that is far smaller than that of the finding. What speaks against the
/// measurement itself (errors, a process that was replaced) rules nothing out.
fn is_ruled_out(old: &document::Vector, new: &document::Vector) -> bool {
    let (Some(then), Some(now)) = (old.per_request, new.per_request) else { return false };
    let is_sound = new.doubts.iter().all(|doubt| OPEN_DOUBTS.contains(&doubt.kind.as_str()));
    let is_same = new.verdict == Verdict::Unclear && new.signal == old.signal;
    is_same && is_sound && new.requests >= REQUESTS_MIN && now.high < GONE_SHARE_MAX * then.low
}

/// Prints the answer; its code.
fn say(answer: &Answer, shown: &Shown<'_>) -> u8 {
    let id = shown.findings.first().map_or("", |finding| &finding.id);
    let (word, why, code) = match answer {
        Answer::Gone(why) => ("is gone", why, exit::PASS),
        Answer::Still(why) => ("is still there", why, exit::GATE_FAILED),
        Answer::Unclear(why) => ("may be gone or not", why, exit::UNCLEAR),
    };
    output::print_text(&format!("{}\n", printable(&format!("{id} {word}: {why}"))));
    code
}

#[cfg(test)]
mod tests {
    use drip_report::document::{Interval, Signal};

    use super::*;
    use crate::gate::tests::document;

    /// One vector with this growth in bytes per request.
    fn result(verdict: &str, doubts: &[&str], findings: &[&str], (low, high): (f64, f64)) -> Document {
        let mut document = document(&[(verdict, doubts)], findings, None);
        let vector = &mut document.vectors[0];
        vector.signal = Some(Signal::LiveHeap);
        vector.requests = 1_000;
        vector.per_request = Some(Interval { low, estimate: (low + high) / 2.0, high, level: 0.99 });
        document
    }

    #[track_caller]
    fn check(verdict: &str, doubts: &[&str], findings: &[&str], growth: (f64, f64), expected: &str) {
        let old = result("leaking", &[], &["DRIP001"], (260.0, 280.0));
        let shown = Shown { findings: old.findings.iter().collect(), vectors: old.vectors.iter().collect() };
        let answer = answer(&result(verdict, doubts, findings, growth), &shown);
        assert!(format!("{answer:?}").starts_with(expected), "{answer:?}");
    }

    #[test]
    fn a_finding_is_gone_only_where_its_growth_is_ruled_out() {
        check("leaking", &[], &["DRIP001"], (10.0, 11.0), "Still");
        check("steady", &[], &[], (0.0, 1.0), "Gone");
        check("settling", &[], &["DRIP005"], (0.0, 1.0), "Gone");
        check("unclear", &["not-enough-data", "budget-spent"], &[], (-5.0, 20.0), "Gone");
        check("unclear", &["cache-may-be-filling"], &[], (20.0, 30.0), "Unclear");
        check("unclear", &["many-errors", "not-enough-data"], &[], (0.0, 1.0), "Unclear");
        check("unclear", &["process-replaced"], &[], (0.0, 1.0), "Unclear");
        check("leaking", &[], &["DRIP007"], (0.0, 1.0), "Unclear");
        check("crashed", &[], &["DRIP011"], (0.0, 1.0), "Unclear");
    }

    #[test]
    fn a_vector_that_was_not_asked_again_is_not_gone() {
        let old = result("leaking", &[], &["DRIP001"], (260.0, 280.0));
        let shown = Shown { findings: old.findings.iter().collect(), vectors: old.vectors.iter().collect() };
        let mut new = result("steady", &[], &[], (0.0, 1.0));
        new.vectors[0].pattern = "unique-query".to_owned();
        assert!(matches!(answer(&new, &shown), Answer::Unclear(_)));
    }
}
