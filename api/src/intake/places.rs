//! Who may hand something in at the same time as others.
//!
//! Invariant: no more uploads are under way than there are places, and no account has more than its share; a place
//! is given back however its upload ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tally::ids::AccountId;

use crate::error::{Code, Problem};
use crate::limits::{UPLOADS_MAX, UPLOADS_PER_ACCOUNT_MAX};

/// Uploads under way, by account.
#[derive(Default)]
pub(super) struct Places {
    taken: Mutex<BTreeMap<AccountId, usize>>,
}

/// The right to hand one thing in.
pub(super) struct Place {
    places: Arc<Places>,
    account: AccountId,
}

impl Places {
    /// A place, or 503 at once.
    pub(super) fn take(self: &Arc<Self>, account: AccountId) -> Result<Place, Problem> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&account).copied().unwrap_or(0);
        if all >= UPLOADS_MAX || own >= UPLOADS_PER_ACCOUNT_MAX {
            return Err(Problem::new(Code::Overloaded));
        }
        taken.insert(account, own.saturating_add(1));
        Ok(Place { places: Arc::clone(self), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let left = taken.get(&self.account).map_or(0, |own| own.saturating_sub(1));
        if left == 0 {
            taken.remove(&self.account);
        } else {
            taken.insert(self.account, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shared_out_and_come_back() {
        let places = Arc::new(Places::default());
        let mut held = Vec::new();
        for account in 0..u64::try_from(UPLOADS_MAX / UPLOADS_PER_ACCOUNT_MAX).unwrap() {
            for _ in 0..UPLOADS_PER_ACCOUNT_MAX {
                held.push(places.take(AccountId(account)).unwrap());
            }
            assert!(places.take(AccountId(account)).is_err(), "an account has its share");
        }
        assert!(places.take(AccountId(1_000)).is_err(), "all places are taken");
        held.pop();
        held.push(places.take(AccountId(1_000)).unwrap());
        held.clear();
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
