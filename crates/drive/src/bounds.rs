//! Every bound of this crate by its name. Nothing here is a setting.

use std::time::Duration;

/// Most users of one load; more are reduced to this.
pub const USERS_MAX: u32 = 10_000;

/// Most threads of one load; more are reduced to this, and never more than users.
pub const THREADS_MAX: u32 = 64;

/// Most bytes of a body that are read. What is longer is cut, and its connection is dropped.
pub const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// Most bytes of an answer's head.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Most headers of an answer.
pub const HEADERS_MAX: usize = 256;

/// Most bytes of the line that gives a chunk's size.
pub(crate) const CHUNK_LINE_BYTES_MAX: usize = 4096;

/// Longest time that one request may be given; a longer wish is reduced to this.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(3600);

/// What requests in flight get after a dose was stopped from outside; at its own end, they get their whole time.
pub const LINGER: Duration = Duration::from_secs(1);

/// Longest wait that a `Retry-After` of the service can cause.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);

/// Pause of a user after an error, so that a dead service is not asked in a hot loop.
pub const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// Errors over all users without an answer in between that end a dose early.
pub const ERRORS_IN_A_ROW_MAX: u64 = 1000;

/// Most pairs of one run.
pub const PAIRS_MAX: u64 = 100_000;

/// Most things that one dose may make where they are deleted again afterwards.
pub const MADE_MAX: usize = 20_000;

/// Longest name of such a thing.
pub(crate) const MADE_NAME_BYTES_MAX: usize = 256;

/// What is kept of a body that may tell such a name.
pub(crate) const BODY_KEPT_BYTES_MAX: usize = 8 * 1024;

/// Pause of a run of pairs after a request that found the service down.
pub(crate) const DOWN_PAUSE: Duration = Duration::from_millis(100);

/// A service that is down for so long does not come back. Errors are further apart than [`DOWN_PAUSE`], so that it
/// comes before [`ERRORS_IN_A_ROW_MAX`] of them.
pub const DOWN_TIME_MAX: Duration = Duration::from_secs(60);

/// Longest distance between two requests that a rate can mean.
pub(crate) const INTERVAL_MAX: Duration = Duration::from_secs(86_400);

/// Highest rate, in requests per second: one for each nanosecond of the clock.
pub(crate) const RATE_MAX: f64 = 1e9;

/// What the system is asked to hold for a slow reader, so that the service has to hold the rest.
pub(crate) const SLOW_READ_BYTES: usize = 4096;

/// Most requests under way on one connection of HTTP/2, and fewer where the service wants fewer: as many as a browser
/// has for one page, and so few that one connection's loss is a small part of a dose.
pub const STREAMS_MAX: usize = 10;

/// What one answer over HTTP/2 may send ahead of us, and all answers of one connection together. We read all that is
/// there in each turn, so that these bound memory and not speed.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// Most reads of one HTTP/2 connection in one turn of the loop, so that a flood of frames cannot hold it up.
pub(crate) const READS_IN_A_TURN_MAX: u32 = 4;

/// Most small pieces of bodies over HTTP/2 that wait to be counted. One turn's reads can hold hardly more, and more of
/// them would be an attack on our memory.
pub(crate) const DATA_FRAMES_MAX: usize = 8 * 1024;
