//! In which order the doses of several vectors are played: counterbalanced, so that what changes with time (warm-up, the
//! collector's mood, growth without requests) falls on all of them alike.

/// The order of `count` vectors in a round: drawn anew for every other round, and reversed in the one after it (ABBA).
pub(crate) fn order(seed: u64, round: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut state = seed ^ (round as u64 / 2 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // Fisher and Yates, from the end.
    for end in (1..count).rev() {
        state = mixed(state);
        order.swap(end, usize::try_from(state % (end as u64 + 1)).unwrap_or(0));
    }
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// Steele, Lea and Flood 2014, *Fast splittable pseudorandom number generators*.
const fn mixed(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn every_round_has_every_vector_once_and_the_next_one_reverses_it() {
        for round in (0..20).step_by(2) {
            let (forth, mut back) = (order(7, round, 6), order(7, round + 1, 6));
            back.reverse();
            assert_eq!(forth, back);
            let mut sorted = forth;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5]);
        }
    }

    #[test]
    fn rounds_differ_and_the_seed_decides() {
        let orders: std::collections::BTreeSet<_> =
            (0..20).step_by(2).map(|round| order(7, round, 6)).collect();
        assert!(orders.len() > 5, "{orders:?}");
        assert_eq!(order(7, 4, 6), order(7, 4, 6));
        assert_ne!(order(7, 4, 6), order(8, 4, 6));
    }

    #[test]
    fn one_vector_is_always_first() {
        assert_eq!(order(3, 5, 1), [0]);
        assert!(order(3, 5, 0).is_empty());
    }
}
