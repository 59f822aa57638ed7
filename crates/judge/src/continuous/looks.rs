//! When to look, and what a look may spend.
//!
//! Looking at every reading would find a trend in anything sooner or later. Looks lie a fixed factor of requests apart,
//! from a 64th of the budget to all of it; the last one may spend half of the error, the others share the other half
//! (a union bound, which any estimator may be used with; Howard, Ramdas, McAuliffe and Sekhon 2021 on such schedules).

/// The first look is at the budget over this.
const FIRST: f64 = 64.0;
/// Looks to each doubling of the requests: a decision comes at most 9 % later than if every reading were looked at.
const PER_DOUBLING: u32 = 8;
/// So many doublings lead from the first look to the last.
const DOUBLINGS: u32 = 6;

/// The looks of one budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Looks {
    /// Requests of the last one.
    budget: f64,
    /// What all of them may spend together.
    alpha: f64,
}

impl Looks {
    pub(crate) const fn new(budget: f64, alpha: f64) -> Self {
        Self { budget, alpha }
    }

    /// The looks of a larger budget, after these were spent in vain. They spend half as much, so that all of them
    /// together, however often the budget is extended, spend at most twice what the first might.
    pub(crate) const fn followed_by(self, budget: f64) -> Self {
        Self { budget, alpha: self.alpha / 2.0 }
    }

    /// The first look that needs more requests; the last one where none does.
    pub(crate) fn next_after(&self, requests: f64) -> u32 {
        (1..Self::count()).find(|look| self.requests(*look) > requests).unwrap_or(Self::count())
    }

    /// How many there are.
    pub(crate) const fn count() -> u32 {
        DOUBLINGS * PER_DOUBLING + 1
    }

    /// Requests of look `number`, from 1.
    pub(crate) fn requests(&self, number: u32) -> f64 {
        self.budget / FIRST * 2f64.powf(f64::from(number.saturating_sub(1)) / f64::from(PER_DOUBLING))
    }

    /// What an early look may spend.
    pub(crate) fn early(&self) -> f64 {
        self.alpha / 2.0 / f64::from(Self::count() - 1)
    }

    /// What the last look may spend.
    pub(crate) const fn last(&self) -> f64 {
        self.alpha / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_look_is_at_the_budget_and_all_spend_alpha() {
        let looks = Looks::new(50_000.0, 0.01);
        assert!((looks.requests(Looks::count()) - 50_000.0).abs() < 1e-6);
        assert!((looks.requests(1) - 781.25).abs() < 1e-6);
        let spent = looks.early() * f64::from(Looks::count() - 1) + looks.last();
        assert!((spent - 0.01).abs() < 1e-12);
    }

    #[test]
    fn a_larger_budget_goes_on_where_the_last_one_ended() {
        let looks = Looks::new(50_000.0, 0.01).followed_by(100_000.0);
        let next = looks.next_after(50_000.0);
        assert!(looks.requests(next) > 50_000.0 && looks.requests(next - 1) <= 50_000.0);
        assert!((looks.last() - 0.0025).abs() < 1e-12);
        assert_eq!(looks.next_after(1e9), Looks::count());
    }
}
