//! Answers that become larger with every dose: a list of all there is, or one that grows by what is asked.

use drip_model::Symptom;

/// Fewer doses may rise one after the other by chance: of eight, one run in 40,320 does.
const DOSES_MIN: usize = 8;
/// Growth that matters: a counter in an answer has more digits with time, and a list of a few entries is a list.
const RATIO_MIN: f64 = 1.5;
const BYTES_MIN: f64 = 1000.0;

/// Mean size of an answer in each dose, and the requests until its end.
///
/// Every dose must have larger answers than the one before it; sizes that scatter show nothing.
pub fn growing_answers(sizes: &[(u64, f64)]) -> Option<Symptom> {
    let (first, last) = (sizes.first()?, sizes.last()?);
    let rises = sizes.len() >= DOSES_MIN && sizes.windows(2).all(|pair| pair[1].1 > pair[0].1);
    let matters = last.1 >= RATIO_MIN * first.1 && last.1 - first.1 >= BYTES_MIN;
    (rises && matters).then_some(Symptom::GrowingAnswers { first: first.1, last: last.1, requests: last.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(of: impl Fn(f64) -> f64, doses: u32) -> Vec<(u64, f64)> {
        (1..=doses).map(|dose| (u64::from(dose) * 1000, of(f64::from(dose)))).collect()
    }

    #[test]
    fn a_list_of_all_there_is_grows_with_every_dose() {
        let found = growing_answers(&sizes(|dose| 500.0 * dose, 10));
        assert_eq!(found, Some(Symptom::GrowingAnswers { first: 500.0, last: 5000.0, requests: 10_000 }));
    }

    #[test]
    fn digits_noise_and_lists_that_are_full_are_none() {
        assert_eq!(growing_answers(&sizes(|dose| 200.0 + dose, 20)), None);
        assert_eq!(growing_answers(&sizes(|dose| (500.0 * dose).min(4000.0), 20)), None);
        assert_eq!(growing_answers(&sizes(|dose| 500.0 * dose * (1.0 + (dose * 2.0).sin()), 20)), None);
        assert_eq!(growing_answers(&sizes(|dose| 500.0 * dose, 5)), None);
        assert_eq!(growing_answers(&[]), None);
    }
}
