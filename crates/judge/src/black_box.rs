//! What latencies and outages alone tell of a service whose memory cannot be seen: little, and never more than
//! possible.
//!
//! Latency at its median or 99th percentile says nothing about leaks: over leaking services and their fixed twins
//! both ranked no better than chance. What does show is the work of a collector on a heap that grows, a service that
//! stands still before its limit, and deaths that repeat. Each test below holds for any distribution of latencies, as
//! long as it does not change: it compares orders and positions, which are then a matter of chance, and no sizes.

use std::ops::RangeInclusive;
use std::time::Duration;

use drip_model::{Pair, Symptom};

/// The first pairs warm the service up.
const SKIPPED_SHARE: f64 = 0.05;
/// So many of the longest latencies are looked at: more say more, unless there are fewer pauses than that and the rest
/// is noise. Both are tried, at twice the price.
const MARKS: [usize; 2] = [12, 8];
/// Latencies so few pairs apart are one pause that was seen twice.
const ONE_PAUSE_PAIRS: usize = 3;
/// An order that so few runs of a steady service show, settles it at once.
const SURE_P: f64 = 0.001;
/// An order that so few show, settles it when a second run shows it too.
const HINT_P: f64 = 0.01;

/// CPython collects all generations when what is new exceeds a quarter of what it holds (`gcmodule.c`, 3.4 to 3.13), so
/// each distance is 1.25 times the last one; it looks only now and then, so a little more.
const SPACING: RangeInclusive<f64> = 1.2..=1.32;
/// One distance beside the next, since it looks only now and then.
const SPACING_EACH: RangeInclusive<f64> = 1.1..=1.45;
/// The length of a pause goes with what is held, to this power.
const LENGTH_POWER: RangeInclusive<f64> = 0.7..=1.3;
/// Pauses whose spacing can be told from chance: of evenly spread ones, six are spaced so in one of ten thousand runs.
const SPACED_MIN: usize = 6;

/// Latencies so many times the median are stalls.
const STALL: f64 = 10.0;
/// The last part of a run is compared with the parts before it.
const PARTS: usize = 5;
/// Each part is so many blocks: that the four last of twenty blocks stall most is chance in one of 4,845 runs, which
/// holds for whole blocks however stalls cluster within them.
const BLOCKS_PER_PART: usize = 4;
/// The last part stalls so many times longer than the usual one before.
const STALL_RATIO: f64 = 10.0;
/// Less than this in all is not worth a ratio.
const STALL_LEAST: Duration = Duration::from_millis(1);
/// A last part that is shorter is filled by whatever else the machine does for a moment.
const LAST_PART_MIN: Duration = Duration::from_secs(1);

/// Numbers of requests between outages that differ by less than this share are the same.
const DEATHS_AGREE: f64 = 0.2;
const DEATHS_MIN: usize = 2;

/// Whether a second run could settle what the first one hints at.
pub fn needs_second_run(first: &[Pair]) -> bool {
    let seen = [latencies(first)];
    let hint = || longer_pauses(&seen).is_none() && marks(&seen[0]).is_some_and(|marks| marks.p <= HINT_P);
    Outages::of(first).were_none() && (hint() || Standstill::of(&seen[0]).is_some())
}

/// What runs of pairs show, one after the other on the same service.
pub fn symptoms(runs: &[&[Pair]]) -> Vec<Symptom> {
    let all: Vec<Pair> = runs.concat();
    let outages = Outages::of(&all);
    if !outages.were_none() {
        // Before and after a restart it is not the same service: orders over both mean nothing.
        return outages.symptoms().collect();
    }
    let runs: Vec<_> = runs.iter().map(|run| latencies(run)).collect();
    [longer_pauses(&runs), stalls(&runs)].into_iter().flatten().collect()
}

/// Seconds, without the warm-up.
fn latencies(pairs: &[Pair]) -> Vec<f64> {
    let skipped = (pairs.len() as f64 * SKIPPED_SHARE).ceil() as usize;
    pairs.iter().skip(skipped).map(|pair| pair.latency.as_secs_f64()).collect()
}

