//! What a dose has made is deleted again before memory is read, where it is known how: rows that a service is meant to
//! keep are then no growth.

use std::time::Duration;

use drip_drive::{Load, MADE_MAX, Model, Noted, Pulse, Until, play, play_noting};
use drip_model::{Conduct, Expected, Tally, Undo, Undone};

use crate::bench::{Bench, Dose};
use crate::trial::Trial;

/// So many are deleted as one load.
const AT_ONCE_MAX: usize = MADE_MAX / 10;
/// Deleting may take so many times as long as making.
const PATIENCE: u32 = 10;

impl Bench<'_> {
    /// How a trial's requests are undone. Memory that is never at rest is read while things are there.
    pub(crate) fn undo<'a>(&self, trial: &Trial<'a>) -> Option<&'a Undo> {
        trial.vector.undo.as_ref().filter(|_| !self.settings().continuous)
    }

    /// Plays a dose and deletes what it made. What the deletions took counts as time of the dose, and nothing else of
    /// them.
    pub(crate) async fn play_and_undo(&mut self, trial: &mut Trial<'_>, dose: Dose, undo: &Undo) -> Tally {
        let Noted { mut tally, made } = self.play_noting(trial, dose, undo).await;
        let undone =
            trial.undone.get_or_insert_with(|| Undone { by: undo.endpoint.clone(), made: 0, deleted: 0 });
        undone.made += tally.successes(Expected::Success);
        for some in made.chunks(AT_ONCE_MAX) {
            let time_max = (tally.busy * PATIENCE).max(self.dose);
            let deleted = self.delete(trial, undo, some, time_max).await;
            tally.busy += deleted.busy;
            if let Some(undone) = &mut trial.undone {
                undone.deleted += deleted.successes(Expected::Success);
            }
        }
        tally
    }

    async fn play_noting(&self, trial: &Trial<'_>, dose: Dose, undo: &Undo) -> Noted {
        let load = self.load(trial, dose.until, dose.rate);
        tokio::select! {
            noted = play_noting(&load, undo, &self.pulse, self.halt.token()) => noted,
            () = self.watch_exit() => unreachable!("the watch never ends by itself"),
            () = self.sample(trial) => unreachable!("the sampler never ends by itself"),
        }
    }

    async fn delete(&self, trial: &Trial<'_>, undo: &Undo, made: &[String], time_max: Duration) -> Tally {
        let template = undo.template(made);
        let until = Until::Requests { count: made.len() as u64, time_max };
        let usual = self.load(trial, until, None);
        let load = Load { template: &template, model: Model::Closed, conduct: Conduct::Polite, ..usual };
        let apart = Pulse::default();
        tokio::select! {
            tally = play(&load, &apart, self.halt.token()) => tally,
            () = self.watch_exit() => unreachable!("the watch never ends by itself"),
        }
    }
}
