//! What all requests of one dose have in common, made once and checked before anything is sent.

use std::time::Duration;

use drip_model::{Conduct, Protocol, Scheme, Template, Undo};

use crate::bounds::{PAIRS_MAX, REQUEST_TIME_MAX, SLOW_READ_BYTES, THREADS_MAX, USERS_MAX};
use crate::failure::Failure;
use crate::http2::Letters;
use crate::load::{Endpoint, Load, Model};
use crate::request::{Blueprint, Way};
use crate::tls::Tls;

/// What HTTP/2 has no words for.
const NO_HALF_OPEN: &str = "a half-open connection is none of HTTP/2's: every request ends its own direction of its \
                            stream there; use --http 1.1 for this pattern";

/// What proxies have no words for.
const NO_PROXY: &str = "HTTP/2 without TLS does not go through a proxy; use --http 1.1, or --no-proxy";

#[derive(Debug)]
pub(crate) struct Dose {
    pub(crate) endpoint: Endpoint,
    pub(crate) tls: Option<Tls>,
    pub(crate) blueprint: Blueprint,
    /// What is asked beside each request, if they come in pairs.
    pub(crate) control: Option<Blueprint>,
    /// The same requests in HTTP/2's terms, if it is spoken.
    pub(crate) letters: Option<Letters>,
    pub(crate) control_letters: Option<Letters>,
    pub(crate) model: Model,
    pub(crate) conduct: Conduct,
    pub(crate) seed: u64,
    pub(crate) first: u64,
    /// Requests, controls included.
    pub(crate) count: u64,
    pub(crate) time_max: Duration,
    pub(crate) request_time_max: Duration,
    pub(crate) users: usize,
    /// Threads that the users are shared out to; never more than there are users.
    pub(crate) threads: usize,
    /// Whether a request is tried on a connection that may not stand yet.
    pub(crate) sends_at_once: bool,
    /// How much the system may hold that a slow reader has not read.
    pub(crate) receive_bytes: Option<usize>,
    /// Heads of answers are kept, and the beginnings of their bodies; the last one is told.
    pub(crate) keeps_heads: bool,
    /// What was made is noted, as far as this says how it is deleted.
    pub(crate) undo: Option<Undo>,
}

impl Dose {
    pub(crate) fn new(load: &Load<'_>) -> Result<Self, Failure> {
        let tls = match load.origin.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Tls::new(load.origin, load.trust, load.protocol)?),
        };
        if load.protocol == Protocol::Http2 && load.conduct == Conduct::HalfOpen {
            return Err(Failure::our_side(NO_HALF_OPEN));
        }
        if load.protocol == Protocol::Http2 && way(load).proxy.is_some() {
            return Err(Failure::our_side(NO_PROXY));
        }
        let count = load.until.count();
        let users_max = u32::try_from(count).unwrap_or(u32::MAX).min(USERS_MAX);
        let users = load.users.min(users_max).max(1);
        Ok(Self {
            endpoint: load.endpoint.clone(),
            tls,
            blueprint: Blueprint::new(load.origin, load.template, load.seed, &way(load))?,
            control: None,
            letters: letters(load, load.template)?,
            control_letters: None,
            model: load.model.clone(),
            conduct: load.conduct,
            seed: load.seed,
            first: load.first,
            count,
            time_max: load.until.time_max(),
            request_time_max: load.request_time_max.min(REQUEST_TIME_MAX),
            users: users as usize,
            threads: load.threads.clamp(1, users.min(THREADS_MAX)) as usize,
            sends_at_once: load.origin.scheme == Scheme::Http
                && matches!(load.conduct, Conduct::Polite | Conduct::FreshConnection),
            receive_bytes: matches!(load.conduct, Conduct::SlowRead(_)).then_some(SLOW_READ_BYTES),
            keeps_heads: false,
            undo: None,
        })
    }

    /// One user, who asks a control beside each request.
    pub(crate) fn of_pairs(load: &Load<'_>, control: &Template) -> Result<Self, Failure> {
        let control_letters = letters(load, control)?;
        let control = Blueprint::new(load.origin, control, load.seed, &way(load))?;
        let count = load.until.count().min(PAIRS_MAX) * 2;
        Ok(Self { control: Some(control), control_letters, count, users: 1, threads: 1, ..Self::new(load)? })
    }

    /// The request or its control.
    pub(crate) const fn blueprint(&self, is_control: bool) -> &Blueprint {
        match &self.control {
            Some(control) if is_control => control,
            _ => &self.blueprint,
        }
    }

    /// The request or its control, over HTTP/2.
    pub(crate) fn letters(&self, is_control: bool) -> &Letters {
        let control = self.control_letters.as_ref().filter(|_| is_control);
        control.or(self.letters.as_ref()).expect("only a dose over HTTP/2 asks for them")
    }
}

/// Which of the threads of a dose this is, counted from zero, and of how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) index: usize,
    pub(crate) of: usize,
}

impl Part {
    /// How many of the users are this thread's.
    pub(crate) fn share(self, users: usize) -> usize {
        users / self.of + usize::from(self.index < users % self.of)
    }
}

/// Under TLS a proxy sees nothing of the request.
fn way<'a>(load: &'a Load<'_>) -> Way<'a> {
    let proxy = load.endpoint.proxy().filter(|_| load.origin.scheme == Scheme::Http);
    Way { is_fresh: load.conduct == Conduct::FreshConnection, proxy }
}

fn letters(load: &Load<'_>, template: &Template) -> Result<Option<Letters>, Failure> {
    let speaks = load.protocol == Protocol::Http2;
    speaks.then(|| Letters::new(load.origin, template, load.seed)).transpose()
}