fn longer_pauses(runs: &[Vec<f64>]) -> Option<Symptom> {
    let seen: Vec<Marks> = runs.iter().map(|run| marks(run)).collect::<Option<_>>()?;
    let first = seen.first()?;
    let like_a_collector = seen.iter().any(|marks| marks.like_a_collector);
    let repeated = seen.len() > 1 && seen.iter().all(|marks| marks.p <= HINT_P);
    let p = if repeated { seen.iter().map(|marks| marks.p).product() } else { first.p };
    (first.p <= SURE_P || repeated || like_a_collector).then_some(Symptom::LongerPauses {
        pauses: seen.iter().map(|marks| marks.count).sum(),
        p,
        like_a_collector,
    })
}

/// The longest pauses of a run.
struct Marks {
    count: usize,
    /// How likely their order is by chance.
    p: f64,
    like_a_collector: bool,
}

fn marks(latencies: &[f64]) -> Option<Marks> {
    let usual = median(latencies)?;
    let tried = MARKS.map(|count| longest(latencies, count));
    let orders = tried.iter().map(|marks| (probability_of_order(marks), marks.len()));
    let (p, count) = orders.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let most = &tried[0];
    let like_a_collector =
        (SPACED_MIN..=most.len()).any(|count| spaced_like_a_collector(&largest(most, count), usual));
    Some(Marks { count, p: (p * MARKS.len() as f64).min(1.0), like_a_collector })
}

/// One long latency: its position and its size.
type Mark = (usize, f64);

/// So many of the largest, in the order in which they came.
fn largest(of: &[Mark], count: usize) -> Vec<Mark> {
    let mut marks = of.to_vec();
    if marks.len() > count {
        marks.select_nth_unstable_by(count - 1, |a, b| b.1.total_cmp(&a.1));
        marks.truncate(count);
    }
    marks.sort_unstable_by_key(|(position, _)| *position);
    marks
}

/// The longest latencies, each pause once.
fn longest(latencies: &[f64], count: usize) -> Vec<Mark> {
    let all: Vec<Mark> = latencies.iter().copied().enumerate().collect();
    let mut marks: Vec<Mark> = Vec::new();
    for (position, size) in largest(&all, count) {
        match marks.last_mut() {
            Some(last) if position - last.0 <= ONE_PAUSE_PAIRS && size <= last.1 => {}
            Some(last) if position - last.0 <= ONE_PAUSE_PAIRS => *last = (position, size),
            _ => marks.push((position, size)),
        }
    }
    marks
}

/// Kendall's test, exact and one-sided: the share of all orders of these sizes that rise at least as clearly. Equal
/// sizes count against a rise.
fn probability_of_order(marks: &[Mark]) -> f64 {
    let falls = |at: usize| marks[at + 1..].iter().filter(|later| later.1 <= marks[at].1).count();
    let found: usize = (0..marks.len()).map(falls).sum();
    // Orders by their number of falls, built up from one element to all: the n-th can fall behind 0 to n - 1 others.
    let mut orders = vec![1.0];
    for others in 1..marks.len() {
        let mut next = vec![0.0; orders.len() + others];
        for (falls, count) in orders.iter().enumerate() {
            next[falls..=falls + others].iter_mut().for_each(|sum| *sum += count);
        }
        orders = next;
    }
    orders.iter().take(found + 1).sum::<f64>() / orders.iter().sum::<f64>()
}

/// Whether pauses are spaced as CPython's full collections are, and last as long as what is held by then makes them.
fn spaced_like_a_collector(marks: &[Mark], usual: f64) -> bool {
    let gaps: Vec<f64> = marks.windows(2).map(|pair| (pair[1].0 - pair[0].0) as f64).collect();
    let ratios: Vec<f64> = gaps.windows(2).map(|pair| pair[1] / pair[0]).collect();
    if !ratios.iter().all(|ratio| SPACING_EACH.contains(ratio)) {
        return false;
    }
    let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    // What is held at a collection is in proportion to the distance from the one before.
    let length = |(_, size): &Mark| (size - usual).max(f64::MIN_POSITIVE).ln();
    let lengths: Vec<(f64, f64)> =
        gaps.iter().map(|gap| gap.ln()).zip(marks[1..].iter().map(length)).collect();
    SPACING.contains(&mean) && LENGTH_POWER.contains(&slope(&lengths))
}

/// A neighbour that becomes busy makes a service stand still too, but not for as long as it is asked: so the second run
/// has to stand still throughout.
fn stalls(runs: &[Vec<f64>]) -> Option<Symptom> {
    let [first, second] = runs else { return None };
    let standstill = Standstill::of(first)?;
    standstill.lasts_through(second).then_some(Symptom::Stalls { ratio: standstill.ratio })
}

