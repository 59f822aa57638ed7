//! What has been asked and read for one vector so far.

use std::time::Duration;

use drip_model::{LatencyWindow, Symptom, Tally, Undone, Vector};

use crate::opinions::Opinions;
use crate::readings::Readings;
use crate::sampler::Samples;

/// One vector under test.
pub(crate) struct Trial<'a> {
    pub(crate) vector: &'a Vector,
    /// Completed.
    pub(crate) requests: u64,
    /// Sent, answered or not.
    pub(crate) sent: u64,
    pub(crate) doses: usize,
    /// Doses that are planned so far, for the one who waits.
    pub(crate) planned: usize,
    pub(crate) tally: Tally,
    pub(crate) readings: Readings,
    /// Mean size of an answer in each dose, with the requests until its end.
    pub(crate) sizes: Vec<(u64, f64)>,
    /// Latencies of each dose.
    pub(crate) latencies: Vec<LatencyWindow>,
    /// Processor time that the service used in the judged doses, and requests of these.
    pub(crate) cpu: (Duration, u64),
    pub(crate) samples: Samples,
    /// Requests of a unit dose now, and of those before the first look.
    pub(crate) unit: u64,
    pub(crate) first_unit: u64,
    /// Doses until the next look.
    pub(crate) doses_wanted: usize,
    /// Looks at it so far; later ones are stricter.
    pub(crate) look: u32,
    /// More doses could still decide, and may be played.
    pub(crate) is_open: bool,
    pub(crate) opinions: Opinions,
    /// What a black box showed.
    pub(crate) symptoms: Vec<Symptom>,
    /// The vectors that are asked together as this one; none where it is itself what is asked.
    pub(crate) members: Vec<Self>,
    /// With how many others it was asked, where what is known of it comes from all of them.
    pub(crate) asked_with: Option<usize>,
    /// How far what it made was deleted again.
    pub(crate) undone: Option<Undone>,
    /// Whether a process was replaced while all of them were asked.
    pub(crate) replaced: bool,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(vector: &'a Vector) -> Self {
        Self {
            vector,
            requests: 0,
            sent: 0,
            doses: 0,
            planned: 0,
            tally: Tally::default(),
            readings: Readings::default(),
            sizes: Vec::new(),
            latencies: Vec::new(),
            cpu: (Duration::ZERO, 0),
            samples: Samples::default(),
            unit: 0,
            first_unit: 0,
            doses_wanted: 0,
            look: 0,
            is_open: true,
            opinions: Opinions::default(),
            symptoms: Vec::new(),
            members: Vec::new(),
            asked_with: None,
            undone: None,
            replaced: false,
        }
    }

    /// Many vectors as one, that is called `vector`.
    pub(crate) fn together(vector: &'a Vector, members: Vec<Self>) -> Self {
        Self { members, ..Self::new(vector) }
    }

    /// How many vectors it stands for.
    pub(crate) const fn size(&self) -> usize {
        if self.members.is_empty() { 1 } else { self.members.len() }
    }

    /// Adds what came back of one dose.
    pub(crate) fn count(&mut self, tally: &Tally) {
        self.sent += tally.sent();
        self.requests += tally.played();
        self.doses += 1;
        if tally.completed > 0 {
            self.sizes.push((self.requests, as_float(tally.body_bytes) / as_float(tally.completed)));
        }
        if tally.latencies.iter().any(|count| *count > 0) {
            self.latencies.push(LatencyWindow { requests: self.requests, counts: tally.latencies });
        }
        self.tally.add(tally);
    }

    pub(crate) fn none_succeeded(&self) -> bool {
        if self.members.is_empty() {
            return self.tally.successes(self.vector.expect_status) == 0;
        }
        self.members.iter().all(Self::none_succeeded)
    }

    /// Time that requests should take, at the rate so far.
    pub(crate) fn reckoned(&self, requests: u64) -> Duration {
        let each = self.tally.busy.as_secs_f64() / as_float(self.tally.played().max(1));
        Duration::try_from_secs_f64(each * as_float(requests)).unwrap_or(Duration::MAX / 100)
    }

    /// Requests per second so far.
    pub(crate) fn rate(&self) -> f64 {
        as_float(self.tally.played()) / self.tally.busy.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// By how much its best signal grew while it was judged; `None` when it was not read.
    pub(crate) fn growth(&self) -> Option<f64> {
        let series = self.readings.best()?;
        let first = drip_model::begin(&series.points)?;
        Some(as_float(series.points.last()?.value) - as_float(first.value))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^53")]
const fn as_float(value: u64) -> f64 {
    value as f64
}
