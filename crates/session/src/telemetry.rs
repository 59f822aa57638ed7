//! What the service tells strangers of itself: looked for once, before the first request. Where its memory cannot be seen,
//! what it tells of it is read as well as can be.

use std::time::Duration;

use drip_drive::{Endpoint, Trust, fetch};
use drip_meter::telemetry::{Figures, TELEMETRY, Telemetry};
use drip_model::{Exposure, Origin, Weakness};
use tokio::time::sleep;

use crate::halt::Halt;
use crate::job::{Job, Place};
use crate::subject::Subject;

/// Metrics of a large service are a few hundred kilobytes.
const PAGE_BYTES_MAX: usize = 1 << 20;
/// Between two pages, on a host that is not this machine.
const PAUSE: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) weaknesses: Vec<Weakness>,
    /// A page that tells of memory, and what it told.
    pub(crate) teller: Option<(Teller, Figures)>,
}

/// A page by which the service tells how much memory it has.
pub(crate) struct Teller {
    origin: Origin,
    endpoint: Endpoint,
    trust: Trust,
    path: &'static str,
    figures: fn(&str) -> Option<Figures>,
}

impl Teller {
    /// `GET /metrics`.
    pub(crate) fn name(&self) -> String {
        format!("GET {}", self.path)
    }

    /// What it tells now.
    pub(crate) async fn ask(&self) -> Result<Figures, String> {
        let page = page((&self.origin, &self.endpoint, &self.trust), self.path).await?;
        (self.figures)(&page).ok_or_else(|| format!("{} told nothing of memory", self.name()))
    }
}

/// Asks for each page that services usually have. Only of a service that runs already, on this machine or on a host that
/// the user owns: a service that we start is not where strangers reach it, and strangers' services are not probed.
pub(crate) async fn look(job: &Job, subject: &Subject, halt: &Halt) -> Shown {
    let is_local = is_this_machine(&subject.endpoint);
    let is_ours = is_local || subject.settings.owned_host.as_deref() == Some(&subject.origin.host);
    let mut shown = Shown::default();
    if !is_ours || !matches!(job.place, Place::Running { .. }) {
        return shown;
    }
    for (kind, path) in TELEMETRY.iter().flat_map(|kind| kind.paths.iter().map(move |path| (kind, path))) {
        if halt.reason().is_some() {
            break;
        }
        if let Ok(page) = page((&subject.origin, &subject.endpoint, &subject.trust), path).await {
            shown.note(kind, path, &page, subject, is_local);
        }
        if !is_local {
            sleep(PAUSE).await;
        }
    }
    shown
}

impl Shown {
    fn note(
        &mut self,
        kind: &'static Telemetry,
        path: &'static str,
        page: &str,
        subject: &Subject,
        is_local: bool,
    ) {
        let Some(severity) = (kind.exposes)(page) else { return };
        let path_shown = path.to_owned();
        let exposure = Exposure { path: path_shown, what: kind.what, severity, is_local };
        self.weaknesses.push(Weakness::Exposed(exposure));
        if let Some(figures) = (kind.figures)(page).filter(|_| self.teller.is_none()) {
            let Subject { origin, endpoint, trust, .. } = subject;
            let (origin, endpoint, trust) = (origin.clone(), endpoint.clone(), trust.clone());
            self.teller = Some((Teller { origin, endpoint, trust, path, figures: kind.figures }, figures));
        }
    }
}

/// A proxy may lead anywhere.
pub(crate) fn is_this_machine(endpoint: &Endpoint) -> bool {
    match endpoint {
        Endpoint::Tcp(address) => address.ip().to_canonical().is_loopback(),
        Endpoint::Unix(_) => true,
        Endpoint::Proxy(_) => false,
    }
}

async fn page((origin, endpoint, trust): (&Origin, &Endpoint, &Trust), path: &str) -> Result<String, String> {
    let bytes = fetch(origin, endpoint.clone(), trust, path, PAGE_BYTES_MAX).await;
    let bytes = bytes.map_err(|error| format!("{path}: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
