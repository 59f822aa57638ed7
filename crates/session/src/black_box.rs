//! The experiment for a service whose memory cannot be seen: pairs of a request and a control on one connection, one
//! user, as long as half of the budget lasts; again with the other half where that could confirm a suspicion.

use std::time::{Duration, Instant};

use drip_drive::{Paired, Until, play_pairs};
use drip_judge::{needs_second_run, symptoms};
use drip_model::{Pair, Template, Text};

use crate::bench::Bench;
use crate::event::Event;
use crate::trial::Trial;

/// Enough for a leak to multiply what a service holds; more would take long and tell little.
const PAIRS: u64 = 40_000;
/// A run leaves as much time, and as many requests, for a second one.
const SHARE: u32 = 2;
/// Nobody has it, so that it costs the service next to nothing; always the same, so that it fills no cache.
const CONTROL_PATH: &str = "/drip-control-nothing-is-here";

impl Bench<'_> {
    /// Looks for symptoms of each vector in turn, with its share of the time.
    pub(crate) async fn black_boxes(&mut self, trials: &mut [Trial<'_>]) {
        let (whole, all) = (self.deadline, u32::try_from(trials.len()).unwrap_or(u32::MAX));
        for (waiting, trial) in (1..=all).rev().zip(trials) {
            self.deadline = Instant::now() + whole.saturating_duration_since(Instant::now()) / waiting;
            self.black_box(trial).await;
        }
    }

    async fn black_box(&mut self, trial: &mut Trial<'_>) {
        if self.halted() {
            return;
        }
        let mut runs = vec![self.pairs(trial, 1, SHARE).await];
        if needs_second_run(&runs[0]) && !self.halted() {
            let question = "pauses became longer; a second run would tell whether they stay so".to_owned();
            (self.on_event)(Event::Open { question });
            runs.push(self.pairs(trial, 2, 1).await);
        }
        trial.symptoms = symptoms(&runs.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    /// One run, with its part of what is left.
    async fn pairs(&mut self, trial: &mut Trial<'_>, planned: usize, share: u32) -> Vec<Pair> {
        let endpoint = trial.vector.endpoint.clone();
        (self.on_event)(Event::Dose { endpoint, done: trial.doses, planned });
        let time_max = self.time_left() / share;
        self.asked = Some(trial.vector.id);
        let Paired { pairs, tally } = self.play_pairs(trial, self.pairs_left(trial, share), time_max).await;
        self.next += tally.sent();
        trial.count(&tally);
        pairs
    }

    /// Two requests each, both of which count where requests are counted.
    fn pairs_left(&self, trial: &Trial<'_>, share: u32) -> u64 {
        let allowed = self.requests_share.map_or(u64::MAX, |max| max / 2);
        (allowed.saturating_sub(trial.sent) / u64::from(share)).min(PAIRS)
    }

    async fn play_pairs(&self, trial: &Trial<'_>, count: u64, time_max: Duration) -> Paired {
        let load = self.load(trial, Until::Requests { count, time_max }, None);
        let control = control(&trial.vector.template);
        tokio::select! {
            paired = play_pairs(&load, &control, &self.pulse, self.halt.token()) => paired,
            () = self.watch_exit() => unreachable!("the watch never ends by itself"),
        }
    }
}

/// What is asked beside the tested request. It goes to the same host, whichever the tested one names.
fn control(tested: &Template) -> Template {
    let host = tested.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    Template {
        method: "GET".to_owned(),
        target: Text::literal(CONTROL_PATH),
        headers: host.cloned().collect(),
        ..Template::default()
    }
}
