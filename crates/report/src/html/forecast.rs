//! When the limit is reached, if it goes on like this: the picture of `toLimit`.

use super::picture::{Key, Picture};
use super::plot::{Layer, Plot, Role};
use crate::chart::Against;
use crate::document::{Point, ToLimit, Unit, Vector};
use crate::quantity;

/// The limit may be on another clock (all memory) than the readings (the live heap). A line from one to the other would
/// then show a growth that nobody measured; it is drawn only where it agrees with the estimate by this factor.
const AGREES_WITHIN: f64 = 1.3;
/// Room beyond the limit, so that it is a line in the picture and not its edge.
const ROOM: f64 = 1.1;

/// Nothing where there is no limit or where readings and limit are of different kinds.
pub(super) fn of(vector: &Vector, points: &[Point]) -> Option<Picture> {
    let to_limit = vector.to_limit.as_ref()?;
    let last = points.last()?;
    let (from, requests) = ((last.requests as f64, last.value as f64), to_limit.requests as f64);
    let limit = to_limit.limit_bytes.or(to_limit.limit_count)? as f64;
    let agrees = ((limit - from.1) / requests) / vector.per_request?.estimate;
    if !(AGREES_WITHIN.recip()..=AGREES_WITHIN).contains(&agrees) {
        return None;
    }
    let end = (from.0 + requests) * ROOM;
    let soonest = (from.0 + to_limit.requests_range.low as f64, limit);
    let latest = to_limit.requests_range.high.map_or(end, |high| from.0 + high as f64);
    let read = points.iter().map(|point| (point.requests as f64, point.value as f64)).collect();
    let plot = Plot {
        across: 0.0..end.max(latest),
        upward: 0.0..limit * ROOM,
        against: Against::Requests,
        unit: if to_limit.limit_bytes.is_some() { Unit::Bytes } else { Unit::Count },
        layers: vec![
            Layer::Line(Role::Ink, vec![(0.0, limit), (end.max(latest), limit)]),
            Layer::Area(Role::Fit, vec![from, soonest, (latest, limit)]),
            Layer::Line(Role::Fit, vec![from, (from.0 + requests, limit)]),
            Layer::Line(Role::Data, read),
        ],
    };
    Some(Picture::draw(&plot, caption(to_limit), described(to_limit), legend(to_limit)))
}

fn caption(to_limit: &ToLimit) -> String {
    format!(
        "If it goes on like this: {} is reached in about {} at {} requests per second",
        to_limit.amount(),
        quantity::duration(to_limit.seconds as f64),
        quantity::number(to_limit.rate_per_second, 3)
    )
}

fn described(to_limit: &ToLimit) -> String {
    let requests = quantity::rough_count(to_limit.requests as f64);
    format!("Line chart: from the last reading to the limit in about {requests} requests.")
}

fn legend(to_limit: &ToLimit) -> Vec<Key> {
    vec![
        Key::new("data", "readings at rest"),
        Key::new("fit", "growth as estimated, carried on"),
        Key::new("band", "between the ends of its interval"),
        Key::new("limit", format!("limit: {}", crate::text::printable(&to_limit.limit))),
    ]
}
