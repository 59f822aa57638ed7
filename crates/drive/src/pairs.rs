//! Pairs of a request and a control, one after the other on one connection, with the latency of each pair in order.
//!
//! What [`crate::play`] gives is counts; whoever looks for pauses of a service needs every latency in its place. One
//! user only: with several, each would see the queue that the others make.

use drip_model::{Pair, Tally, Template};
use tokio_util::sync::CancellationToken;

use crate::dose::Dose;
use crate::load::Load;
use crate::play::played;
use crate::pulse::Pulse;

/// What came of a run of pairs.
#[derive(Debug, Default)]
pub struct Paired {
    /// Every pair, in order.
    pub pairs: Vec<Pair>,
    /// The requests under test; controls are counted by the pulse alone.
    pub tally: Tally,
}

/// Plays pairs: the load's request and a control, in random order, until the load is over, `stop` is cancelled, or
/// the service has been down for [`crate::DOWN_TIME_MAX`].
///
/// Of the load, `users` does not count; its requests are pairs, at most [`crate::PAIRS_MAX`], and its rate is that
/// of both requests together, which a slow answer delays rather than crowds. All else is as with [`crate::play`].
pub async fn play_pairs(
    load: &Load<'_>,
    control: &Template,
    pulse: &Pulse,
    stop: &CancellationToken,
) -> Paired {
    let played = played(Dose::of_pairs(load, control), pulse, stop).await;
    Paired { pairs: played.pairs, tally: played.tally }
}
