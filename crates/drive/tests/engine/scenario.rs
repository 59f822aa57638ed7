//! A load with sensible settings, of which a test changes what it is about.

use std::net::SocketAddr;
use std::time::Duration;

use drip_drive::{Arrivals, Endpoint, Load, Model, Pulse, Trust, Until, play};
use drip_model::{Body, Conduct, Origin, Part, Protocol, Scheme, Slot, Tally, Template, Text};
use tokio_util::sync::CancellationToken;

pub(crate) struct Scenario {
    pub(crate) scheme: Scheme,
    pub(crate) address: SocketAddr,
    pub(crate) endpoint: Endpoint,
    pub(crate) template: Template,
    pub(crate) first: u64,
    pub(crate) until: Until,
    pub(crate) users: u32,
    pub(crate) threads: u32,
    pub(crate) model: Model,
    pub(crate) conduct: Conduct,
    pub(crate) protocol: Protocol,
    pub(crate) trust: Trust,
    pub(crate) request_time_max: Duration,
}

impl Scenario {
    pub(crate) fn new(address: SocketAddr, users: u32, count: u64) -> Self {
        Self {
            scheme: Scheme::Http,
            address,
            endpoint: address.into(),
            template: get(Text::literal("/")),
            first: 0,
            until: Until::Requests { count, time_max: Duration::from_secs(20) },
            users,
            threads: 1,
            model: Model::Closed,
            conduct: Conduct::Polite,
            protocol: Protocol::Http1,
            trust: Trust::default(),
            request_time_max: Duration::from_secs(10),
        }
    }

    pub(crate) async fn play(&self) -> Tally {
        self.play_until(&Pulse::default(), &CancellationToken::new()).await
    }

    pub(crate) async fn play_until(&self, pulse: &Pulse, stop: &CancellationToken) -> Tally {
        let origin = self.origin();
        let load = Load {
            origin: &origin,
            endpoint: self.endpoint.clone(),
            template: &self.template,
            seed: 7,
            first: self.first,
            until: self.until,
            users: self.users,
            threads: self.threads,
            model: self.model.clone(),
            conduct: self.conduct,
            protocol: self.protocol,
            trust: &self.trust,
            request_time_max: self.request_time_max,
        };
        play(&load, pulse, stop).await
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin { scheme: self.scheme, host: self.address.ip().to_string(), port: self.address.port() }
    }
}

pub(crate) fn get(target: Text) -> Template {
    Template { method: "GET".into(), target, headers: Vec::new(), body: Body::None }
}

/// This many requests per second, whatever the service does.
pub(crate) fn constant(rate: f64) -> Model {
    Model::Open(Arrivals::constant(rate))
}

/// `/{n}`.
pub(crate) fn numbered() -> Template {
    get(Text(vec![Part::Literal(b"/".to_vec()), Part::Slot(Slot::Counter)]))
}