/// What sets the end of a run apart from all that was before.
struct Standstill {
    ratio: f64,
    /// Pairs of a block.
    block: usize,
    /// Seconds of a latency beyond which it is a stall.
    threshold: f64,
    /// Seconds beyond it in the worst block before the end.
    most_before: f64,
}

impl Standstill {
    fn of(latencies: &[f64]) -> Option<Self> {
        let block = latencies.len() / (PARTS * BLOCKS_PER_PART);
        let threshold = STALL * median(latencies).filter(|_| block > 0)?;
        let lasted: f64 = latencies.iter().rev().take(block * BLOCKS_PER_PART).sum();
        let blocks: Vec<f64> = latencies
            .chunks_exact(block)
            .rev()
            .take(PARTS * BLOCKS_PER_PART)
            .map(|block| beyond(threshold, block))
            .collect();
        let (last, before) = blocks.split_at(BLOCKS_PER_PART);
        let most_before = before.iter().copied().fold(0.0, f64::max);
        let parts: Vec<f64> = before.chunks_exact(BLOCKS_PER_PART).map(|part| part.iter().sum()).collect();
        let ratio = last.iter().sum::<f64>() / median(&parts)?.max(STALL_LEAST.as_secs_f64());
        let stands = last.iter().all(|block| *block > most_before)
            && ratio >= STALL_RATIO
            && lasted >= LAST_PART_MIN.as_secs_f64();
        stands.then_some(Self { ratio, block, threshold, most_before })
    }

    /// Whether the usual block of the next run is worse than any before the end of the first.
    fn lasts_through(&self, next: &[f64]) -> bool {
        let blocks: Vec<f64> =
            next.chunks_exact(self.block).map(|block| beyond(self.threshold, block)).collect();
        median(&blocks).is_some_and(|usual| usual > self.most_before)
    }
}

/// Seconds by which latencies exceed the threshold, in all.
fn beyond(threshold: f64, latencies: &[f64]) -> f64 {
    latencies.iter().map(|latency| (latency - threshold).max(0.0)).sum()
}

/// When a service was gone, counted in pairs that it answered since it was last back.
struct Outages {
    /// Those that ended.
    ended: Vec<u64>,
    /// The one that did not.
    last: Option<u64>,
}

impl Outages {
    fn of(pairs: &[Pair]) -> Self {
        let (mut ended, mut answered, mut down) = (Vec::new(), 0, false);
        for pair in pairs {
            if down && !pair.down {
                ended.push(answered);
                answered = 0;
            }
            down = pair.down;
            answered += u64::from(!pair.down);
        }
        Self { ended, last: down.then_some(answered) }
    }

    fn were_none(&self) -> bool {
        self.ended.is_empty() && self.last.is_none()
    }

    fn symptoms(&self) -> impl Iterator<Item = Symptom> {
        let gone = self.last.filter(|answered| *answered > 0).map(|after| Symptom::Gone { after });
        repeated(&self.ended).into_iter().chain(gone)
    }
}

/// The first count is left out where there are enough others: nobody knows how old the service was.
fn repeated(deaths: &[u64]) -> Option<Symptom> {
    let counts = if deaths.len() > DEATHS_MIN { &deaths[1..] } else { deaths };
    let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let agree = counts.iter().all(|count| (*count as f64 - mean).abs() <= DEATHS_AGREE / 2.0 * mean);
    (deaths.len() >= DEATHS_MIN && mean >= 1.0 && agree)
        .then_some(Symptom::Deaths { count: deaths.len(), every: mean as u64 })
}

