//! When the limit is reached, if it goes on like this: the picture of `toLimit`.

use super::picture::{Key, Picture};
use super::plot::{Layer, Plot, Role};
use crate::chart::Against;
use crate::document::{Point, Range, ToLimit, Unit, Vector};
use crate::quantity;

/// The limit may be on another clock (all memory) than the readings (the live heap). A line from one to the other would
/// then show a growth that nobody measured; it is drawn only where it agrees with the estimate by this factor.
const AGREES_WITHIN: f64 = 1.3;
/// Room beyond the limit, so that it is a line in the picture and not its edge.
const ROOM: f64 = 1.1;
const SECONDS_PER_HOUR: f64 = 3600.0;

/// How far it is to the limit, along an axis.
struct Way {
    against: Against,
    /// From the last reading, at the estimate.
    steps: f64,
    range: Range,
    /// Growth of what was judged by each step.
    growth: f64,
}

impl Way {
    fn of(vector: &Vector, to_limit: &ToLimit) -> Option<Self> {
        if let Some(by) = &to_limit.by_requests {
            let (steps, range) = (by.requests as f64, by.requests_range);
            let growth = vector.per_request?.estimate;
            return Some(Self { against: Against::Requests, steps, range, growth });
        }
        let (steps, range) = (to_limit.seconds as f64, to_limit.seconds_range?);
        let growth = vector.per_hour?.estimate / SECONDS_PER_HOUR;
        Some(Self { against: Against::Time, steps, range, growth })
    }
}

/// Nothing where there is no limit or where readings and limit are of different kinds.
pub(super) fn of(vector: &Vector, points: &[Point]) -> Option<Picture> {
    let (to_limit, last) = (vector.to_limit.as_ref()?, points.last()?);
    let way = Way::of(vector, to_limit)?;
    let from = way.against.place(last);
    let limit = to_limit.limit_bytes.or(to_limit.limit_count)? as f64;
    let agrees = ((limit - from.1) / way.steps) / way.growth;
    if !(AGREES_WITHIN.recip()..=AGREES_WITHIN).contains(&agrees) {
        return None;
    }
    let end = (from.0 + way.steps) * ROOM;
    let soonest = (from.0 + way.range.low as f64, limit);
    let latest = way.range.high.map_or(end, |high| from.0 + high as f64);
    let plot = Plot {
        across: 0.0..end.max(latest),
        upward: 0.0..limit * ROOM,
        against: way.against,
        unit: if to_limit.limit_bytes.is_some() { Unit::Bytes } else { Unit::Count },
        layers: vec![
            Layer::Line(Role::Ink, vec![(0.0, limit), (end.max(latest), limit)]),
            Layer::Area(Role::Fit, vec![from, soonest, (latest, limit)]),
            Layer::Line(Role::Fit, vec![from, (from.0 + way.steps, limit)]),
            Layer::Line(Role::Data, points.iter().map(|point| way.against.place(point)).collect()),
        ],
    };
    Some(Picture::draw(&plot, caption(to_limit), described(to_limit), legend(to_limit)))
}

fn caption(to_limit: &ToLimit) -> String {
    let way = match &to_limit.by_requests {
        Some(by) => format!("at {} requests per second", quantity::number(by.rate_per_second, 3)),
        None => "without any request".to_owned(),
    };
    let (amount, time) = (to_limit.amount(), quantity::duration(to_limit.seconds as f64));
    format!("If it goes on like this: {amount} is reached in about {time} {way}")
}

fn described(to_limit: &ToLimit) -> String {
    let way = match &to_limit.by_requests {
        Some(by) => format!("{} requests", quantity::rough_count(by.requests as f64)),
        None => quantity::duration(to_limit.seconds as f64),
    };
    format!("Line chart: from the last reading to the limit in about {way}.")
}

fn legend(to_limit: &ToLimit) -> Vec<Key> {
    vec![
        Key::new("data", "readings at rest"),
        Key::new("fit", "growth as estimated, carried on"),
        Key::new("band", "between the ends of its interval"),
        Key::new("limit", format!("limit: {}", crate::text::printable(&to_limit.limit))),
    ]
}
