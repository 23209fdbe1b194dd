//! Bytes read as choices and figures.
//!
//! Invariant: any bytes are a script; where they end, so does the story.

use alloc::vec::Vec;

use crate::form::{Ballots, Form, People, Turnout};

/// What is left of the bytes.
pub(super) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// One of these.
    pub(super) fn choose<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let byte = usize::from(self.byte()?);
        all.get(byte.checked_rem(all.len())?).cloned()
    }

    /// A flag, seldom set.
    pub(super) fn seldom(&mut self) -> Option<bool> {
        Some(self.byte()? >= 0xe0)
    }

    /// A figure as it may stand in a box, up to 65535; 0 behind the end.
    fn figure(&mut self) -> u32 {
        let (high, low) = (self.byte().unwrap_or(0), self.byte().unwrap_or(0));
        u32::from(u16::from_be_bytes([high, low]))
    }

    /// Any number at all.
    fn number(&mut self) -> u32 {
        let (high, low) = (self.figure(), self.figure());
        high.wrapping_shl(16) | low
    }

    fn people(&mut self) -> People {
        People { male: self.number(), female: self.number(), total: self.number() }
    }

    /// A form of which nothing is known.
    pub(super) fn wild_form(&mut self) -> Form {
        let known = self.byte().unwrap_or(0);
        let has = |bit: u8| known & (1 << bit) == 0;
        let options = usize::from(self.byte().unwrap_or(3)) % 6;
        let votes: Vec<u32> = (0..options).map(|_| self.number()).collect();
        Form {
            registered: has(0).then(|| self.people()),
            turnout: has(1).then(|| {
                let (dpt, dptb, dpk, total) = (self.people(), self.people(), self.people(), self.people());
                Turnout { dpt, dptb, dpk, total }
            }),
            ballots: has(2).then(|| Ballots {
                received: self.number(),
                used: self.number(),
                returned: self.number(),
                unused: self.number(),
            }),
            disabled: has(3).then(|| self.people()),
            votes,
            valid: has(4).then(|| self.number()),
            invalid: has(5).then(|| self.number()),
            total: has(6).then(|| self.number()),
        }
    }

    /// A form of three options whose sums hold, or nearly: what a station hands in.
    pub(super) fn plausible_form(&mut self) -> Option<Form> {
        let votes = [self.byte()?, self.byte()?, self.byte()?].map(u32::from);
        let (invalid, off) = (u32::from(self.byte()? % 9), self.byte()?);
        // Most forms are right; the others are wrong by little.
        let off = if off < 0xc0 { 0 } else { u32::from(off & 0x1f) };
        let absent = u32::from(self.byte()? % 30);
        let valid = votes.iter().fold(off, |sum, vote| sum.saturating_add(*vote));
        let total = valid.saturating_add(invalid);
        let all = total.saturating_add(absent);
        let people = |total: u32| People { male: total / 2, female: total.div_ceil(2), total };
        let (dpt, none) = (people(total), People::default());
        Some(Form {
            registered: Some(people(all)),
            turnout: Some(Turnout { dpt, dptb: none, dpk: none, total: dpt }),
            ballots: Some(Ballots { received: all, used: total, returned: 0, unused: absent }),
            disabled: Some(none),
            votes: votes.into(),
            valid: Some(valid),
            invalid: Some(invalid),
            total: Some(total),
        })
    }
}