/// The slope of the straight line through points, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (x, y) =
        points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / count, sum.1 + point.1 / count));
    let (over, under) = points.iter().fold((0.0, 0.0), |sum, point| {
        (sum.0 + (point.0 - x) * (point.1 - y), sum.1 + (point.0 - x).powi(2))
    });
    over / under
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(latencies_ms: impl IntoIterator<Item = f64>) -> Vec<Pair> {
        let pair = |ms: f64| Pair { latency: Duration::from_secs_f64(ms / 1e3), down: false };
        latencies_ms.into_iter().map(pair).collect()
    }

    #[test]
    fn the_probability_of_an_order_is_counted_exactly() {
        let check = |sizes: &[f64], expected: f64| {
            let marks: Vec<Mark> = sizes.iter().copied().enumerate().collect();
            let p = probability_of_order(&marks);
            assert!((p - expected).abs() < 1e-12, "{sizes:?}: {p}");
        };
        check(&[1.0, 2.0, 3.0, 4.0], 1.0 / 24.0);
        check(&[2.0, 1.0, 3.0, 4.0], 4.0 / 24.0);
        check(&[4.0, 3.0, 2.0, 1.0], 1.0);
        check(&[1.0, 1.0], 1.0);
        check(&[7.0], 1.0);
        let rising: Vec<f64> = (0..12).map(f64::from).collect();
        check(&rising, 1.0 / 479_001_600.0);
    }

    #[test]
    fn one_pause_seen_twice_is_one_mark() {
        let mut latencies = vec![1.0; 100];
        (latencies[10], latencies[12], latencies[50]) = (7.0, 9.0, 8.0);
        let marks = longest(&latencies, 12);
        assert!(marks.contains(&(12, 9.0)) && marks.contains(&(50, 8.0)), "{marks:?}");
        assert!(!marks.contains(&(10, 7.0)));
    }

    /// Every tenth of so many pairs takes so long, from one pair to another.
    fn standing(pairs_of_run: usize, stall_ms: f64, still: std::ops::Range<usize>) -> Vec<Pair> {
        pairs((0..pairs_of_run).map(|n| if still.contains(&n) && n % 10 == 0 { stall_ms } else { 1.0 }))
    }

    fn stands_still(runs: [&[Pair]; 2]) -> bool {
        symptoms(&runs).iter().any(|symptom| matches!(symptom, Symptom::Stalls { .. }))
    }

    #[test]
    fn a_service_that_stands_still_from_its_end_on_is_seen() {
        let first = standing(1000, 300.0, 800..1000);
        assert!(needs_second_run(&first), "one run could be a busy neighbour");
        assert_eq!(symptoms(&[&first]), []);
        assert!(stands_still([&first, &standing(1000, 300.0, 0..1000)]));
    }

    #[test]
    fn standing_still_for_a_while_or_always_or_never_is_not() {
        let (end, always, never) = (800..1000, 0..1000, 0..0);
        for (first, second) in [(end, 0..300), (always.clone(), always.clone()), (never, always)] {
            let runs = [first, second].map(|still| standing(1000, 300.0, still));
            assert!(!stands_still([&runs[0], &runs[1]]), "{runs:?}");
        }
    }

    /// A hundred requests in a tenth of a second: while another process takes the processor for a moment.
    #[test]
    fn a_moment_is_no_end() {
        let (first, second) = (standing(50, 30.0, 40..50), standing(50, 30.0, 0..50));
        assert!(!needs_second_run(&first));
        assert!(!stands_still([&first, &second]));
    }

    /// Answers so many pairs, is gone for two, and so on.
    fn dying(counts: &[usize]) -> Vec<Pair> {
        let up = Pair { latency: Duration::from_millis(1), down: false };
        let down = Pair { down: true, ..up };
        counts.iter().flat_map(|count| [vec![up; *count], vec![down; 2]].concat()).chain([up]).collect()
    }

    #[test]
    fn deaths_that_repeat_are_told_and_one_is_not() {
        let check = |counts: &[usize], expected: Option<(usize, u64)>| {
            let found = match symptoms(&[&dying(counts)])[..] {
                [Symptom::Deaths { count, every }] => Some((count, every)),
                [] => None,
                ref other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{counts:?}");
        };
        check(&[500], None);
        check(&[500, 480], Some((2, 490)));
        check(&[500, 200], None);
        check(&[120, 500, 480], Some((3, 490)));
        check(&[500, 480, 100], None);
    }

    #[test]
    fn a_service_that_never_came_back_is_gone() {
        let mut pairs = dying(&[500, 500]);
        pairs.pop();
        assert_eq!(symptoms(&[&pairs]), [Symptom::Gone { after: 500 }]);
        let never_there = vec![Pair { latency: Duration::ZERO, down: true }; 9];
        assert_eq!(symptoms(&[&never_there]), []);
    }

    #[test]
    fn bad_input_is_no_symptom() {
        let none: [&[Pair]; 0] = [];
        assert_eq!(symptoms(&none), []);
        for run in [pairs([]), pairs([1.0]), pairs([2.0; 5000]), pairs(vec![0.0; 100])] {
            assert_eq!(symptoms(&[&run]), []);
            assert!(!needs_second_run(&run));
        }
    }
}
