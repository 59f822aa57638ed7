//! Many vectors asked as one: a dose is a short piece of each, one after the other, with one reading after all of them.
//! What a reading at rest costs is then paid once, and what they keep together is seen in a single series.

use std::time::Duration;

use drip_drive::Until;
use drip_judge::{Assessment, member_of};
use drip_model::{Conduct, Key, Pattern, Stage, Tally, Template, Vector, VectorId};

use crate::bench::{Bench, Dose};
use crate::experiment::{as_float, scaled};
use crate::opinions::{Opinions, grows_beyond_allowance};
use crate::trial::Trial;

/// The shortest piece: connections are opened for each.
const PIECE_MIN: Duration = Duration::from_millis(10);
/// Of the requests of a dose, each shall have this part of an equal share at least, so that a leak of it would show; what
/// that takes is bounded by how many more it may have than its time allows.
const EVEN_SHARE: f64 = 0.7;
const RAISED_MAX: u64 = 4;
/// A piece that takes so many times its share of the time is cut; what it did counts.
const OVERTIME: u32 = 4;
const OVERTIME_MIN: Duration = Duration::from_secs(1);

/// What all vectors of a plan are called when they are asked together.
pub(crate) fn together(vectors: &[Vector]) -> Vector {
    let all_same = vectors.iter().all(|vector| vector.pattern.is_identical());
    Vector {
        id: VectorId(vectors.len()),
        endpoint: "all together".to_owned(),
        pattern: Pattern { name: "together", key: (!all_same).then_some(Key::Several) },
        template: Template::default(),
        conduct: Conduct::Polite,
        weight: 1,
        expect_status: drip_model::Expected::Success,
        undo: None,
    }
}

impl Bench<'_> {
    /// Plays one dose of all members: by time each has its share of it, by count as many requests as it answered in the
    /// last dose of the warm-up.
    pub(crate) async fn play_together(&mut self, trial: &mut Trial<'_>, dose: Dose) -> Tally {
        let pieces = pieces(&trial.members, dose.until);
        let mut all = Tally::default();
        for (member, until) in trial.members.iter_mut().zip(pieces) {
            if self.halted() {
                break;
            }
            let tally = self.play_alone(member, Dose { until, ..dose }).await;
            if dose.stage == Stage::WarmUp {
                member.unit = tally.played().max(1);
            }
            all.add(&tally);
        }
        trial.count(&all);
        all
    }
}

/// What each member does of a dose.
fn pieces(members: &[Trial<'_>], whole: Until) -> Vec<Until> {
    let weights: u32 = members.iter().map(|member| member.vector.weight.max(1)).sum();
    let units = units(members);
    let several = u32::try_from(members.len()).unwrap_or(u32::MAX);
    let piece = |member: &Trial<'_>| match whole {
        Until::Elapsed(time) => Until::Elapsed((time * member.vector.weight.max(1) / weights).max(PIECE_MIN)),
        Until::Requests { count, time_max } => {
            let share = if units == 0 { 1.0 / f64::from(several) } else { share(member, units) };
            let time_max = (time_max / several * OVERTIME).max(OVERTIME_MIN);
            Until::Requests { count: scaled(count, share).max(1), time_max }
        }
    };
    members.iter().map(piece).collect()
}

