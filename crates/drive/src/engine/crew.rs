//! The engines of one dose, each with a thread and its share of the users, and what they have counted together.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use drip_model::{Pair, Tally};

use super::{Control, Counted, Engine};
use crate::dose::{Dose, Part};
use crate::failure::Failure;
use crate::poll::Poll;
use crate::pulse::Pulse;

/// What came of a dose.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) tally: Tally,
    /// The head of the first user's last answer, if the dose keeps heads.
    pub(crate) head: Option<Vec<u8>>,
    /// Every pair in order, if the dose is one of pairs.
    pub(crate) pairs: Vec<Pair>,
    /// What was made, if the dose notes it.
    pub(crate) made: Vec<String>,
}

pub(crate) struct Crew {
    control: Arc<Control>,
    engines: Vec<Engine>,
}

impl Crew {
    pub(crate) fn new(dose: Dose, pulse: &Pulse) -> Result<Self, Failure> {
        let of = dose.threads;
        let polls = (0..of).map(|_| Poll::new()).collect::<Result<Vec<_>, _>>();
        let polls = polls.map_err(|error| Failure::our_side(format!("waiting for sockets: {error}")))?;
        let (polls, bells): (Vec<_>, Vec<_>) = polls.into_iter().unzip();
        let (dose, control, start) = (Arc::new(dose), Arc::new(Control::new(bells)), Instant::now());
        let engine = |(index, poll)| Engine::new(&dose, Part { index, of }, &control, poll, pulse, start);
        let engines = polls.into_iter().enumerate().map(engine).collect::<Result<_, _>>()?;
        Ok(Self { control, engines })
    }

    pub(crate) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    /// Plays the dose, on this thread and on as many others as are wanted. When it returns, they are gone and every
    /// connection is closed.
    pub(crate) fn run(self) -> Played {
        let mut engines = self.engines.into_iter();
        let Some(first) = engines.next() else { return Played::default() };
        thread::scope(|scope| {
            let thread = || thread::Builder::new().name("drip-drive".into());
            let started = |engine: Engine| thread().spawn_scoped(scope, || engine.run());
            let others: Vec<_> = engines.map(started).collect();
            let mut counted = first.run();
            for other in others {
                match other {
                    Ok(thread) => counted.add(joined(thread)),
                    Err(error) => {
                        counted.record.error(Failure::our_side(format!("starting a thread: {error}")))
                    }
                }
            }
            counted.into_played()
        })
    }
}

/// A panic of an engine is a bug of ours; it goes on where it can be seen.
fn joined(thread: ScopedJoinHandle<'_, Counted>) -> Counted {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
