//! How much of a bounded thing one client address has, in memory of a fixed size.
//!
//! Invariant: the table never grows. Two addresses that fall into one cell share it, which can only refuse more; a secret
//! keeps outsiders from choosing who does. What was counted is given back when its [`Share`] is dropped.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::limits::subscriber;

/// Cells of the table: 64 KiB.
const CELLS: usize = 1 << 14;

/// See the module. Clones are the same table.
#[derive(Clone)]
pub struct Crowd {
    secret: RandomState,
    cells: Arc<[AtomicU32]>,
}

impl Default for Crowd {
    fn default() -> Self {
        let cells = std::iter::repeat_with(AtomicU32::default).take(CELLS).collect();
        Self { secret: RandomState::new(), cells }
    }
}

impl Crowd {
    /// One more for this address; `None` when it has `most` already.
    #[must_use]
    pub fn enter(&self, address: IpAddr, most: u32) -> Option<Share> {
        let cell = self.cell(address);
        let more = |taken: u32| (taken < most).then(|| taken.saturating_add(1));
        let counter = self.cells.get(cell)?;
        counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Share { cells: Arc::clone(&self.cells), cell })
    }

    fn cell(&self, address: IpAddr) -> usize {
        let hash = self.secret.hash_one(subscriber(address));
        let cells = u64::try_from(self.cells.len()).unwrap_or(u64::MAX);
        usize::try_from(hash.checked_rem(cells).unwrap_or_default()).unwrap_or_default()
    }
}

/// One of what an address has.
pub struct Share {
    cells: Arc<[AtomicU32]>,
    cell: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(counter) = self.cells.get(self.cell) {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// How many of `places` one address may have while `open` are taken: a quarter, and little once half of all are. Where
/// there are few places there is nothing to share out.
pub(super) fn most_of(places: usize, open: usize) -> u32 {
    const FEW: usize = 64;
    let crowded = open.saturating_mul(2) >= places;
    let part = if crowded { places.div_euclid(32) } else { places.div_euclid(4) };
    u32::try_from(part.max(FEW)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_and_gives_them_back() {
        let crowd = Crowd::default();
        let first = crowd.enter(address("192.0.2.1"), 2);
        let second = crowd.enter(address("::ffff:192.0.2.1"), 2);
        assert!(first.is_some() && second.is_some());
        assert!(crowd.enter(address("192.0.2.1"), 2).is_none());
        drop(second);
        assert!(crowd.enter(address("192.0.2.1"), 2).is_some());
    }

    #[test]
    fn places_are_shared_out_once_they_are_scarce() {
        assert_eq!(most_of(4_096, 0), 1_024);
        assert_eq!(most_of(4_096, 2_048), 128);
        assert_eq!(most_of(4, 4), 64);
    }
}
