//! Whose growth it is, when the doses of several vectors take turns.
//!
//! Every source is read at rest after each dose; what it grew since its last reading is credited to the vector whose
//! dose lay between. A reading that was missed leaves growth that nobody can be charged with.

use std::collections::BTreeMap;
use std::time::Duration;

use drip_model::VectorId;

/// The last reading of every source by its name, and what was asked since.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: BTreeMap<String, Entry>,
    at: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    value: u64,
    since: Since,
}

/// Whose doses came after a reading without another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Nobodys,
    Only(VectorId),
    Several,
}

/// The growth was of several vectors together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shared;

impl Ledger {
    /// What a series of `vector`, which stood at `last`, is at now that `source` reads `value`. A source that is read for
    /// the first time is what it reads.
    pub(crate) fn credit(
        &self,
        source: &str,
        vector: VectorId,
        last: Option<u64>,
        value: u64,
    ) -> Result<u64, Shared> {
        let (Some(entry), Some(last)) = (self.entries.get(source), last) else { return Ok(value) };
        match entry.since {
            Since::Nobodys => {}
            Since::Only(who) if who == vector => {}
            Since::Only(_) | Since::Several => return Err(Shared),
        }
        // Never below nothing: memory that another vector's doses brought may go while this one is asked.
        Ok(last.saturating_add_signed(value.cast_signed().saturating_sub(entry.value.cast_signed())))
    }

    /// Time since the last reading.
    pub(crate) const fn since(&self, now: Duration) -> Duration {
        now.saturating_sub(self.at)
    }

    /// A moment of reading is over: what was read begins anew, and all else waits with what was asked before it.
    pub(crate) fn close(&mut self, now: Duration, read: &[(&str, u64)], asked: Option<VectorId>) {
        self.at = now;
        for entry in self.entries.values_mut() {
            entry.since = entry.since.and(asked);
        }
        for (source, value) in read {
            self.entries.insert((*source).to_owned(), Entry { value: *value, since: Since::Nobodys });
        }
    }
}

impl Since {
    fn and(self, asked: Option<VectorId>) -> Self {
        match (self, asked) {
            (before, None) => before,
            (Self::Nobodys, Some(who)) => Self::Only(who),
            (Self::Only(before), Some(who)) if before == who => self,
            _ => Self::Several,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: VectorId = VectorId(0);
    const B: VectorId = VectorId(1);

    /// A ledger after these moments of reading: the value of `heap`, or nothing when it was missed, and who was asked.
    fn ledger(moments: &[(Option<u64>, VectorId)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (value, asked) in moments {
            let read: Vec<_> = value.iter().map(|value| ("heap", *value)).collect();
            ledger.close(Duration::ZERO, &read, Some(*asked));
        }
        ledger
    }

    #[test]
    fn growth_is_credited_to_the_vector_whose_dose_it_followed() {
        let before = ledger(&[(Some(100), A), (Some(180), B)]);
        assert_eq!(before.credit("heap", A, Some(100), 190), Ok(110));
        assert_eq!(before.credit("heap", B, Some(150), 120), Ok(90));
    }

    #[test]
    fn the_first_reading_is_what_it_says() {
        assert_eq!(Ledger::default().credit("heap", A, None, 70), Ok(70));
        assert_eq!(ledger(&[(Some(100), A)]).credit("heap", B, None, 130), Ok(130));
    }

    #[test]
    fn a_missed_reading_is_bridged_only_where_one_vector_was_asked() {
        let own = ledger(&[(Some(100), A), (None, A)]);
        assert_eq!(own.credit("heap", A, Some(100), 300), Ok(300));
        assert_eq!(own.credit("heap", B, Some(100), 300), Err(Shared));
        let shared = ledger(&[(Some(100), A), (None, A), (None, B)]);
        assert_eq!(shared.credit("heap", A, Some(100), 300), Err(Shared));
    }

    #[test]
    fn what_falls_never_goes_below_nothing() {
        assert_eq!(ledger(&[(Some(100), A)]).credit("heap", A, Some(10), 20), Ok(0));
    }
}
