//! A message brought to its channel: tried again where that may help, as long as the bounds allow, and never longer.

use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::post::post;
use crate::{Answer, Notice, Outlet};

/// Longest time for one channel, all attempts and waits together.
pub const TIME_MAX: Duration = Duration::from_secs(30);
/// How often a message is sent at most.
pub const ATTEMPTS_MAX: u32 = 3;
/// The wait after the first failure; after each further one it is so many times longer.
const WAIT: Duration = Duration::from_secs(1);
const WAIT_FACTOR: u32 = 4;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How often it was sent.
    pub attempts: u32,
    /// Why the channel did not take it; `None` when it did.
    pub failure: Option<String>,
}

/// Sends a notice until it is taken, refused, or time or attempts are spent. Blocks for [`TIME_MAX`] at most.
pub fn deliver(outlet: &dyn Outlet, notice: &Notice) -> Delivery {
    let begin = Instant::now();
    for attempt in 1.. {
        let left = TIME_MAX.saturating_sub(begin.elapsed());
        let came = post(outlet.address(), &outlet.message(notice, Timestamp::now()), left);
        let left = TIME_MAX.saturating_sub(begin.elapsed());
        match next(came, outlet, attempt, left, Timestamp::now()) {
            Next::Done => return Delivery { attempts: attempt, failure: None },
            Next::GiveUp(why) => return Delivery { attempts: attempt, failure: Some(why) },
            Next::Again(wait) => sleep(wait),
        }
    }
    unreachable!("the last attempt never leads to another")
}

/// What follows an attempt.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Done,
    GiveUp(String),
    Again(Duration),
}

fn next(
    came: Result<Answer, String>,
    outlet: &dyn Outlet,
    attempt: u32,
    left: Duration,
    now: Timestamp,
) -> Next {
    let (why, asked) = match came {
        Ok(answer) => match failure(&answer, outlet) {
            None => return Next::Done,
            Some(Failure::Final(why)) => return Next::GiveUp(why),
            Some(Failure::Passing(why)) => (why, answer.retry_after),
        },
        Err(why) => (why, None),
    };
    let usual = WAIT * WAIT_FACTOR.pow(attempt.saturating_sub(1).min(ATTEMPTS_MAX));
    let wait = asked.and_then(|asked| wait_of(&asked, now)).unwrap_or(usual);
    if attempt >= ATTEMPTS_MAX {
        Next::GiveUp(why)
    } else if wait >= left {
        Next::GiveUp(format!(
            "{why}; its next turn would be in {} seconds, which is too late",
            wait.as_secs()
        ))
    } else {
        Next::Again(wait)
    }
}

/// Why an answer is no success.
enum Failure {
    /// The next attempt would end as this one did.
    Final(String),
    /// The next attempt may end otherwise.
    Passing(String),
}

fn failure(answer: &Answer, outlet: &dyn Outlet) -> Option<Failure> {
    let status = answer.status;
    match status {
        200..=299 => outlet.refusal(answer).map(Failure::Final),
        300..=399 => {
            Some(Failure::Final(format!("it answered with status {status}, and redirects are not followed")))
        }
        410 => Some(Failure::Final("it is gone for good (status 410)".to_owned())),
        408 | 425 | 429 | 500..=599 => Some(Failure::Passing(format!("it answered with status {status}"))),
        _ => Some(Failure::Final(format!("it answered with status {status}"))),
    }
}

/// Seconds, or a moment.
fn wait_of(retry_after: &str, now: Timestamp) -> Option<Duration> {
    let text = retry_after.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(moment.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, outlet};

    const LEFT: Duration = Duration::from_secs(20);

    fn after(came: Result<Answer, String>, attempt: u32) -> Next {
        let slack = outlet("slack", &[("slack-url", "https://hooks.slack.example/key")]);
        next(came, slack.as_ref(), attempt, LEFT, "2026-01-01T00:00:00Z".parse().unwrap())
    }

    fn asking(status: u16, retry_after: &str) -> Result<Answer, String> {
        Ok(Answer { retry_after: Some(retry_after.to_owned()), ..answer(status, "") })
    }

    #[test]
    fn what_may_pass_is_tried_again_later_and_later() {
        assert_eq!(after(Err("no connection".into()), 1), Next::Again(WAIT));
        assert_eq!(after(Ok(answer(503, "")), 2), Next::Again(WAIT * 4));
        assert_eq!(after(Ok(answer(503, "")), 3), Next::GiveUp("it answered with status 503".into()));
    }

    #[test]
    fn what_is_refused_is_not_sent_again() {
        assert_eq!(after(Ok(answer(200, "ok")), 1), Next::Done);
        for (status, body, why) in [
            (200, "no_service", "no_service"),
            (404, "", "status 404"),
            (302, "", "redirects are not followed"),
            (410, "", "gone for good"),
        ] {
            let next = after(Ok(answer(status, body)), 1);
            assert!(matches!(&next, Next::GiveUp(said) if said.contains(why)), "{next:?}");
        }
    }

    #[test]
    fn the_wait_that_a_channel_asks_for_is_kept_within_bounds() {
        assert_eq!(after(asking(429, "7"), 1), Next::Again(Duration::from_secs(7)));
        let date = "Thu, 01 Jan 2026 00:00:09 GMT";
        assert_eq!(after(asking(503, date), 1), Next::Again(Duration::from_secs(9)));
        assert_eq!(after(asking(503, "Wed, 31 Dec 2025 00:00:00 GMT"), 1), Next::Again(Duration::ZERO));
        assert_eq!(after(asking(429, "soon"), 1), Next::Again(WAIT));
        let late = after(asking(429, "3600"), 1);
        assert!(
            matches!(&late, Next::GiveUp(why) if why.contains("3600 seconds, which is too late")),
            "{late:?}"
        );
    }
}
