//! What somebody who mistyped a name may have meant.

/// Names further away than this were not meant.
const SIMILARITY_MIN: f64 = 0.6;

/// The known name that is most like this one.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|other| (strsim::jaro_winkler(name, other), other));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (best.0 >= SIMILARITY_MIN).then_some(best.1)
}
