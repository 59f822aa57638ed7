//! A description that the service publishes and nobody asked for: looked for when everything else is done, so that it
//! changes no reading.

use std::time::Duration;

use drip_drive::fetch;
use tokio::time::timeout;

use crate::event::Event;
use crate::halt::Halt;
use crate::job::{Describes, Job};
use crate::subject::Subject;
use crate::telemetry::is_this_machine;

/// All places together: a service that hangs here costs no more.
const TIME_MAX: Duration = Duration::from_secs(2);
/// Of one that is larger nothing is told.
const BYTES_MAX: usize = 4 << 20;

/// Tells of a description, of a service on this machine; strangers' services are not searched.
pub(crate) async fn look(job: &Job, subject: &Subject, halt: &Halt) -> Option<Event> {
    let is_wanted = is_this_machine(&subject.endpoint) && halt.reason().is_none();
    let describes = job.describes.filter(|_| is_wanted)?;
    timeout(TIME_MAX, first(describes, subject)).await.ok()?
}

async fn first(describes: Describes, subject: &Subject) -> Option<Event> {
    let Subject { origin, endpoint, trust, .. } = subject;
    for path in describes.places {
        let Ok(page) = fetch(origin, endpoint.clone(), trust, path, BYTES_MAX).await else { continue };
        let endpoints = (describes.endpoints)(path, &page);
        if endpoints > 0 {
            return Some(Event::Described { path, endpoints });
        }
    }
    None
}
