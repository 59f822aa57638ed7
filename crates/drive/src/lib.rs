//! Plays requests at one service and counts what came back.
//!
//! The address is resolved and pinned by the caller; this crate connects to nothing else, follows no redirect
//! and never reads memory nor judges. It takes a [`Load`] and gives a [`drip_model::Tally`]; only a [`Pulse`]
//! is shared while it runs. Between two calls no socket and no task of ours is left.

mod agenda;
mod answer;
mod arrivals;
mod bounds;
mod dose;
mod engine;
mod failure;
mod fetch;
mod http2;
mod line;
mod load;
mod made;
mod pace;
mod pairs;
mod play;
mod poll;
mod probe;
mod proxy;
mod pulse;
mod record;
mod request;
mod socket;
mod stream;
mod tls;
mod trust;
mod tunnel;

pub use arrivals::{Arrivals, Piece, Spacing};
pub use bounds::{
    BODY_BYTES_MAX, DOWN_TIME_MAX, ERROR_PAUSE, ERRORS_IN_A_ROW_MAX, HEAD_BYTES_MAX, HEADERS_MAX, LINGER,
    MADE_MAX, PAIRS_MAX, REQUEST_TIME_MAX, RETRY_AFTER_MAX, STREAMS_MAX, THREADS_MAX, USERS_MAX,
};
pub use fetch::{FetchError, fetch};
pub use load::{Endpoint, Load, Model, Until};
pub use made::{Noted, play_noting};
pub use pairs::{Paired, play_pairs};
pub use play::play;
pub use probe::{Answer, ProbeError, Question, Versions, ask_once, probe};
pub use proxy::{Proxies, Proxy, ProxyUrl};
pub use pulse::Pulse;
pub use stream::{Stream, connect};
pub use trust::{Identity, Roots, Trust};
