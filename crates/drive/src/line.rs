//! One user's line to the service: a connection that is kept, opened again when it must be, and a time limit
//! for each request.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::connection::{Answered, Connection, Dial};
use crate::failure::Failure;
use crate::request::Blueprint;

pub(crate) struct Line<'a> {
    dial: &'a Dial,
    blueprint: &'a Blueprint,
    request_time_max: Duration,
    connection: Option<Connection>,
    /// One timer for all requests of the line: moving it is cheaper than making one for each.
    deadline: Pin<Box<Sleep>>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(dial: &'a Dial, blueprint: &'a Blueprint, request_time_max: Duration) -> Self {
        let deadline = Box::pin(tokio::time::sleep(request_time_max));
        Self { dial, blueprint, request_time_max, connection: None, deadline }
    }

    /// Sends the `n`-th request and reads its answer, within the time for one request.
    pub(crate) async fn ask(&mut self, n: u64) -> Result<Answered, Failure> {
        let mut answered = Answered::default();
        self.deadline.as_mut().reset(Instant::now() + self.request_time_max);
        let attempt = attempt(&mut self.connection, self.dial, self.blueprint, n, &mut answered);
        let in_time = tokio::select! {
            biased;
            result = attempt => Some(result),
            () = &mut self.deadline => None,
        };
        self.settle(in_time, answered)
    }

    fn settle(
        &mut self,
        in_time: Option<Result<(), Failure>>,
        mut answered: Answered,
    ) -> Result<Answered, Failure> {
        let result = in_time.unwrap_or_else(|| {
            answered.cut = true;
            // A head without the end of its body is an answer that goes on; we only stop listening.
            answered.head.as_ref().map(|_| ()).ok_or_else(|| Failure::timeout(self.request_time_max))
        });
        if result.is_err() || answered.cut {
            self.connection = None;
        }
        result.map(|()| answered)
    }

    /// Leaves an exchange in the middle.
    pub(crate) fn abandon(&mut self) {
        self.connection = None;
    }

    pub(crate) async fn close(self) {
        if let Some(connection) = self.connection {
            connection.close().await;
        }
    }
}

/// One exchange, on the kept connection if it is still open, else on a new one.
///
/// A service may close a kept connection just when we send on it. That is a race and no fault of its own, so
/// the request is sent once more on a new connection if no byte of an answer came.
async fn attempt(
    kept: &mut Option<Connection>,
    dial: &Dial,
    blueprint: &Blueprint,
    n: u64,
    answered: &mut Answered,
) -> Result<(), Failure> {
    if let Some(connection) = kept
        && connection.is_open().await
    {
        match connection.exchange(blueprint.request(n)?, answered).await {
            Err(failure) if failure.unanswered => {}
            result => return result,
        }
    }
    let connection = kept.insert(dial.connect().await?);
    connection.exchange(blueprint.request(n)?, answered).await
}
