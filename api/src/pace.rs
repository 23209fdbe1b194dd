//! How fast one station's account may write (R30).
//!
//! Invariant: the table never grows. Two accounts that fall into one cell share it, which can only refuse more; the bound
//! is far above what a station has forms for, so only a broken or stolen account meets it.

use std::sync::{Mutex, PoisonError};

use tally::account::{Account, Scope};
use tally::ids::{AccountId, LogTime};

/// Reports and corrections of one account within the window.
pub(crate) const WRITES_MAX: u32 = 600;
/// Corrections of one account within the window.
pub(crate) const CORRECTIONS_MAX: u32 = 300;
/// Over which time writes are counted, in milliseconds.
pub(crate) const WINDOW_MS: u64 = 10 * 60 * 1_000;
/// Cells of the table.
const CELLS: usize = 1 << 14;

/// A window of time and the writes counted in it.
#[derive(Clone, Copy, Default)]
struct Window {
    began: LogTime,
    writes: u32,
    corrections: u32,
}

/// Counts writes by account in memory of a fixed size. Each node counts what it is asked.
pub(crate) struct PaceTable(Mutex<Vec<Window>>);

impl Default for PaceTable {
    fn default() -> Self {
        Self(Mutex::new(vec![Window::default(); CELLS]))
    }
}

impl PaceTable {
    /// Counts a write; answers the seconds to wait when it is one too many. Accounts of whole regions are not bounded:
    /// a committee enters many stations' forms.
    pub(crate) fn wait_s(&self, account: &Account, correction: bool, now: LogTime) -> Option<u32> {
        if !matches!(account.scope, Scope::Station(_)) {
            return None;
        }
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = cells.get_mut(cell(account.id))?;
        if now.0 >= window.began.0.saturating_add(WINDOW_MS) {
            *window = Window { began: now, ..Window::default() };
        }
        window.writes = window.writes.saturating_add(1);
        window.corrections = window.corrections.saturating_add(u32::from(correction));
        if window.writes <= WRITES_MAX && window.corrections <= CORRECTIONS_MAX {
            return None;
        }
        let ends_ms = window.began.0.saturating_add(WINDOW_MS);
        u32::try_from(ends_ms.saturating_sub(now.0).div_ceil(1_000).max(1)).ok()
    }
}

fn cell(account: AccountId) -> usize {
    usize::try_from(account.0).unwrap_or_default().checked_rem(CELLS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tally::account::Role;
    use tally::region::{RegionCode, StationCode};

    use super::*;

    fn account(scope: Scope) -> Account {
        Account {
            id: AccountId(7),
            username: "kpps".to_owned(),
            role: Role::Officer,
            scope,
            password_hash: None,
            code: None,
            second_factor: None,
            active: true,
            sessions_after: LogTime(0),
        }
    }

    #[test]
    fn a_station_has_a_bound_that_ends_with_its_window() {
        let table = PaceTable::default();
        let officer = account(Scope::Station(StationCode::parse("3175091001087").unwrap()));
        for _ in 0..CORRECTIONS_MAX {
            assert_eq!(table.wait_s(&officer, true, LogTime(1_000_000)), None);
        }
        assert_eq!(table.wait_s(&officer, true, LogTime(1_000_000)), Some(600));
        assert_eq!(table.wait_s(&officer, false, LogTime(1_000_000 + WINDOW_MS)), None);
        let committee = account(Scope::Region(RegionCode::NATION));
        assert!((0..10_000).all(|_| table.wait_s(&committee, true, LogTime(1_000_000)).is_none()));
    }
}