/// Gives those more that answered few requests in their time: a service that warms up answers the first ones slowly.
pub(crate) fn level(members: &mut [Trial<'_>]) {
    let weights: u32 = members.iter().map(|member| member.vector.weight.max(1)).sum();
    let even = as_float(units(members)) * EVEN_SHARE / f64::from(weights.max(1));
    for member in members {
        let least = scaled(1, even * f64::from(member.vector.weight.max(1)));
        member.unit = member.unit.max(least.min(member.unit.saturating_mul(RAISED_MAX)));
    }
}

/// Requests of a unit dose of all.
pub(crate) fn units(members: &[Trial<'_>]) -> u64 {
    members.iter().map(|member| member.unit).sum()
}

/// The part of them that a member has in each dose that is judged. What it was asked beside these counts nowhere.
pub(crate) fn share(member: &Trial<'_>, units: u64) -> f64 {
    as_float(member.unit.max(1)) / as_float(units.max(1))
}

impl<'a> Trial<'a> {
    /// The members, each with what the readings of all say of it.
    pub(crate) fn dissolved(mut self) -> Vec<Self> {
        let all = std::mem::take(&mut self.members);
        let (units, size) = (units(&all), all.len());
        let replaced = self.readings.process_was_replaced();
        let told = |member: Self| {
            let opinions = self.opinions.of_member(share(&member, units), size);
            Self { opinions, replaced, asked_with: Some(size - 1), ..member }
        };
        all.into_iter().map(told).collect()
    }
}

impl Opinions {
    /// What the opinions on all that were asked together say of one with this share of the requests.
    fn of_member(&self, share: f64, size: usize) -> Self {
        let of = |opinion: &Assessment| member_of(opinion, share, size);
        // Beside a calm floor, what is open in anonymous memory is of all: as one member's it would be far too much.
        let is_calm = |floor: &Assessment| floor.more.is_none();
        let beside = self.floor.as_ref().is_some_and(is_calm);
        let anon =
            self.anon.as_ref().filter(|anon| !beside || anon.more.is_none() || grows_beyond_allowance(anon));
        Self {
            floor: self.floor.as_ref().map(of),
            anon: anon.map(of),
            counts: self.counts.iter().map(of).collect(),
            ran_out: self.ran_out,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(weight: u32) -> Vector {
        Vector { weight, ..together(&[]) }
    }

    fn members(of: &[(Vector, u64)]) -> Vec<Trial<'_>> {
        of.iter().map(|(vector, unit)| Trial { unit: *unit, ..Trial::new(vector) }).collect()
    }

    const fn count(until: &Until) -> u64 {
        match until {
            Until::Requests { count, .. } => *count,
            Until::Elapsed(_) => 0,
        }
    }

    #[test]
    fn time_is_shared_by_weight_and_requests_by_what_each_answered() {
        let of = [(vector(1), 300), (vector(3), 100)];
        let by_time = pieces(&members(&of), Until::Elapsed(Duration::from_secs(4)));
        let seconds = |seconds| Until::Elapsed(Duration::from_secs(seconds));
        assert_eq!(by_time, [seconds(1), seconds(3)]);
        let time_max = Duration::from_secs(10);
        let by_count = pieces(&members(&of), Until::Requests { count: 800, time_max });
        assert_eq!(by_count.iter().map(count).collect::<Vec<_>>(), [600, 200]);
    }

    #[test]
    fn who_was_slow_is_asked_more_within_bounds() {
        let of = [(vector(1), 1000), (vector(1), 400), (vector(1), 10)];
        let mut members = members(&of);
        level(&mut members);
        assert_eq!(members.iter().map(|member| member.unit).collect::<Vec<_>>(), [1000, 400, 40]);
        let of = [(vector(1), 1000), (vector(1), 200), (vector(2), 800)];
        let mut members = self::members(&of);
        level(&mut members);
        assert_eq!(members.iter().map(|member| member.unit).collect::<Vec<_>>(), [1000, 350, 800]);
    }

    #[test]
    fn what_a_member_was_asked_beside_the_judged_doses_makes_its_eye_no_finer() {
        let of = [(vector(1), 300), (vector(1), 100)];
        let mut members = members(&of);
        members[1].requests = 1_000_000;
        assert!((share(&members[1], units(&members)) - 0.25).abs() < 1e-9);
        let shares: f64 = members.iter().map(|member| share(member, units(&members))).sum();
        assert!((shares - 1.0).abs() < 1e-9);
    }

    #[test]
    fn each_gets_at_least_a_moment_and_a_request() {
        let of: Vec<_> = (0..400).map(|_| (vector(1), 0)).collect();
        let by_time = pieces(&members(&of), Until::Elapsed(Duration::from_secs(1)));
        assert!(by_time.iter().all(|until| *until == Until::Elapsed(PIECE_MIN)));
        let by_count = pieces(&members(&of), Until::Requests { count: 10, time_max: Duration::from_secs(1) });
        assert!(by_count.iter().all(|until| count(until) == 1));
    }
}
