//! What readings of several vectors that were asked together say of each.

use drip_model::{Doubt, DoubtKind, Evidence, Growth, Interval, Unit};

use crate::assess::{Assessment, CALM_REQUESTS_MIN, More};
use crate::policy::DETECTABLE_MAX;

/// What an assessment of all says of a member that had this share (0 to 1) of the requests.
///
/// Memory that all of them keep together is more than any keeps alone, so calm of the whole is calm of each, with a
/// smallest detectable leak that is larger by as much as the share is smaller. Growth of the whole is nobody's yet.
#[must_use]
pub fn member_of(whole: &Assessment, share: f64, members: usize) -> Assessment {
    let evidence = scaled(&whole.evidence, share);
    let doubt = match (&evidence.growth, whole.more.is_some()) {
        (Growth::Grows, _) | (Growth::Undecided, true) => Some(not_told_apart(&whole.evidence, members)),
        (Growth::Flat | Growth::Bounded { .. }, _) => {
            too_few(evidence.requests).or_else(|| too_coarse(&whole.evidence, share).map(|more| more.because))
        }
        (Growth::Undecided, false) => None,
    };
    let Some(doubt) = doubt else { return Assessment { evidence, more: None, chance: 1.0 } };
    let evidence =
        Evidence { growth: Growth::Undecided, doubts: [vec![doubt], evidence.doubts].concat(), ..evidence };
    Assessment { evidence, more: None, chance: 1.0 }
}

fn scaled(whole: &Evidence, share: f64) -> Evidence {
    let Interval { low, estimate, high, level } = whole.per_request;
    let each = |growth: f64| growth / share;
    Evidence {
        per_request: Interval { low: each(low), estimate: each(estimate), high: each(high), level },
        smallest_detectable: each(whole.smallest_detectable),
        requests: shared(whole.requests, share),
        ..whole.clone()
    }
}

fn not_told_apart(whole: &Evidence, members: usize) -> Doubt {
    let message = format!(
        "{members} kinds of request were asked together, memory was not calm in {} requests of theirs, and whose growth it \
         was could not be told: ask fewer at a time (--path, --patterns), or raise --budget",
        whole.requests
    );
    Doubt::new(DoubtKind::NotToldApart, message)
}

fn too_few(requests: u64) -> Option<Doubt> {
    let message = format!(
        "its share of what was asked together was {requests} requests, too few for any statement (at least \
         {CALM_REQUESTS_MIN}): ask it alone with --path, or raise --budget"
    );
    (requests < CALM_REQUESTS_MIN).then(|| Doubt::new(DoubtKind::NotEnoughData, message))
}

/// More requests of all, where calm of them says too little of a member with this share of the requests.
pub fn too_coarse(whole: &Evidence, share: f64) -> Option<More> {
    let calm = matches!(whole.growth, Growth::Flat | Growth::Bounded { .. });
    let seen = whole.smallest_detectable / share;
    if !calm || whole.signal.unit() != Unit::Bytes || seen <= DETECTABLE_MAX {
        return None;
    }
    // The size that would be seen falls at least as fast as requests grow in number.
    let needed = whole.requests as f64 * seen / DETECTABLE_MAX;
    let message = format!(
        "it was asked together with others, and only a leak of {seen:.0} bytes per request or more would have been seen: \
         about {needed:.0} requests of all would show one of {DETECTABLE_MAX:.0}; raise --budget, or ask fewer with --path"
    );
    let because = Doubt::new(DoubtKind::NotEnoughData, message);
    Some(More { requests: needed as u64 - whole.requests, for_readings: false, because })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a count of requests far below 2^53, and a share of it"
)]
fn shared(requests: u64, share: f64) -> u64 {
    (requests as f64 * share).round() as u64
}

#[cfg(test)]
mod tests {
    use drip_model::Signal;

    use super::*;
    use crate::More;

    fn whole(growth: Growth, requests: u64) -> Assessment {
        let evidence = Evidence {
            signal: Signal::LiveHeap,
            per_request: Interval { low: -1.0, estimate: 2.0, high: 5.0, level: 0.99 },
            smallest_detectable: 10.0,
            requests,
            thresholds: Vec::new(),
            doubts: Vec::new(),
            growth,
        };
        let because = Doubt::new(DoubtKind::CacheMayBeFilling, "open");
        let more = (evidence.growth == Growth::Undecided).then_some(More {
            requests: 1,
            for_readings: false,
            because,
        });
        Assessment { evidence, more, chance: 0.0 }
    }

    #[test]
    fn calm_of_all_is_calm_of_each_with_a_coarser_eye() {
        let member = member_of(&whole(Growth::Flat, 40_000), 0.025, 40);
        assert_eq!(member.evidence.growth, Growth::Flat);
        assert_eq!(member.evidence.requests, 1000);
        assert!((member.evidence.smallest_detectable - 400.0).abs() < 1e-9);
        assert!((member.evidence.per_request.high - 200.0).abs() < 1e-9);
    }

    #[test]
    fn growth_of_all_accuses_nobody() {
        for growth in [Growth::Grows, Growth::Undecided] {
            let member = member_of(&whole(growth, 40_000), 0.025, 40);
            assert_eq!(member.evidence.growth, Growth::Undecided);
            assert_eq!(member.evidence.doubts[0].kind, DoubtKind::NotToldApart);
            assert!(member.chance >= 1.0 && member.more.is_none());
        }
    }

    #[test]
    fn calm_that_would_have_hidden_a_leak_is_no_calm() {
        let member = member_of(&whole(Growth::Flat, 400_000), 0.0025, 400);
        assert_eq!(member.evidence.growth, Growth::Undecided);
        assert!(member.evidence.doubts[0].message.contains("4000 bytes"), "{member:?}");
        let more = too_coarse(&whole(Growth::Flat, 400_000).evidence, 0.0025).unwrap();
        assert_eq!(more.requests, 1_200_000);
    }

    #[test]
    fn a_member_that_was_hardly_asked_is_not_calm() {
        let member = member_of(&whole(Growth::Flat, 4000), 0.1, 10);
        assert_eq!(member.evidence.growth, Growth::Undecided);
        assert_eq!(member.evidence.doubts[0].kind, DoubtKind::NotEnoughData);
    }
}
