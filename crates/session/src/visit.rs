//! A service that is only looked at: started or found, and stopped again if we started it.

use drip_model::Origin;
use tokio_util::sync::CancellationToken;

use crate::halt::{Halt, interrupted};
use crate::job::Job;
use crate::subject::{Subject, open};
use crate::trouble::Trouble;

/// Lets somebody look at a service while it answers.
///
/// # Errors
/// When the service could not be started, did not answer, or could not be stopped; when somebody interrupted it.
pub async fn visit<T>(
    job: &Job,
    stop: &CancellationToken,
    look: impl AsyncFnOnce(&Origin) -> T,
) -> Result<T, Trouble> {
    visited(job, stop, async |subject| look(&subject.origin).await).await
}

/// The same for who looks at more of it than where it answers.
pub(crate) async fn visited<T>(
    job: &Job,
    stop: &CancellationToken,
    look: impl AsyncFnOnce(&Subject) -> T,
) -> Result<T, Trouble> {
    let halt = Halt::default();
    let work = async {
        let subject = open(job, &halt, &mut |_| ()).await?;
        let seen = tokio::select! {
            seen = look(&subject) => Ok(seen),
            () = halt.token().cancelled() => Err(Trouble::Interrupted),
        };
        end(subject).await?;
        seen
    };
    tokio::select! {
        seen = work => seen,
        never = interrupted(stop, &halt) => match never {},
    }
}

async fn end(subject: Subject) -> Result<(), Trouble> {
    match subject.service {
        Some(service) => Ok(service.stop().await?),
        None => Ok(()),
    }
}
