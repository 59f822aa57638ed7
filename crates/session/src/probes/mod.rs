//! A few requests, each once, that hurt a service which sets no limits: only of services that are ours, and only when
//! asked for (`--probes`). They come after the experiment, whose memory they would blur. What they may send is bounded
//! here: a mebibyte of body, sixteen when unpacked, eight slow connections.

mod bodies;
mod page_sizes;
mod slow_clients;

use std::time::Duration;

use drip_drive::{Answer, Question, ask_once};
use drip_model::{Template, Vector, Weakness};

use crate::event::Event;
use crate::halt::Halt;
use crate::subject::Subject;

/// One request and its answer.
const TIME_MAX: Duration = Duration::from_secs(20);

/// What probes need.
pub(crate) struct Prober<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) vectors: &'a [Vector],
    pub(crate) seed: u64,
    pub(crate) halt: &'a Halt,
    pub(crate) on_event: &'a mut (dyn FnMut(Event) + Send),
}

impl Prober<'_> {
    /// All probes, the gentle ones first.
    pub(crate) async fn all(&mut self) -> Vec<Weakness> {
        let mut found = Vec::new();
        found.extend(self.page_sizes().await);
        found.extend(self.slow_clients().await);
        found.extend(self.bodies().await);
        found
    }

    /// The answer to one request, where it is a success.
    async fn success(&self, template: &Template) -> Option<Answer> {
        let subject = self.subject;
        let question = Question {
            origin: &subject.origin,
            endpoint: subject.endpoint.clone(),
            trust: &subject.trust,
            path: "/",
            time_max: TIME_MAX,
        };
        let answer = ask_once(&question, template, subject.protocol).await.ok()?;
        (200..300).contains(&answer.status).then_some(answer)
    }

    /// Whether nothing more may be asked: the run ends, or there is nobody left to ask.
    fn is_over(&self) -> bool {
        self.halt.reason().is_some() || self.subject.is_dead()
    }

    fn tell(&mut self, what: &'static str) {
        (self.on_event)(Event::Probe { what });
    }
}
