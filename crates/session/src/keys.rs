//! By which part of a request a leak is kept: whoever keeps something for each new key keeps nothing of a request that is
//! repeated, and as much as ever when the key alone is new each time.

use drip_judge::lasting;
use drip_model::{Signal, Stage, Varying, Vector, begin};

use crate::bench::Bench;
use crate::experiment::as_float;
use crate::trial::Trial;

/// Doses of each request: one in which the service learns the values that are fixed, and those that count.
const DOSES: usize = 2;
/// A repeated request keeps nothing when it keeps less than this share of what was found.
const NOTHING_SHARE: f64 = 0.25;
/// A part is the key when it alone makes the service keep this share.
const KEY_SHARE: f64 = 0.5;
/// More parts are not told apart.
const KEYS_MAX: usize = 6;

impl Bench<'_> {
    /// The part of the request that must be new for the service to keep something. `None` when it keeps as much of a
    /// repeated request, or when that was not tried.
    pub(crate) async fn find_key(&mut self, trial: &Trial<'_>) -> Option<String> {
        let varying = trial.vector.template.varying();
        let found = lasting(&trial.opinions.growing()?.per_request);
        if varying.is_empty() || found <= 0.0 || !self.affords(trial, 1) {
            return None;
        }
        let repeated = self.kept(trial, &[]).await?;
        if repeated >= NOTHING_SHARE * found {
            return None;
        }
        let mut keys = Vec::new();
        if (2..=KEYS_MAX).contains(&varying.len()) && self.affords(trial, varying.len()) {
            keys = self.keys(trial, &varying, found).await?;
        }
        Some(if keys.is_empty() { named(&varying) } else { keys.join(" or ") })
    }

    /// Those parts that alone make the service keep what was found. After one of them, the others are asked together: where
    /// they keep nothing, none of them is a key.
    async fn keys<'v>(
        &mut self,
        trial: &Trial<'_>,
        varying: &'v [Varying],
        found: f64,
    ) -> Option<Vec<&'v str>> {
        let mut keys = Vec::new();
        for (place, part) in varying.iter().enumerate() {
            if self.kept(trial, std::slice::from_ref(part)).await? < KEY_SHARE * found {
                continue;
            }
            keys.push(part.name.as_str());
            let rest = &varying[place + 1..];
            if rest.len() > 1 && self.kept(trial, rest).await? < NOTHING_SHARE * found {
                break;
            }
        }
        Some(keys)
    }

    /// Whether there is time for so many kinds of request.
    fn affords(&self, trial: &Trial<'_>, kinds: usize) -> bool {
        let Some((_, unit)) = self.confirming(trial) else { return false };
        let doses = u32::try_from(kinds * (1 + DOSES)).unwrap_or(u32::MAX);
        !self.halted() && (trial.reckoned(unit) + self.dose).saturating_mul(doses) < self.time_left()
    }

    /// What the service keeps of each request, in units of the signal that grows, when all parts but these are fixed.
    async fn kept(&mut self, trial: &Trial<'_>, but: &[Varying]) -> Option<f64> {
        let (signal, unit) = self.confirming(trial)?;
        let template = trial.vector.template.fixed(but, self.settings().seed, self.next);
        let vector = Vector { template, ..trial.vector.clone() };
        // What it may send and how long that takes is known from the trial.
        let mut twin = Trial { sent: trial.sent, tally: trial.tally.clone(), ..Trial::new(&vector) };
        self.counted_dose(&mut twin, unit, Stage::WarmUp, None).await;
        for _ in 0..DOSES {
            self.tell_dose(trial);
            self.counted_dose(&mut twin, unit, Stage::Dose, None).await;
        }
        per_request(&twin, signal).filter(|_| !self.halted())
    }
}

fn per_request(twin: &Trial<'_>, signal: Signal) -> Option<f64> {
    let points = &twin.readings.series(signal)?.points;
    let (first, last) = (begin(points)?, points.last()?);
    let requests = last.requests.checked_sub(first.requests).filter(|requests| *requests > 0)?;
    Some((as_float(last.value) - as_float(first.value)) / as_float(requests))
}

/// All of them together, where nobody knows which.
fn named(varying: &[Varying]) -> String {
    let names: Vec<_> = varying.iter().map(|part| part.name.as_str()).collect();
    names.join(" or ")
}
