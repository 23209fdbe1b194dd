//! Which stations play, and in which order their forms arrive.
//!
//! Invariant: there is one order of all stations, and a sample is its beginning; so samples nest, and the first
//! half of a play looks like the whole of it. The order mixes the provinces by the rule of Sainte-Lague: the
//! j-th form of a province with n stations is due at (2j - 1) / 2n of the whole.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::count::{ProvinceCount, StationForm};
use super::official;
use super::register::{BrokenAsset, Register};

/// Fixed point of the merge: times are compared as fractions of 2^32.
const UNIT: u64 = 1 << 32;

/// The forms of all stations in the order of their arrival.
#[derive(Debug)]
pub(super) struct Play<'register> {
    provinces: Vec<Lane<'register>>,
    /// The provinces by when their next form is due.
    due: BinaryHeap<Reverse<(u64, usize)>>,
}

#[derive(Debug)]
struct Lane<'register> {
    count: ProvinceCount<'register>,
    played: u64,
}

impl Lane<'_> {
    /// When the next form is due, as a fraction of the whole play.
    fn due(&self) -> Option<u64> {
        let stations = self.count.stations();
        if self.played >= stations {
            return None;
        }
        let half_steps = self.played.saturating_mul(2).saturating_add(1);
        half_steps.saturating_mul(UNIT).checked_div(stations.saturating_mul(2))
    }
}

impl<'register> Play<'register> {
    /// The play of a register.
    pub(super) fn new(register: &'register Register, seed: u64) -> Result<Self, BrokenAsset> {
        let official = official::per_province(register)?;
        let mut provinces = Vec::new();
        let mut due = BinaryHeap::new();
        for (lane, (province, totals)) in register.provinces.iter().zip(official).enumerate() {
            let new = Lane { count: ProvinceCount::new(province, totals, seed), played: 0 };
            due.extend(new.due().map(|time| Reverse((time, lane))));
            provinces.push(new);
        }
        Ok(Self { provinces, due })
    }
}

impl Iterator for Play<'_> {
    type Item = StationForm;

    fn next(&mut self) -> Option<StationForm> {
        let Reverse((_, lane)) = self.due.pop()?;
        let province = self.provinces.get_mut(lane)?;
        let form = province.count.next()?;
        province.played = province.played.saturating_add(1);
        self.due.extend(province.due().map(|time| Reverse((time, lane))));
        Some(form)
    }
}
