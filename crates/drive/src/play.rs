//! The door to the engine: what is asynchronous outside runs on a thread of its own inside.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use drip_model::Tally;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::dose::Dose;
use crate::engine::{Control, Crew, Played};
use crate::failure::Failure;
use crate::load::Load;
use crate::pulse::Pulse;

/// Plays one dose and returns when it is over, nothing is in flight and every connection is closed.
///
/// It is over when its requests are sent, when its time has passed, when `stop` is cancelled, or after
/// [`crate::ERRORS_IN_A_ROW_MAX`] errors without an answer in between. Requests in flight are finished, each within
/// its own time limit; after `stop` within [`crate::LINGER`]. A load that cannot be played at all (an invalid
/// template, TLS that cannot be set up) gives a tally with that one error.
///
/// It has threads of its own, which are gone when this returns or is dropped.
pub async fn play(load: &Load<'_>, pulse: &Pulse, stop: &CancellationToken) -> Tally {
    played(Dose::new(load), pulse, stop).await.tally
}

pub(crate) async fn played(dose: Result<Dose, Failure>, pulse: &Pulse, stop: &CancellationToken) -> Played {
    match dose.and_then(|dose| Crew::new(dose, pulse)).and_then(Playing::begin) {
        Ok(playing) => playing.end(stop).await,
        Err(failure) => Played { tally: refused(failure), ..Played::default() },
    }
}

fn refused(failure: Failure) -> Tally {
    Tally {
        errors: [(failure.kind, 1)].into(),
        examples: [(failure.kind, failure.words.clone())].into(),
        first_error: Some(failure.words),
        ..Tally::default()
    }
}

/// A dose under way. Dropping it ends it.
pub(crate) struct Playing {
    control: Arc<Control>,
    played: oneshot::Receiver<Played>,
    thread: Option<JoinHandle<()>>,
}

impl Playing {
    pub(crate) fn begin(crew: Crew) -> Result<Self, Failure> {
        let control = crew.control();
        let (tell, played) = oneshot::channel();
        let thread = thread::Builder::new().name("drip-drive".into()).spawn(move || {
            // Nobody may be left to hear it.
            let _ = tell.send(crew.run());
        });
        let thread = thread.map_err(|error| Failure::our_side(format!("starting a thread: {error}")))?;
        Ok(Self { control, played, thread: Some(thread) })
    }

    /// Waits until the dose is over.
    pub(crate) async fn end(mut self, stop: &CancellationToken) -> Played {
        let told = tokio::select! {
            told = &mut self.played => told,
            () = stop.cancelled() => {
                self.control.stop();
                (&mut self.played).await
            }
        };
        self.join();
        told.expect("a thread that did not panic has told what it played")
    }

    fn join(&mut self) {
        // A panic of the engine is a bug of ours; it goes on where it can be seen.
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            resume_unwind(panic);
        }
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.control.abandon();
            // The loop turns at once. Its panic, if any, has been printed, and a drop must not start another.
            let _ = thread.join();
        }
    }
}
