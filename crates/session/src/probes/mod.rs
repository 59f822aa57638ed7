//! A few requests, each once, that hurt a service which sets no limits: only of services that are ours, and only when
//! asked for (`--probes`). They come after the experiment, whose memory they would blur. What they may send is bounded
//! here: a mebibyte of body, sixteen when unpacked, eight slow connections.

mod bodies;
mod page_sizes;
mod slow_clients;

use drip_model::{Vector, Weakness};

use crate::event::Event;
use crate::halt::Halt;
use crate::subject::Subject;

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

    /// Whether nothing more may be asked: the run ends, or there is nobody left to ask.
    fn is_over(&self) -> bool {
        self.halt.reason().is_some() || self.subject.is_dead()
    }

    fn tell(&mut self, what: &'static str) {
        (self.on_event)(Event::Probe { what });
    }
}
