//! One error rate for a whole run, however many endpoints and signals it judges.

/// Which of a run's hypotheses are rejected (here: which signals surely grow) so that the chance of even one false
/// rejection among all of them is at most `alpha` (Holm 1979, *A simple sequentially rejective multiple test
/// procedure*). It needs no independence between them.
///
/// `chances` are their p-values, in any order; the answer is in the same order. One that is not a number is 1.
pub fn holm(chances: &[f64], alpha: f64) -> Vec<bool> {
    let chance = |index: usize| if chances[index].is_nan() { 1.0 } else { chances[index] };
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|a, b| chance(*a).total_cmp(&chance(*b)));
    let mut rejected = vec![false; chances.len()];
    for (index, left) in order.into_iter().zip((1..=chances.len()).rev()) {
        // The first that stands lets all weaker ones stand.
        if chance(index) * as_float(left) > alpha {
            break;
        }
        rejected[index] = true;
    }
    rejected
}

fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::holm;

    #[track_caller]
    fn check(chances: &[f64], rejected: &[bool]) {
        assert_eq!(holm(chances, 0.01), rejected);
    }

    #[test]
    fn alone_a_hypothesis_has_all_of_alpha() {
        check(&[0.01], &[true]);
        check(&[0.011], &[false]);
        check(&[], &[]);
    }

    #[test]
    fn each_rejection_leaves_more_for_the_rest() {
        check(&[0.009, 0.001, 0.004], &[true, true, true]);
        check(&[0.02, 0.004], &[false, true]);
    }

    #[test]
    fn the_first_that_stands_lets_all_weaker_ones_stand() {
        check(&[0.006, 0.006], &[false, false]);
        check(&[0.001, 0.006, 0.007], &[true, false, false]);
    }

    #[test]
    fn what_is_not_a_number_proves_nothing() {
        check(&[f64::NAN, 0.001], &[false, true]);
    }
}
