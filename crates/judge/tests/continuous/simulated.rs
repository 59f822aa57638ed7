//! A small version of `cargo xtask bench judge`: curves whose truth is known, judged while they come.

use std::thread;

use drip_trial::trial::{self, Answer, terms};
use drip_trial::{doses, load};

/// Curves of each healthy family.
const HEALTHY: u64 = 30;
/// Curves of each leaking one.
const LEAKING: u64 = 12;

/// Each of `items` on a thread of its own, by turns.
fn each<T: Sync>(items: &[T], judge: impl Fn(&T) -> Vec<Answer> + Sync) -> Vec<Vec<Answer>> {
    let judge = &judge;
    thread::scope(|scope| {
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(move || judge(item))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Three in a thousand may be accused: of so few curves, one or two at most.
#[track_caller]
fn check_spared(names: impl Iterator<Item = &'static str>, answers: &[Vec<Answer>]) {
    let accused = answers.iter().map(|answers| answers.iter().filter(|answer| answer.accuses()).count());
    let by_family: Vec<_> = names.zip(accused).filter(|(_, accused)| *accused > 0).collect();
    let judged: usize = answers.iter().map(Vec::len).sum();
    let accused: usize = by_family.iter().map(|(_, accused)| accused).sum();
    assert!(accused * 1000 <= judged * 3, "{accused} of {judged}: {by_family:?}");
}

#[test]
fn the_healthy_are_spared_under_load() {
    let answers =
        each(load::HEALTHY, |family| trial::under_load(family, 0.0, (0, HEALTHY), terms(family.lazy)));
    check_spared(load::HEALTHY.iter().map(|family| family.name), &answers);
}

#[test]
fn leaks_are_found_under_load_and_none_is_acquitted() {
    let answers =
        each(load::LEAKING, |family| trial::under_load(family, 1000.0, (0, LEAKING), terms(family.lazy)));
    let all: Vec<_> = answers.iter().flatten().collect();
    let found = all.iter().filter(|answer| answer.accuses()).count();
    assert!(found * 10 >= all.len() * 9, "{found} of {}", all.len());
    assert_eq!(all.iter().filter(|answer| answer.acquits()).count(), 0);
    let covered = all.iter().filter(|answer| answer.covers()).count();
    assert!(covered * 100 >= all.len() * 95, "{covered} of {}", all.len());
}

#[test]
fn the_healthy_are_spared_at_rest() {
    let answers = each(doses::HEALTHY, |family| trial::at_rest(family, 0.0, (0, HEALTHY)));
    check_spared(doses::HEALTHY.iter().map(|family| family.name), &answers);
}
