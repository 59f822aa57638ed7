//! Plays one dose: starts the users, ends the dose, adds up what they counted.

use std::convert::Infallible;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use drip_model::Tally;
use http::StatusCode;
use http::header::RETRY_AFTER;
use http::response::Parts;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::bounds::{ERROR_PAUSE, ERRORS_IN_A_ROW_MAX, LINGER, REQUEST_TIME_MAX, USERS_MAX};
use crate::connection::{Answered, Dial};
use crate::failure::Failure;
use crate::line::Line;
use crate::load::Load;
use crate::pace::{Pace, pause_until};
use crate::pulse::Pulse;
use crate::record::Record;
use crate::request::Blueprint;

/// Plays one dose and returns when it is over, nothing is in flight and every connection is closed.
///
/// It is over when its requests are sent, when its time has passed, when `stop` is cancelled, or after
/// [`ERRORS_IN_A_ROW_MAX`] errors without an answer in between. Requests in flight are finished, each within
/// its own time limit; after `stop` within [`LINGER`]. A load that cannot be played at all (an invalid template, TLS that cannot be set up)
/// gives a tally with that one error.
pub async fn play(load: &Load<'_>, pulse: &Pulse, stop: &CancellationToken) -> Tally {
    match Dose::new(load, pulse, stop) {
        Ok(dose) => dose.play(load, stop).await,
        Err(failure) => refused(failure),
    }
}

fn refused(failure: Failure) -> Tally {
    Tally { errors: [(failure.kind, 1)].into(), first_error: Some(failure.words), ..Tally::default() }
}

/// What the users of one dose share.
struct Dose {
    dial: Dial,
    blueprint: Blueprint,
    pace: Pace,
    request_time_max: Duration,
    first: u64,
    count: u64,
    /// Requests started so far.
    taken: AtomicU64,
    errors_in_a_row: AtomicU64,
    first_error: OnceLock<String>,
    pulse: Pulse,
    /// No new request starts once this is cancelled.
    over: CancellationToken,
    /// What is in flight is given up once this is cancelled.
    hurry: CancellationToken,
}

impl Dose {
    fn new(load: &Load<'_>, pulse: &Pulse, stop: &CancellationToken) -> Result<Self, Failure> {
        Ok(Self {
            dial: Dial::new(load.origin, load.address)?,
            blueprint: Blueprint::new(load.origin, load.template, load.seed)?,
            pace: Pace::new(load.rate)?,
            request_time_max: load.request_time_max.min(REQUEST_TIME_MAX),
            first: load.first,
            count: load.until.count(),
            taken: AtomicU64::new(0),
            errors_in_a_row: AtomicU64::new(0),
            first_error: OnceLock::new(),
            pulse: pulse.clone(),
            over: stop.child_token(),
            hurry: CancellationToken::new(),
        })
    }

    async fn play(self, load: &Load<'_>, stop: &CancellationToken) -> Tally {
        let start = Instant::now();
        let dose = Arc::new(self);
        let users_max = u32::try_from(dose.count).unwrap_or(u32::MAX).min(USERS_MAX);
        let mut users = JoinSet::new();
        for _ in 0..load.users.max(1).min(users_max) {
            users.spawn(user(Arc::clone(&dose)));
        }
        let all = tokio::select! {
            all = dose.watch(users, load.until.time_max()) => all,
            never = dose.hasten(stop) => match never {},
        };
        all.into_tally(start.elapsed(), dose.first_error.get().cloned())
    }

    /// Gives up what is in flight a moment after the dose was stopped from outside.
    async fn hasten(&self, stop: &CancellationToken) -> Infallible {
        stop.cancelled().await;
        sleep(LINGER).await;
        self.hurry.cancel();
        pending().await
    }

    /// Waits for all users, and ends the dose when its time has passed.
    async fn watch(&self, mut users: JoinSet<Record>, time_max: Duration) -> Record {
        let mut all = Record::new(self.request_time_max);
        let time = sleep(time_max);
        tokio::pin!(time);
        loop {
            tokio::select! {
                joined = users.join_next() => match joined {
                    Some(record) => all.add(&record.unwrap_or_else(raise)),
                    None => return all,
                },
                () = &mut time, if !self.over.is_cancelled() => self.over.cancel(),
            }
        }
    }

    /// Number and due time of the next request; `None` when the dose is over.
    async fn turn(&self) -> Option<(u64, Instant)> {
        let due = self.pace.turn(&self.over).await?;
        // A number is taken only when nothing can keep its request from being sent: numbers have no gaps.
        let taken = self.taken.fetch_add(1, Relaxed);
        if taken.saturating_add(1) >= self.count {
            self.over.cancel();
        }
        (taken < self.count).then(|| (self.first.wrapping_add(taken), due))
    }

    fn succeeded(&self, head: Option<&Parts>) {
        // Reading first keeps the users from writing to one cache line with each answer.
        if self.errors_in_a_row.load(Relaxed) > 0 {
            self.errors_in_a_row.store(0, Relaxed);
        }
        if let Some(time) = head.and_then(retry_after) {
            self.pace.pause(time);
        }
    }

    async fn failed(&self, failure: Failure) {
        self.first_error.get_or_init(|| failure.words);
        if self.errors_in_a_row.fetch_add(1, Relaxed) + 1 >= ERRORS_IN_A_ROW_MAX {
            self.over.cancel();
        }
        pause_until(Instant::now() + ERROR_PAUSE, &self.over).await;
    }
}

/// One user: asks, counts, asks again.
async fn user(dose: Arc<Dose>) -> Record {
    let mut record = Record::new(dose.request_time_max);
    let mut line = Line::new(&dose.dial, &dose.blueprint, dose.request_time_max);
    let hurry = dose.hurry.cancelled();
    tokio::pin!(hurry);
    while let Some((n, due)) = dose.turn().await {
        let outcome = tokio::select! {
            biased;
            outcome = asked(&dose, &mut line, n) => outcome,
            () = &mut hurry => Err(Failure::cut_short()),
        };
        if dose.hurry.is_cancelled() {
            line.abandon();
        }
        match outcome {
            Ok(answered) => {
                record.answer(&answered, due.elapsed());
                dose.succeeded(answered.head.as_ref());
            }
            Err(failure) => {
                record.error(failure.kind);
                dose.failed(failure).await;
            }
        }
    }
    line.close().await;
    record
}

async fn asked(dose: &Dose, line: &mut Line<'_>, n: u64) -> Result<Answered, Failure> {
    let in_flight = dose.pulse.begin();
    let outcome = line.ask(n).await;
    if outcome.is_ok() {
        in_flight.complete();
    }
    outcome
}

/// The wait that the service asks for, in the form that counts seconds.
fn retry_after(head: &Parts) -> Option<Duration> {
    let asks = matches!(head.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let value = asks.then(|| head.headers.get(RETRY_AFTER)).flatten()?;
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// A panic of a user is a bug of ours; it goes on where it can be seen.
fn raise(error: JoinError) -> Record {
    resume_unwind(error.into_panic())
}
