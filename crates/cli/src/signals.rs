//! Ctrl-C and TERM: the first ends the run with a report, the second ends us at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit;

/// What the user asked for while we worked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interruption {
    /// Cancelled by the first signal.
    pub(crate) stop: CancellationToken,
    code: Arc<AtomicU8>,
}

impl Interruption {
    /// The exit code of the signal that came, if one came.
    pub(crate) fn code(&self) -> Option<u8> {
        Some(self.code.load(Ordering::SeqCst)).filter(|code| *code != 0)
    }

    /// Works while signals are heard; the one place that builds a runtime for it.
    pub(crate) fn attend<T>(&self, work: impl Future<Output = T>) -> std::io::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            tokio::select! {
                done = work => Ok(done),
                failed = self.listen() => failed.map(|never| match never {}),
            }
        })
    }

    /// Listens for as long as it is polled.
    pub(crate) async fn listen(&self) -> std::io::Result<std::convert::Infallible> {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        loop {
            let code = tokio::select! {
                _ = interrupt.recv() => exit::INTERRUPTED,
                _ = terminate.recv() => exit::TERMINATED,
            };
            if self.stop.is_cancelled() {
                leave(code);
            }
            self.code.store(code, Ordering::SeqCst);
            self.stop.cancel();
        }
    }
}

/// The service is not left behind: the guard stops it as soon as our end of its pipe closes.
#[expect(clippy::exit, reason = "the second signal means now")]
fn leave(code: u8) -> ! {
    std::process::exit(code.into())
}
